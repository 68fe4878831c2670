// From an official archive to the module golang.org/toolchain, as cmd/distpack makes both from one tree: four folders are
// left out and every go.mod is called _go.mod. The `h1:` of what results is the one that the checksum database has.

import { toolchainHashName, zipPrefix, type ModuleVersion } from "@goferry/core";
import { writeModuleZip, type NewEntry } from "../go/write-module-zip.ts";
import { LARGE_ENTRY_BYTES, openArchiveZip, type ModuleZip, type ZipEntry } from "../go/zip.ts";
import { ARCHIVE_PREFIX, type ArchiveFile } from "./archive-file.ts";
import { readTarGz } from "./tar-gz.ts";

/** Folders of the archive that no build needs, and the module does not have (cmd/distpack, modArch.Remove). */
const LEFT_OUT = /^(?:api|doc|misc|test)\//u;

export interface ToModuleOptions {
  /** Path of the archive. */
  archive: string;
  /** Its name at go.dev/dl, which says what it is. */
  filename: string;
  module: ModuleVersion;
  /** Path of the zip of the module; must not exist. */
  zip: string;
  signal?: AbortSignal | undefined;
}

/**
 * Writes the zip of the toolchain's module and returns its `h1:`.
 * @throws ARCHIVE_INVALID, MODULE_ZIP_INVALID (a zip that is none, or with a link in it), ENTRY_REFUSED, DISK_FULL,
 * IO_FAILED; the reason of the signal
 */
export async function archiveToModule(options: ToModuleOptions): Promise<string> {
  const { archive, filename, module, zip, signal } = options;
  const files = filename.endsWith(".zip") ? readZip(archive) : readTarGz(archive, filename);
  return await writeModuleZip(zip, moduleEntries(files, { prefix: zipPrefix(module), signal }));
}

async function* moduleEntries(
  files: AsyncIterable<ArchiveFile>,
  { prefix, signal }: { prefix: string; signal: AbortSignal | undefined },
): AsyncGenerator<NewEntry, void, undefined> {
  for await (const { path, size, content } of files) {
    signal?.throwIfAborted();
    if (LEFT_OUT.test(path)) continue;
    yield { name: prefix + toolchainHashName(path), size, content };
  }
}

async function* readZip(file: string): AsyncGenerator<ArchiveFile, void, undefined> {
  const zip = await openArchiveZip(file, ARCHIVE_PREFIX);
  try {
    for (const entry of zip.entries) {
      const { path, size } = entry;
      yield { path, size, content: () => contentOf(zip, entry) };
    }
  } finally {
    await zip.close();
  }
}

async function* contentOf(zip: ModuleZip, entry: ZipEntry): AsyncGenerator<Uint8Array, void, undefined> {
  if (entry.size > LARGE_ENTRY_BYTES) yield* zip.chunks(entry);
  else yield await zip.read(entry);
}
