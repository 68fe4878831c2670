// Puts another content in place of one file of a large zip, as somebody would who changes a toolchain on its way: sizes,
// offsets and CRC-32 are right afterwards, and nothing else is touched. APPNOTE 4.3; no zip64.

import { crc32, deflateRawSync } from "node:zlib";

const END = 0x06054b50;
const ENTRY = 0x02014b50;

export function changeZip(zip: Buffer, name: string, content: string): Buffer {
  const end = zip.lastIndexOf(Buffer.of(0x50, 0x4b, 5, 6));
  if (end < 0 || zip.readUInt32LE(end) !== END) throw new Error("no end of a central directory");
  const start = zip.readUInt32LE(end + 16);
  const directory = Buffer.from(zip.subarray(start, end));
  const at = findEntry(directory, name);
  const bytes = Buffer.from(content);
  const packed = deflateRawSync(bytes);
  directory.writeUInt16LE(8, at + 10);
  directory.writeUInt32LE(crc32(bytes), at + 16);
  directory.writeUInt32LE(packed.length, at + 20);
  directory.writeUInt32LE(bytes.length, at + 24);
  // The new content stands where the directory began, and the old one is left to lie there.
  directory.writeUInt32LE(start, at + 42);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  // Version to name length are in both headers, in the same order, behind the version that made the entry.
  directory.copy(header, 4, at + 6, at + 30);
  header.writeUInt16LE(0, 28);
  const local = Buffer.concat([header, Buffer.from(name), packed]);
  const trailer = Buffer.from(zip.subarray(end));
  trailer.writeUInt32LE(start + local.length, 16);
  return Buffer.concat([zip.subarray(0, start), local, directory, trailer]);
}

function findEntry(directory: Buffer, name: string): number {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY;) {
    const length = directory.readUInt16LE(at + 28);
    if (directory.toString("utf8", at + 46, at + 46 + length) === name) return at;
    at += 46 + length + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  throw new Error(`no ${name} in the zip`);
}
