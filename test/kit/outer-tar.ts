// The outer tar of a real bundle as a list of entries, for tests that damage one at a chosen place: read by the plain
// rules of POSIX ustar, which goferry's own reader does not use, and each entry with the part that it plays.

import { readFile } from "node:fs/promises";

export interface OuterEntry {
  path: string;
  /** Such as "signature", "contents" or "layer 2". */
  role: string;
  /** Offset of the header, 512 bytes. */
  header: number;
  /** Offset and length of the content. */
  content: number;
  size: number;
  /** Length of the padding behind the content, 0 to 511. */
  padding: number;
}

export interface OuterTar {
  bytes: Buffer;
  entries: OuterEntry[];
  /** Offset of the two blocks at the end. */
  trailer: number;
}

const BLOCK = 512;

export async function readOuterTar(file: string): Promise<OuterTar> {
  const bytes = await readFile(file);
  const entries: OuterEntry[] = [];
  let at = 0;
  while (bytes[at] !== 0) {
    const path = bytes.toString("latin1", at, bytes.indexOf(0, at));
    const size = Number.parseInt(bytes.toString("latin1", at + 124, at + 135), 8);
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    entries.push({ path, role: path, header: at, content: at + BLOCK, size, padding });
    at += BLOCK + size + padding;
  }
  const outer = { bytes, entries, trailer: at };
  nameRoles(outer);
  return outer;
}

/** The bytes of an entry with its header and padding. */
export function wholeEntry({ bytes }: OuterTar, { header, size, padding }: OuterEntry): Buffer {
  return bytes.subarray(header, header + BLOCK + size + padding);
}

export function contentOf({ bytes }: OuterTar, { content, size }: OuterEntry): Buffer {
  return bytes.subarray(content, content + size);
}

/** The entry that plays a part. */
export function entryOf({ entries }: OuterTar, role: string): OuterEntry {
  const found = entries.find((entry) => entry.role === role);
  if (found === undefined) throw new Error(`the bundle has no ${role}`);
  return found;
}

interface Manifest {
  manifests?: { digest: string }[];
  layers?: { digest: string }[];
  config?: { digest: string };
}

function nameRoles(outer: OuterTar): void {
  const name = (digest: string | undefined, role: string): OuterEntry | undefined => {
    const entry = outer.entries.find(({ path }) => path === `blobs/sha256/${digest?.replace("sha256:", "")}`);
    if (entry !== undefined) entry.role = role;
    return entry;
  };
  const read = (entry: OuterEntry | undefined): Manifest =>
    entry === undefined ? {} : (JSON.parse(contentOf(outer, entry).toString()) as Manifest);

  const [index, ...signatures] =
    read(outer.entries.find(({ path }) => path === "index.json")).manifests ?? [];
  for (const { digest } of signatures) {
    name(read(name(digest, "signature manifest")).layers?.[0]?.digest, "signature");
  }
  const [contents, ...images] = read(name(index?.digest, "bundle index")).manifests ?? [];
  const { layers, config } = read(name(contents?.digest, "contents manifest"));
  name(config?.digest, "empty config");
  const list = read(name(layers?.[0]?.digest, "contents")).layers ?? [];
  for (const [i, { digest }] of images.entries()) {
    name(read(name(digest, `image manifest ${i}`)).config?.digest, `image config ${i}`);
  }
  for (const [i, { digest }] of list.entries()) name(digest, `layer ${i}`);
}
