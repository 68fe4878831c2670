// Zips made by hand for tests, also such as no zip program makes.
import { crc32, deflateRawSync } from "node:zlib";

export interface TestEntry {
  name: string | Uint8Array;
  content: string | Uint8Array;
  stored?: boolean;
  /** In place of the right ones. */
  crc?: number;
  size?: number;
  compressed?: Uint8Array;
  /** External attributes of a zip made on Unix: the mode. */
  mode?: number;
  method?: number;
  flags?: number;
  /** Bytes of extra field in the local header only. */
  localExtra?: number;
}

/** A zip of these entries in this order. */
export function makeZip(entries: readonly TestEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const content = Buffer.from(entry.content);
    const packed = Buffer.from(
      entry.compressed ?? (entry.stored === true ? content : deflateRawSync(content)),
    );
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(entry.flags ?? 0x800, 2);
    common.writeUInt16LE(entry.method ?? (entry.stored === true ? 0 : 8), 4);
    common.writeUInt32LE(entry.crc ?? crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(entry.size ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.from(common);
    local.writeUInt16LE(entry.localExtra ?? 0, 24);
    parts.push(signature(0x04034b50), local, name, Buffer.alloc(entry.localExtra ?? 0), packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(signature(0x02014b50), Buffer.from([20, 3]), common, rest, name);
    offset += 30 + name.length + (entry.localExtra ?? 0) + packed.length;
  }
  const size = Buffer.concat(directory).length;
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, signature(0x06054b50), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
