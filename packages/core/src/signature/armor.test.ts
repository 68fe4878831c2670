import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPlainArmor, readArmor } from "./armor.ts";

const block = "-----BEGIN PGP SIGNATURE-----\n\nAQIDBA==\n=abcd\n-----END PGP SIGNATURE-----\n";
const read = (text: string) => readArmor(Buffer.from(text));

describe("readArmor", () => {
  it.each([
    ["as gpg writes it", block],
    ["with a header", block.replace("\n\n", "\nVersion: GnuPG v2\n\n")],
    ["with carriage returns", block.replaceAll("\n", "\r\n")],
    ["without a checksum", block.replace("=abcd\n", "")],
    ["over several lines", block.replace("AQID", "AQ\nID")],
    ["with white space around it", `\n\n${block}\n \n`],
  ])("reads a block %s", (_name, text) => {
    expect(read(text)).toEqual({ label: "PGP SIGNATURE", bytes: Uint8Array.of(1, 2, 3, 4) });
  });

  it.each([
    ["text before it", `Hello\n${block}`],
    ["text after it", `${block}Hello\n`],
    ["a second block after it", block + block],
    ["another end", block.replace("END PGP SIGNATURE", "END PGP MESSAGE")],
    ["no end", block.slice(0, -30)],
    ["no empty line", block.replace("\n\n", "\n")],
    ["no content", block.replace("AQIDBA==\n=abcd\n", "")],
    ["content that is not base64", block.replace("AQID", "AQ*D")],
    ["content that is cut", block.replace("AQIDBA==", "AQIDBA=")],
    ["a signed text", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nHello\n" + block],
  ])("refuses %s", (_name, text) => {
    expect(read(text)).toHaveProperty("problem");
  });

  it("hands back the bytes that were armored", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        const body = Buffer.from(bytes)
          .toString("base64")
          .replaceAll(/(.{64})/g, "$1\n");
        const armor = read(block.replace("AQIDBA==", () => body));
        expect(armor).toEqual({ label: "PGP SIGNATURE", bytes });
      }),
    );
  });
});

describe("isPlainArmor", () => {
  // The checksum is the one that gpg --enarmor writes for these bytes.
  const plain = block.replace("abcd", "eHjN");
  const without = block.replace("=abcd\n", "");
  const isPlain = (text: string): boolean => isPlainArmor(Buffer.from(text, "latin1"));

  it("takes the spelling of gpg, with a checksum and without", () => {
    expect(isPlain(plain)).toBe(true);
    expect(isPlain(without)).toBe(true);
    expect(isPlain(plain.replace("AQIDBA==", `${"A".repeat(64)}\nAQIDBA==`).replace("=eHjN\n", ""))).toBe(
      true,
    );
  });

  it.each([
    ["a wrong checksum", block],
    ["a header", plain.replace("\n\n", "\nComment: x\n\n")],
    ["carriage returns", plain.replaceAll("\n", "\r\n")],
    ["lines of another length", plain.replace("AQID", "AQ\nID")],
    ["white space behind it", `${plain}\n`],
    ["no newline at the end", plain.trimEnd()],
    ["bits that base64 does not use", without.replace("BA==", "BB==")],
  ])("does not take %s", (_, text) => expect(isPlain(text)).toBe(false));

  it("leaves what is no armor to others", () => {
    expect(isPlain("evil")).toBe(true);
  });
});
