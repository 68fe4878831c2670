// What is accepted means the same wherever it is unpacked, and has one spelling: properties of the rules, whatever the
// names and the bytes.

import fc from "fast-check";
import { expect, it } from "vitest";
import { testTar, type LayerFile } from "../../../../test/kit/changed-bundle.ts";
import { GoferryError } from "../errors.ts";
import { compareNames, EntryNames } from "./names.ts";
import { TarReader } from "./tar-reader.ts";
import { decodeHeader, encodeHeader, headerLength, type TarEntry } from "./ustar.ts";

const part = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }),
  fc.constantFrom(
    "a",
    "A",
    "é",
    "É",
    "ß",
    "SS",
    "ss",
    "ſ",
    "ς",
    "Σ",
    "ﬁ",
    "i",
    "ı",
    "İ",
    "K",
    "k",
    "ǆ",
    "ǅ",
    "x ",
    "x.",
    "con",
  ),
);
const names = fc.array(
  fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
  { minLength: 1, maxLength: 8 },
);

/** Those of the names that a tree takes together. */
function accepted(all: readonly string[]): string[] {
  const tree = new EntryNames();
  return all.filter((name) => {
    try {
      tree.add(name);
      return true;
    } catch (error) {
      if (error instanceof GoferryError && error.code === "ENTRY_REFUSED") return false;
      throw error;
    }
  });
}

const each = (name: string, change: (part: string) => string): string =>
  name.split("/").map(change).join("/");

/** What file systems make of a name before they look for it. */
const FILE_SYSTEMS: Record<string, (name: string) => string> = {
  "NFC, as the rules have it": (name) => name.normalize("NFC"),
  "NFD, as HFS+ keeps it": (name) => name.normalize("NFD"),
  "lower case, as NTFS and APFS compare": (name) => name.normalize("NFD").toLowerCase(),
  "upper case": (name) => name.normalize("NFC").toUpperCase(),
  "upper of lower case": (name) => name.toLowerCase().toUpperCase().normalize("NFC"),
  "without dots and spaces at the end, as Win32 does": (name) =>
    each(name, (text) => text.replace(/[. ]+$/u, "")),
};

it("names that were accepted together stay apart on every file system", () => {
  fc.assert(
    fc.property(names, (all) => {
      const tree = accepted(all);
      for (const [system, seen] of Object.entries(FILE_SYSTEMS)) {
        expect(new Set(tree.map(seen)).size, system).toBe(tree.length);
      }
    }),
    { numRuns: 1500 },
  );
});

it("a name that was accepted is the one that Windows and Unicode make of it, and is no device", () => {
  fc.assert(
    fc.property(names, (all) => {
      for (const name of accepted(all)) {
        expect(name.normalize("NFC")).toBe(name);
        expect(each(name, (text) => text.replace(/[. ]+$/u, ""))).toBe(name);
        expect(name).not.toMatch(/(?:^|\/)(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(?: *\.|\/|$)/iu);
      }
    }),
    { numRuns: 1500 },
  );
});

it("whatever stands in a header, it is refused or is what would be written for what was read", () => {
  const field = fc.record({ at: fc.nat(511), bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) });
  const path = fc.constantFrom(
    "a",
    "mod/example.com/a@v1.0.0/a.go",
    `${"d".repeat(90)}/${"e".repeat(80)}`,
    "größe/文",
  );
  fc.assert(
    fc.property(
      path,
      fc.nat(10_000),
      fc.array(field, { maxLength: 3 }),
      fc.boolean(),
      (name, size, changes, mend) => {
        const header = Buffer.from(encodeHeader({ path: name, size, mode: 0o644 }));
        for (const { at, bytes } of changes) header.set(bytes.subarray(0, header.length - at), at);
        if (mend) mendChecksums(header);
        const read = tryRead(header);
        if (read === undefined) return;
        expect(Buffer.from(encodeHeader(read)).equals(header.subarray(0, headerLength(header)))).toBe(true);
      },
    ),
    { numRuns: 3000 },
  );
});

it("whatever bytes come as an archive, they are refused or are what would be written for what was read", () => {
  const files = fc
    .uniqueArray(
      fc.record({
        path: fc.constantFrom("a", "b", "d/x", "d/y", `l/${"n".repeat(150)}`, "é"),
        mode: fc.constantFrom<0o644 | 0o755>(0o644, 0o755),
        content: fc.uint8Array({ maxLength: 700 }),
      }),
      { selector: ({ path }) => path, maxLength: 4 },
    )
    .map((all) => all.toSorted((a, b) => compareNames(a.path, b.path)));
  const change = fc.record({ at: fc.nat(6000), bytes: fc.uint8Array({ maxLength: 4 }), removed: fc.nat(4) });
  let read = 0;
  fc.assert(
    fc.property(files, fc.array(change, { maxLength: 2 }), (all, changes) => {
      let bytes = Buffer.from(testTar(all));
      for (const { at, bytes: more, removed } of changes) {
        const from = at % bytes.length;
        bytes = Buffer.concat([bytes.subarray(0, from), more, bytes.subarray(from + removed)]);
      }
      const found = tryReadAll(bytes);
      if (found === undefined) return;
      read += 1;
      expect(Buffer.from(testTar(found)).equals(bytes)).toBe(true);
    }),
    { numRuns: 1500 },
  );
  expect(read).toBeGreaterThan(100);
});

function tryRead(header: Buffer): TarEntry | undefined {
  try {
    return decodeHeader(header);
  } catch (error) {
    if (error instanceof GoferryError && error.exitCode === 3) return undefined;
    throw error;
  }
}

function tryReadAll(bytes: Uint8Array): LayerFile[] | undefined {
  const files: LayerFile[] = [];
  const reader = new TarReader(
    {
      begin: ({ path, mode }) => void files.push({ path, mode, content: new Uint8Array() }),
      data: (more) => {
        const last = files.at(-1);
        if (last !== undefined) last.content = Buffer.concat([last.content, more]);
      },
      end: () => undefined,
    },
    { subject: "archive", maxEntries: 100, maxBytes: 1_000_000 },
  );
  try {
    reader.write(bytes);
    reader.finish();
    return files;
  } catch (error) {
    if (error instanceof GoferryError && error.exitCode === 3) return undefined;
    throw error;
  }
}

/** Of the header itself and of the one behind a pax record. */
function mendChecksums(header: Buffer): void {
  for (const block of [header.subarray(0, 512), header.subarray(header.length - 512)]) {
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  }
}
