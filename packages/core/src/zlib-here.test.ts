import { constants, createInflateRaw, deflateRawSync, type Zlib } from "node:zlib";
import { expect, it } from "vitest";
import { zlibHere } from "./zlib-here.ts";

const TEXT = Buffer.from("a text that becomes shorter, a text that becomes shorter");
const PACKED = deflateRawSync(TEXT);

it("is as new after a reset, also after a failure", () => {
  const inflate = zlibHere(createInflateRaw());
  if (inflate === undefined)
    throw new Error("this node has nothing of the kind inside: lib/zlib.js has changed");
  const output = Buffer.alloc(100);
  const step = (input: Uint8Array): string => {
    inflate.step(constants.Z_FINISH, input, 0, output);
    return output.subarray(0, output.length - inflate.outputLeft()).toString();
  };
  try {
    expect(step(PACKED)).toBe(TEXT.toString());
    inflate.reset();
    expect(() => step(Buffer.from([0xff, 0xff, 0xff]))).toThrow(
      expect.objectContaining({ code: "Z_DATA_ERROR" }),
    );
    inflate.reset();
    expect(step(PACKED)).toBe(TEXT.toString());
    expect(inflate.inputLeft()).toBe(0);
  } finally {
    inflate.close();
  }
});

it("takes nothing that it does not know, and closes it", () => {
  let closed = 0;
  const other = { close: () => void closed++ } as Zlib & { close(): void };
  expect(zlibHere(other)).toBeUndefined();
  expect(closed).toBe(1);
});
