// One file that is goferry and a bundle: the program, the bundle behind it, and 40 bytes that say where it begins. Systems
// start a program whatever follows it. Where the bundle begins is nothing that has to be trusted: in another place there is
// no bundle, or one that nobody signed, and what is read of it is checked like any other.
//
// Who signs such a file for Windows afterwards (Authenticode) puts the signature behind the 40 bytes, so they are looked
// for near the end, and not only at it.

import { openFileSource, truncated, type FileSource } from "./source.ts";

const MAGIC = Buffer.from("goferry-self-contained-1", "latin1");
const TRAILER_BYTES = MAGIC.length + 16;

/** Bytes from the end in which the 40 are looked for: signatures of programs have 5,000 to 20,000. */
const SEARCHED = 1 << 16;

/** What stands behind the bundle. Both numbers in bytes. */
export function selfContainedTrailer(offset: number, size: number): Uint8Array {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(BigInt(offset), 0);
  numbers.writeBigUInt64LE(BigInt(size), 8);
  return Buffer.concat([MAGIC, numbers]);
}

/** The bundle in a file of whatever kind: behind a program, or all of it. @throws what openFileSource throws */
export async function openBundleFile(file: string): Promise<FileSource> {
  const source = await openFileSource(file);
  try {
    const inside = await findBundle(source);
    return inside === undefined ? source : within(source, inside);
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

/** Bytes of the program in front of a bundle; undefined for a file without one. @throws what openFileSource throws */
export async function programSize(file: string): Promise<number | undefined> {
  await using source = await openFileSource(file);
  return (await findBundle(source))?.offset;
}

interface Inside {
  offset: number;
  size: number;
}

async function findBundle(source: FileSource): Promise<Inside | undefined> {
  const length = Math.min(SEARCHED, source.size);
  const start = source.size - length;
  const bytes = Buffer.from(await source.read(start, length));
  for (let at = bytes.lastIndexOf(MAGIC); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(MAGIC, at - 1)) {
    if (at + TRAILER_BYTES > bytes.length) continue;
    const offset = Number(bytes.readBigUInt64LE(at + MAGIC.length));
    const size = Number(bytes.readBigUInt64LE(at + MAGIC.length + 8));
    if (offset > 0 && offset + size === start + at) return { offset, size };
  }
  return undefined;
}

function within(source: FileSource, { offset, size }: Inside): FileSource {
  return {
    name: source.name,
    size,
    file: (at) => source.file(offset + at),
    async read(at, length, memory) {
      if (at + length > size) throw truncated(source.name, at + length, size);
      return await source.read(offset + at, length, memory);
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
