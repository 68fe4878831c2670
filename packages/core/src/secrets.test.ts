import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { secretRemover } from "./secrets.ts";

describe("secretRemover", () => {
  const clean = secretRemover({
    CI_JOB_TOKEN: "tok-12345",
    GOFERRY_KEY_PASSPHRASE: "open sesame",
    HTTPS_PROXY: "http://me:p%40ss@proxy.example.com:3128",
    PATH: "/usr/bin:/bin",
    AN_ABSENT_TOKEN: undefined,
    SHORT_TOKEN: "abc",
  });

  it.each([
    [
      "fatal: https://u:secret@git.example.com/a.git not found",
      "fatal: https://***@git.example.com/a.git not found",
    ],
    ["Get https://token@h.example.com/x: 403", "Get https://***@h.example.com/x: 403"],
    ["used tok-12345 twice: tok-12345", "used *** twice: ***"],
    ["the passphrase open sesame", "the passphrase ***"],
    ["proxy said p%40ss or p@ss", "proxy said *** or ***"],
    ['Get "https://s.example.com/x.zip?sig=abc&e=1": EOF', 'Get "https://s.example.com/x.zip?***": EOF'],
    ["Authorization: Basic dTpw", "Authorization: ***"],
    ["abc stays, and so does /usr/bin", "abc stays, and so does /usr/bin"],
    [
      "verifying example.com/a@v1.0.0: checksum mismatch",
      "verifying example.com/a@v1.0.0: checksum mismatch",
    ],
  ])("%s", (text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  it("leaves no password of a URL in the environment, wherever it is printed", () => {
    const password = fc.stringMatching(/^[A-Za-z0-9!$&'()*+,;=._~-]{4,20}$/u);
    fc.assert(
      fc.property(password, fc.string(), fc.string(), (secret, before, after) => {
        const remove = secretRemover({ GOPROXY: `https://me:${secret}@proxy.example.com` });
        fc.pre(!`${before}${after}***@/`.includes(secret));
        const result = remove(`${before}\n${secret}\n${after}`);
        expect(result.split("\n")).not.toContain(secret);
      }),
    );
  });
});
