// The directory of a module zip, checked: every entry a regular file with a name that a bundle can hold, below the
// prefix of the module. yauzl reads the central directory, as Go does, so both see the same files. The limits are
// Go's own: a zip that Go accepts is accepted here, and one that would inflate without end is not.
import { EntryNames, GoferryError, compareNames, visibleName } from "@goferry/core";
import { fromRandomAccessReaderPromise } from "yauzl";
import type { Entry } from "yauzl";
import { MODULE_ZIP_MAX_BYTES } from "../net/limits.ts";
import { FileWindow, WindowReader } from "./file-window.ts";

/** Bytes of all contents of a module together: golang.org/x/mod/zip MaxZipFile. */
const CONTENT_MAX_BYTES = MODULE_ZIP_MAX_BYTES;

/** Where an entry is in the zip. */
export interface StoredEntry {
  /** The whole name. */
  readonly name: string;
  /** The name in the module. */
  readonly path: string;
  /** Bytes of the content. */
  readonly size: number;
  readonly crc32: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly compressedSize: number;
  /** Where the local header begins. */
  readonly offset: number;
  readonly nameBytes: number;
}

export interface OpenedFile {
  /** Onto the file. */
  window: FileWindow;
  prefix: string;
  /** Further rules for a file; `path` is the name below the prefix. */
  checkFile?: ((path: string, size: number) => void) | undefined;
}

/**
 * Reads and checks the directory; sorted by name in the order of UTF-8 bytes.
 * @throws MODULE_ZIP_INVALID, ENTRY_REFUSED; errors of node:fs as they are
 */
export async function readDirectory({ window, prefix, checkFile }: OpenedFile): Promise<StoredEntry[]> {
  const { size } = window;
  if (size > MODULE_ZIP_MAX_BYTES) {
    throw invalid(
      prefix,
      "the zip is larger than Go accepts",
      `at most ${MODULE_ZIP_MAX_BYTES} bytes`,
      `${size}`,
    );
  }
  const entries: StoredEntry[] = [];
  const names = new EntryNames();
  let content = 0;
  for await (const entry of rawEntries(window, prefix)) {
    const stored = checkEntry(entry, prefix);
    names.add(stored.path);
    checkFile?.(stored.path, stored.size);
    content += stored.size;
    if (content > CONTENT_MAX_BYTES) {
      throw invalid(
        prefix,
        "the contents of the zip are larger than Go accepts",
        `at most ${CONTENT_MAX_BYTES} bytes`,
      );
    }
    entries.push(stored);
  }
  return entries.sort((a, b) => compareNames(a.name, b.name));
}

async function* rawEntries(window: FileWindow, prefix: string): AsyncGenerator<Entry> {
  try {
    const reader = new WindowReader(window);
    const options = { autoClose: false, decodeStrings: false, validateEntrySizes: true } as const;
    const zip = await fromRandomAccessReaderPromise(reader, window.size, options);
    yield* zip.eachEntry();
  } catch (error) {
    if (error instanceof GoferryError || (error instanceof Error && "syscall" in error)) throw error;
    throw invalid(
      prefix,
      "the file is not a whole zip",
      "a zip",
      error instanceof Error ? error.message : undefined,
    );
  }
}

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const MADE_BY_UNIX = 3;

function checkEntry(entry: Entry, prefix: string): StoredEntry {
  const name = decodeName(entry.fileNameRaw, prefix);
  if (!name.startsWith(prefix)) {
    throw invalid(
      prefix,
      "the zip holds a name of another module",
      `names that begin with ${prefix}`,
      visibleName(name),
    );
  }
  if (name.endsWith("/")) {
    throw invalid(
      prefix,
      "the zip holds an entry for a folder, which Go never writes",
      "files only",
      visibleName(name),
    );
  }
  const type =
    entry.versionMadeBy >>> 8 === MADE_BY_UNIX ? (entry.externalFileAttributes >>> 16) & S_IFMT : 0;
  if (type !== 0 && type !== S_IFREG) {
    throw invalid(prefix, "the zip holds what is no regular file", "regular files only", visibleName(name));
  }
  const method = entry.compressionMethod;
  if (entry.isEncrypted() || (method !== 0 && method !== 8)) {
    throw invalid(
      prefix,
      "the zip holds a file that Go cannot read",
      "stored or deflated files",
      visibleName(name),
    );
  }
  return {
    name,
    path: name.slice(prefix.length),
    size: entry.uncompressedSize,
    crc32: entry.crc32,
    method,
    compressedSize: entry.compressedSize,
    offset: entry.relativeOffsetOfLocalHeader,
    nameBytes: entry.fileNameLength,
  };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeName(bytes: Uint8Array, prefix: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw invalid(
      prefix,
      "the zip holds a name that is not UTF-8",
      "names in UTF-8",
      visibleName(String(bytes)),
    );
  }
}

/** The refusal of a zip, or of the entry that `subject` names. */
export function invalid(subject: string, message: string, expected: string, found?: string): GoferryError {
  return new GoferryError("MODULE_ZIP_INVALID", {
    subject: subject.replace(/\/$/u, ""),
    message,
    expected,
    found,
    next: "Fetch the module again; if it stays so, the proxy or its cache holds a damaged file.",
  });
}
