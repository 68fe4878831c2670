// Which names an archive may hold: one rule set, used by the packer before it signs and by the reader
// before it writes, so that a tree means the same on every file system it may be unpacked to.
//
// The characters are those that Go allows in module zips (x/mod module.CheckFilePath), so every module and
// toolchain that Go itself can download passes, unless its tree could not be kept apart on Windows or on a
// file system that normalizes Unicode. Short-name look-alikes (PROGRA~1) pass, as they do in Go.
// Whole trees go through EntryNames, which does the work of checkEntryName once for each folder and not
// once for each file: it runs for tens of thousands of names in the loop that extracts a layer.

import { GoferryError } from "../errors.ts";
import { LATER_LETTERS } from "./later-letters.ts";

/** Bytes of UTF-8 in a name: what fits in the one block of a pax `path` record (see ustar.ts). */
export const MAX_NAME_BYTES = 502;

/** Bytes of UTF-8 in one part of a name, the limit of Linux file systems. Windows counts UTF-16 units. */
const MAX_PART_BYTES = 255;

/** The rules, each as what it expects; the text is in `expected` of the error. */
export const NAME_RULES = {
  length: `a name of at most ${MAX_NAME_BYTES} bytes, each part of at most ${MAX_PART_BYTES}`,
  parts: "a relative name: parts with one / between them, none of them empty, . or ..",
  characters: "letters, ASCII digits, spaces and !#$%&()+,-.=@[]^_{}~ only",
  unicode: "well-formed Unicode in normalization form C",
  ending: "no part that ends in a dot or a space, which Windows drops",
  device: "no part that is a device of Windows (CON, NUL, COM1, ...), with any extension",
  duplicate: "each name once",
  folder: "no name that is both a file and a folder",
  collision: "no two names that differ only in case or in their Unicode form",
  order: "names in ascending order of their UTF-8 bytes",
} as const;

export type NameRule = keyof typeof NAME_RULES;

/**
 * Checks one name by itself.
 * @throws ENTRY_REFUSED with the name as subject and the broken rule's text from NAME_RULES as expected
 */
export function checkEntryName(name: string): void {
  let from = 0;
  let seen = 0;
  for (let to = name.indexOf("/"); to !== -1; to = name.indexOf("/", from)) {
    seen |= scanPart(name, from, to);
    from = to + 1;
  }
  seen |= scanPart(name, from, name.length);
  checkLength(name, seen);
}

/** The names of one tree of files in any order; folders exist by being part of a file's name. */
export class EntryNames {
  readonly #root = new Folder("", -1, undefined, 0);
  #last = this.#root;

  /**
   * Takes the name of the next file.
   * @throws ENTRY_REFUSED as checkEntryName does, and for a name that was there before, is a folder of
   * another name, or differs from another only in case or Unicode form (`found` is the other one)
   */
  add(name: string): void {
    const folder = this.#folderOf(name);
    const start = folder.slash + 1;
    const seen = scanPart(name, start, name.length);
    checkLength(name, seen | folder.seen);
    const base = start === 0 ? name : name.slice(start);
    const key = foldPart(base, seen);
    const other = folder.children.get(key);
    if (other !== undefined) refuseClash(name, name, other, folder);
    folder.children.set(key, base);
  }

  #folderOf(name: string): Folder {
    const slash = name.lastIndexOf("/");
    let folder = this.#last;
    if (folder.slash === slash && name.startsWith(folder.path)) return folder;
    while (folder.parent !== undefined && !folder.holds(name)) folder = folder.parent;
    for (let from = folder.slash + 1; from <= slash; from = folder.slash + 1) {
      folder = enterFolder(folder, name, from);
    }
    this.#last = folder;
    return folder;
  }
}

/** The names of one tree of files that must come in ascending order, as those of a layer do. */
export class OrderedNames extends EntryNames {
  #previous = "";

  /** @throws ENTRY_REFUSED as EntryNames does, and for a name that is not after the previous one */
  override add(name: string): void {
    super.add(name);
    if (compareNames(this.#previous, name) >= 0)
      refuse(name, "order", `after ${visibleName(this.#previous)}`);
    this.#previous = name;
  }
}

/**
 * Compares by UTF-8 bytes, as Go compares strings: negative, 0 or positive. JavaScript's own `<` compares
 * UTF-16 units and puts U+10000 before U+FB00.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/**
 * A name as it can be shown: what does not print, what reorders text and spaces other than U+0020 become
 * \u{hex}, and no more than 200 UTF-16 units of it.
 */
export function visibleName(name: string): string {
  const shown = name.length > 200 ? `${name.slice(0, 200)}...` : name;
  return shown.replace(/(?! )[\p{C}\p{Z}\p{DI}]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

/** One folder of a tree. `children` has the folded name of each child, with a file's name or the folder. */
class Folder {
  readonly path: string;
  /** Where the slash after this folder stands in a name: the length of path, and -1 for the root. */
  readonly slash: number;
  readonly parent: Folder | undefined;
  readonly seen: number;
  readonly children = new Map<string, string | Folder>();

  constructor(path: string, slash: number, parent: Folder | undefined, seen: number) {
    this.path = path;
    this.slash = slash;
    this.parent = parent;
    this.seen = seen;
  }

  holds(name: string): boolean {
    return name.charCodeAt(this.slash) === SLASH && name.startsWith(this.path);
  }
}

function enterFolder(parent: Folder, name: string, from: number): Folder {
  const to = name.indexOf("/", from);
  const seen = scanPart(name, from, to);
  const path = name.slice(0, to);
  const key = foldPart(name.slice(from, to), seen);
  const other = parent.children.get(key);
  if (other instanceof Folder && other.path === path) return other;
  if (other !== undefined) refuseClash(name, path, other, parent);
  const folder = new Folder(path, to, parent, seen | parent.seen);
  parent.children.set(key, folder);
  return folder;
}

// What scanPart saw in a part that passes, as bits; REFUSED never leaves scanPart.
const UPPER = 1;
const NON_ASCII = 2;
const REFUSED = 4;

const SLASH = 0x2f;
const DOT = 0x2e;
const SPACE = 0x20;
const DOLLAR = 0x24;

const ASCII = new Uint8Array(128).fill(REFUSED);
for (const c of "abcdefghijklmnopqrstuvwxyz0123456789 !#$%&()+,-.=@[]^_{}~") ASCII[c.charCodeAt(0)] = 0;
for (const c of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ASCII[c.charCodeAt(0)] = UPPER;

/** Checks the part of a name between two offsets and returns the bits of what it holds. */
function scanPart(name: string, from: number, to: number): number {
  let seen = 0;
  let stem = to;
  for (let i = from; i < to; i++) {
    const c = name.charCodeAt(i);
    seen |= ASCII[c] ?? NON_ASCII;
    if (c === DOT && stem === to) stem = i;
  }
  if (
    seen > UPPER ||
    to - from > MAX_PART_BYTES ||
    hasBadEnd(name, from, to) ||
    mayBeDevice(name, from, stem)
  ) {
    judgePart(name, name.slice(from, to), seen);
  }
  return seen;
}

function hasBadEnd(name: string, from: number, to: number): boolean {
  if (to === from) return true;
  const last = name.charCodeAt(to - 1);
  return last === DOT || last === SPACE;
}

/** Lets few names through to judgePart: three letters ending in n, x or l, four characters ending in a digit, $. */
function mayBeDevice(name: string, from: number, stem: number): boolean {
  if (stem - from < 3) return false;
  const last = name.charCodeAt(stem - 1);
  if (last === SPACE || last === DOLLAR) return true;
  if (stem - from === 4) return last >= 0x31 && last <= 0x39;
  if (stem - from !== 3) return false;
  const lower = last | 0x20;
  return lower === 0x6e || lower === 0x78 || lower === 0x6c;
}

/** The slow half of scanPart, for the parts that may break a rule. */
function judgePart(name: string, part: string, seen: number): void {
  if (part === "" || part === "." || part === "..")
    refuse(name, "parts", part === "" ? "an empty part" : part);
  if (!part.isWellFormed()) refuse(name, "unicode", "half of a surrogate pair");
  if (seen !== 0) {
    const found = /[^ -~\p{L}]|["'*/:;<>?\\`|]/u.exec(part) ?? LATER_LETTERS.exec(part);
    const odd = found?.[0].codePointAt(0);
    if (odd !== undefined) refuse(name, "characters", `U+${odd.toString(16).toUpperCase().padStart(4, "0")}`);
    if (part.normalize("NFC") !== part) refuse(name, "unicode", "another normalization form");
  }
  const bytes = Buffer.byteLength(part);
  if (bytes > MAX_PART_BYTES) refuse(name, "length", `a part of ${bytes} bytes`);
  const device = /^(CON|PRN|AUX|NUL|COM[1-9]|LPT[1-9]|CONIN\$|CONOUT\$) *(\.|$)/i.exec(part);
  if (device !== null) refuse(name, "device", device[1]);
  if (/[. ]$/.test(part)) refuse(name, "ending", visibleName(part));
}

/** One UTF-16 unit is at most three bytes, so that most names need not be counted. */
function checkLength(name: string, seen: number): void {
  if (name.length * 3 <= MAX_NAME_BYTES) return;
  const bytes = (seen & NON_ASCII) === 0 ? name.length : Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) refuse(name, "length", `${bytes} bytes`);
}

/**
 * Parts that could be one on some file system have the same fold. Upper case alone keeps U+1E9E apart from
 * its lower case, so lower case comes first; what that leaves (final sigma, long s) upper case then merges.
 */
function foldPart(part: string, seen: number): string {
  if (seen === 0) return part;
  if (seen === UPPER) return part.toLowerCase();
  return part.toLowerCase().toUpperCase().toLowerCase().normalize("NFC");
}

function refuseClash(name: string, path: string, other: string | Folder, parent: Folder): never {
  const isFolder = other instanceof Folder;
  const otherPath = isFolder ? other.path : name.slice(0, parent.slash + 1) + other;
  const rule = otherPath !== path ? "collision" : isFolder || path !== name ? "folder" : "duplicate";
  refuse(name, rule, `${isFolder ? "folder" : "file"} ${visibleName(otherPath)}`);
}

function refuse(name: string, rule: NameRule, found: string | undefined): never {
  throw new GoferryError("ENTRY_REFUSED", {
    subject: visibleName(name),
    message: "An archive holds a name that could not be unpacked safely everywhere",
    expected: NAME_RULES[rule],
    found,
    next: "No option admits it: the name must change where the archive was made",
  });
}

/** Orders UTF-16 units as UTF-8 does: surrogates, which stand for U+10000 and above, after all others. */
function byteRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
