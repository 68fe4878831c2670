// A layer as it is planned: which files it has, and where their bytes will be read when its turn comes.

import { compareNames, unitName, zipPrefix, type Layer, type TarMode } from "@goferry/core";
import { openModuleZip, type ModuleZip, type ZipEntry } from "../go/zip.ts";
import type { FetchedUnit } from "../stages.ts";

/** A file of a layer before its bytes are read. */
export interface PlannedFile {
  /** In the layer. */
  path: string;
  mode: TarMode;
  /** Bytes. */
  size: number;
  /** The content itself, or where it is to be read. */
  content: Uint8Array | { zip: ZipReader; entry: ZipEntry };
  /** The unit whose h1 covers the file, and the name under which it does. */
  hashed?: { unit: FetchedUnit; name: string };
}

type ZipReader = Pick<ModuleZip, "read" | "chunks">;

export interface PlannedLayer {
  kind: Layer["kind"];
  go?: string;
  platform?: string;
  /** Units with files in it. */
  units: FetchedUnit[];
  /** Layers of the same text have the same files, byte by byte: it names all that they follow from, by hashes. */
  identity: string;
  /** Lists the files in path order. They are to be read in this order. */
  open(): Promise<OpenLayer>;
}

export interface OpenLayer extends AsyncDisposable {
  files: PlannedFile[];
}

type ZippedUnit = Exclude<FetchedUnit, { kind: "gomod" }>;

export function identityOf(...parts: unknown[]): string {
  return JSON.stringify(parts);
}

export function hashesOf(unit: FetchedUnit): string[] {
  return [unitName(unit), unit.modH1, ...(unit.kind === "gomod" ? [] : [unit.h1])];
}

export function inMemory(path: string, content: Uint8Array): PlannedFile {
  return { path, mode: 0o644, size: content.length, content };
}

/** With what `list` found, in path order, which is not the order of a zip: there go.mod may be _go.mod. */
export async function openLayer(list: (shelf: ZipShelf) => Promise<PlannedFile[]>): Promise<OpenLayer> {
  const shelf = new ZipShelf();
  try {
    const files = (await list(shelf)).sort((a, b) => compareNames(a.path, b.path));
    return { files, [Symbol.asyncDispose]: () => shelf.close() };
  } catch (error) {
    await shelf.close();
    throw error;
  }
}

/**
 * The zips of a layer, of which one is open at a time: in path order the files of a module stand together, and hundreds
 * of open zips would take as many descriptors, and a megabyte of memory each.
 */
export class ZipShelf {
  #open: { file: string; zip: ModuleZip } | undefined;

  async list(unit: ZippedUnit): Promise<{ zip: ZipReader; entries: readonly ZipEntry[] }> {
    const take = (): Promise<ModuleZip> => this.#take(unit);
    const { entries } = await take();
    const zip: ZipReader = {
      read: async (entry) => await (await take()).read(entry),
      async *chunks(entry) {
        yield* (await take()).chunks(entry);
      },
    };
    return { zip, entries };
  }

  async close(): Promise<void> {
    await this.#open?.zip.close();
    this.#open = undefined;
  }

  async #take(unit: ZippedUnit): Promise<ModuleZip> {
    if (this.#open?.file !== unit.zip) {
      await this.close();
      this.#open = { file: unit.zip, zip: await openModuleZip(unit.zip, zipPrefix(unit)) };
    }
    return this.#open.zip;
  }
}
