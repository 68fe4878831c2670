import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { redact } from "./redact.ts";

describe("redact", () => {
  it.each([
    ["https://user:secret@host.test:8443/a/b?sig=secret#secret", "https://host.test:8443/a/b"],
    ["https://secret@host.test/", "https://host.test/"],
    ["http://host.test/a@v1.0.0", "http://host.test/a@v1.0.0"],
    ["user:secret@host.test:80", "host.test:80"],
    ["https://user:se cret@ho st/x?secret", "ho st/x"],
    ["file:///srv/proxy", "file:///srv/proxy"],
  ])("%s", (url, expected) => {
    expect(redact(url)).toBe(expected);
  });

  it("keeps no password, whatever characters it has", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (word) => {
        const url = new URL("https://host.test/path");
        url.username = "user";
        url.password = `SECRET${word}`;
        url.search = `SECRET${word}`;
        expect(redact(url)).toBe("https://host.test/path");
        expect(redact(url.href)).not.toContain("SECRET");
      }),
    );
  });
});
