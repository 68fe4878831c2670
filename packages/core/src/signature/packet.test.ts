import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onlyPacket } from "./packet.ts";

const body = Uint8Array.of(4, 0, 1, 8);

describe("onlyPacket", () => {
  it.each([
    ["old format, one octet of length", [0x88, 4, ...body]],
    ["old format, two octets", [0x89, 0, 4, ...body]],
    ["old format, four octets", [0x8a, 0, 0, 0, 4, ...body]],
    ["new format, one octet", [0xc2, 4, ...body]],
    ["new format, five octets", [0xc2, 255, 0, 0, 0, 4, ...body]],
  ])("reads the %s", (_name, bytes) => {
    expect(onlyPacket(Uint8Array.from(bytes))).toEqual({ tag: 2, body });
  });

  it("reads two octets of length in the new format", () => {
    const long = new Uint8Array(563).fill(7);
    expect(onlyPacket(Uint8Array.from([0xc2, 0xc1, 0x73, ...long]))).toEqual({ tag: 2, body: long });
  });

  it.each([
    ["nothing", []],
    ["text", [0x2d, 0x2d, 0x2d]],
    ["a header without its length", [0xc2]],
    ["a body cut short", [0x88, 4, 4, 0, 1]],
    ["bytes after the packet", [0x88, 4, ...body, 0]],
    ["a marker packet after it", [0x88, 4, ...body, 0xca, 3, 0x50, 0x47, 0x50]],
    ["an indeterminate length", [0x8b, ...body]],
    ["a partial length", [0xc2, 0xe2, ...body]],
  ])("refuses %s", (_name, bytes) => {
    expect(onlyPacket(Uint8Array.from(bytes))).toBeUndefined();
  });

  it("never reads past the end, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const packet = onlyPacket(bytes);
        return packet === undefined || packet.body.length < bytes.length;
      }),
    );
  });
});
