import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactUrls } from "./redact.ts";

describe("redactUrls", () => {
  it.each([
    [
      "Get https://u:pl4nted@h.test/x and http://t0ken@h/: 403",
      "Get https://***@h.test/x and http://***@h/: 403",
    ],
    ["https://u:p@ss@h.test", "https://***@h.test"],
    [`"https://u:p?#'"<>@h.test"`, `"https://***@h.test"`],
    ["//u:p@h.test", "//***@h.test"],
    ["socks5h://u:p@h.test:1080", "socks5h://***@h.test:1080"],
    ["https://h.test/a@v1.0.0", "https://h.test/a@v1.0.0"],
    ["verifying example.com/a@v1.0.0: mismatch", "verifying example.com/a@v1.0.0: mismatch"],
    ["// a comment by somebody@example.com", "// a comment by somebody@example.com"],
  ])("%s", (text, expected) => {
    expect(redactUrls(text)).toBe(expected);
  });

  it("leaves no password, whatever stands around", () => {
    const password = fc.stringMatching(/^[^/\s]{4,12}$/u).map((text) => `<${text}>`);
    fc.assert(
      fc.property(password, fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!`${before} ${after}`.includes(secret));
        expect(redactUrls(`${before} https://me:${secret}@h.test/${after}`)).not.toContain(secret);
      }),
    );
  });
});
