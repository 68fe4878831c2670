import fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digestHex, digestOf, sha256Hex } from "./digest.ts";

describe("SHA-256", () => {
  // FIPS 180-2, appendix B.1.
  const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  it("is that of the standard, in both spellings", () => {
    expect(sha256Hex(Buffer.from("abc"))).toBe(ABC);
    expect(digestOf(Buffer.from("abc"))).toBe(`sha256:${ABC}`);
    expect(digestHex(`sha256:${ABC}`)).toBe(ABC);
  });

  it("is of the bytes of a view, not of what lies around it", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(20), fc.nat(20), (bytes, from, to) => {
        const view = bytes.subarray(from, to);
        expect(sha256Hex(view)).toBe(createHash("sha256").update(Buffer.from(view)).digest("hex"));
        expect(digestHex(digestOf(view))).toBe(sha256Hex(view));
      }),
    );
  });
});
