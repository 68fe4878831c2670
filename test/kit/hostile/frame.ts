// zstd frames as no packer makes them. A `frame` step has one of these keys:
//
//   checksum=yes   size=no   window=27   dictionary=yes       parameters that FORMAT.md section 5 forbids
//   parts=2                                                   as many frames, one behind the other
//   before=   after=   instead=                               bytes around the frame, or in place of it
//   cut=N                                                     bytes that are missing at its end
//   says=N                                                    the content size in the frame's header, 8 bytes
//   bomb=N                                                    behind the stream, a frame's worth of N zeros in a few bytes
//   file=NAME  of=N                                           with bomb: they are the content of this file

import { constants, zstdCompressSync, type ZstdOptions } from "node:zlib";
import { encodeHeader } from "../../../packages/core/src/index.ts";
import { need, textOf, type Step } from "./case.ts";

export interface MadeFrame {
  bytes: Buffer;
  /** What the contents say that it unpacks to. */
  tarSize: number;
  /** Entries that are in it beside those of the stream. */
  more?: number;
}

/** RFC 8878 section 3.1.1. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** Bytes of a block at the most. */
const BLOCK = 128 * 1024;

export function frameOf(step: Step, tar: Buffer): MadeFrame {
  const { values } = step;
  const has = (key: string): boolean => values.has(key);
  const tarSize = tar.length;
  if (has("bomb")) return bomb(step, tar);
  if (has("instead")) return { bytes: need(step, "instead"), tarSize };
  if (has("parts")) {
    const half = Math.floor(tarSize / 2);
    return {
      bytes: Buffer.concat([plainFrame(tar.subarray(0, half)), plainFrame(tar.subarray(half))]),
      tarSize,
    };
  }
  if (has("says")) {
    const body = blocks([tar], 0);
    return { bytes: Buffer.concat([header(Number(textOf(step, "says"))), ...body]), tarSize };
  }
  if (has("window")) return windowed(Number(textOf(step, "window")), tar);
  const frame = plainFrame(tar, {
    params: {
      ...(has("checksum") ? { [constants.ZSTD_c_checksumFlag]: 1 } : {}),
      ...(has("size") ? { [constants.ZSTD_c_contentSizeFlag]: 0 } : {}),
    },
    ...(has("dictionary") ? { dictionary: tar.subarray(0, 1000) } : {}),
  });
  const end = frame.length - Number(values.get("cut")?.toString() ?? 0);
  const around = [values.get("before"), frame.subarray(0, end), values.get("after")];
  return { bytes: Buffer.concat(around.filter((each) => each !== undefined)), tarSize };
}

/** A frame of the announced kind, made as quickly as can be. */
export function plainFrame(tar: Uint8Array, { params = {}, ...options }: ZstdOptions = {}): Buffer {
  return zstdCompressSync(tar, {
    pledgedSrcSize: tar.length,
    params: { [constants.ZSTD_c_compressionLevel]: 1, ...params },
    ...options,
  });
}

/** A frame that asks for a window of 2^log bytes and holds the stream in plain blocks. */
function windowed(log: number, tar: Buffer): MadeFrame {
  const head = header(tar.length);
  head.writeUInt8((log - 10) << 3, 5);
  return { bytes: Buffer.concat([head, ...blocks([tar], 0)]), tarSize: tar.length };
}

/** The stream without its trailer, then a file of `of` bytes if one is named, and `bomb` zeros. */
function bomb(step: Step, tar: Buffer): MadeFrame {
  const zeros = Number(textOf(step, "bomb"));
  const path = step.values.get("file")?.toString();
  const head =
    path === undefined
      ? []
      : [encodeHeader({ path, size: Number(textOf(step, "of")), mode: 0o644 as const })];
  const start = Buffer.concat([path === undefined ? tar : tar.subarray(0, -1024), ...head]);
  const tarSize = start.length + zeros;
  return { bytes: Buffer.concat([header(tarSize), ...blocks([start], zeros)]), tarSize, more: head.length };
}

/** Magic, a descriptor that says 8 bytes of content size, and a window of 2^25. */
function header(contentSize: number): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.set([...MAGIC, 0xc0, 15 << 3]);
  bytes.writeBigUInt64LE(BigInt(contentSize), 6);
  return bytes;
}

/** Blocks of these bytes as they are, then blocks that repeat a zero: four bytes for 128 KiB. */
function blocks(parts: readonly Uint8Array[], zeros: number): Uint8Array[] {
  const raw = parts.flatMap((part) =>
    Array.from({ length: Math.ceil(part.length / BLOCK) }, (_, i) =>
      part.subarray(i * BLOCK, (i + 1) * BLOCK),
    ),
  );
  const out: Uint8Array[] = [];
  for (const [i, part] of raw.entries())
    out.push(blockHeader(part.length, 0, zeros === 0 && i === raw.length - 1), part);
  for (let left = zeros; left > 0; left -= BLOCK) {
    out.push(blockHeader(Math.min(left, BLOCK), 1, left <= BLOCK), Uint8Array.of(0));
  }
  return out;
}

function blockHeader(size: number, type: number, isLast: boolean): Buffer {
  const header3 = Buffer.alloc(3);
  header3.writeUIntLE((size << 3) | (type << 1) | Number(isLast), 0, 3);
  return header3;
}
