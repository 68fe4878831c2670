import { describe, expect, it } from "vitest";

import { proxyFor } from "./proxy-env.ts";

const PROXY = "http://proxy.test:3128";

function proxied(url: string, noProxy: string): boolean {
  return proxyFor(new URL(url), { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY, NO_PROXY: noProxy }) !== undefined;
}

describe("proxyFor", () => {
  it("takes the variable of the scheme, capitals first", () => {
    const env = {
      HTTPS_PROXY: "http://s.test:1",
      https_proxy: "http://lower.test:1",
      http_proxy: "p.test:2",
    };
    expect(proxyFor(new URL("https://a.test/"), env)?.host).toBe("s.test:1");
    expect(proxyFor(new URL("http://a.test/"), env)?.href).toBe("http://p.test:2/");
    expect(proxyFor(new URL("http://a.test/"), { HTTPS_PROXY: PROXY })).toBeUndefined();
    expect(proxyFor(new URL("http://a.test/"), { ALL_PROXY: PROXY })).toBeUndefined();
    expect(proxyFor(new URL("http://a.test/"), { HTTP_PROXY: "", http_proxy: PROXY })?.href).toBe(
      `${PROXY}/`,
    );
  });

  it.each([
    ["a.test", "https://a.test/", false],
    ["a.test", "https://sub.a.test/", false],
    ["a.test", "https://ba.test/", true],
    [".a.test", "https://a.test/", true],
    [".a.test", "https://sub.a.test/", false],
    ["*.a.test", "https://sub.a.test/", false],
    ["A.Test , b.test", "https://a.test/", false],
    ["a.test:8443", "https://a.test:8443/", false],
    ["a.test:8443", "https://a.test/", true],
    ["a.test:443", "https://a.test/", false],
    ["a.test:80", "http://a.test/", false],
    ["*", "https://a.test/", false],
    ["10.0.0.0/8", "https://10.1.2.3/", false],
    ["10.0.0.0/8", "https://11.1.2.3/", true],
    ["10.0.0.0/8", "https://a.test/", true],
    ["10.1.2.3", "https://10.1.2.3:8443/", false],
    ["10.1.2.3:8443", "https://10.1.2.3/", true],
    ["fd00::/8", "https://[fd00::1]/", false],
    ["fd00::1", "https://[fd00:0::1]/", false],
    ["[fd00::1]:8443", "https://[fd00::1]:8443/", false],
    ["10.0.0.0/99", "https://10.1.2.3/", true],
    // These and the others were compared with httpproxy itself, in 40,000 generated cases.
    ["*a.test", "https://a.test/", true],
    ["3", "https://10.1.2.3/", true],
    ["::/0", "https://10.1.2.3/", true],
    ["::ffff:10.0.0.0/104", "https://10.1.2.3/", false],
    ["10.0.0.0/8", "https://[::ffff:10.1.2.3]/", false],
    ["[fd00::1]", "https://[fd00::1]/", true],
    ["fd00::1%eth0", "https://[fd00::1]/", true],
    [":443", "https://a.test/", true],
    ["a.test:", "https://a.test/", false],
    ["a.test:443:443", "https://a.test/", true],
    [".", "https://a.test./", false],
    ["https://a.test", "https://a.test/", true],
    ["münchen.test", "https://www.xn--mnchen-3ya.test/", false],
    [",,", "https://a.test/", true],
    ["", "https://localhost/", false],
    ["", "http://127.0.0.9:80/", false],
    ["", "http://[::1]:80/", false],
  ])("NO_PROXY=%s: %s goes through a proxy: %s", (noProxy, url, expected) => {
    expect(proxied(url, noProxy)).toBe(expected);
  });

  it.each(["socks5://user:secret@proxy.test:1080", "http://user:secret@", "ftp://secret@proxy.test"])(
    "refuses %s without repeating it",
    (value) => {
      let error: unknown;
      try {
        proxyFor(new URL("https://a.test/"), { HTTPS_PROXY: value });
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: "ARGUMENT_INVALID", subject: "HTTPS_PROXY" });
      expect(JSON.stringify(error)).not.toContain("secret");
    },
  );
});
