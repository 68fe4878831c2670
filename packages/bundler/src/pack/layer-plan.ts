// Which file goes into which layer. A Go version has one layer of the files that all platforms share and one for each
// platform (bin/ and pkg/tool/, ten files); modules are spread over layers of about equal size, so that they unpack in
// parallel. The plan depends on the units alone, so the same units give the same layers.

import { readFile } from "node:fs/promises";
import {
  compareNames,
  digestOf,
  fileMode,
  infoFile,
  modulePlace,
  sdkPlace,
  toolchainTreeName,
  unitName,
  zipHashFile,
  zipPrefix,
  type Layer,
  type TarMode,
} from "@goferry/core";
import { openModuleZip, unpackedBytes, type ModuleZip, type ZipEntry } from "../go/zip.ts";
import type { FetchedUnit } from "../stages.ts";
import type { TileFile } from "../sumdb/tiles.ts";

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

type ToolchainUnit = Extract<FetchedUnit, { kind: "toolchain" }>;
type ZippedUnit = Exclude<FetchedUnit, { kind: "gomod" }>;

/**
 * Bytes of modules, unpacked, for which one more layer is begun. Measured on Prometheus: smaller layers cost size,
 * larger ones leave cores idle while the last one unpacks.
 */
const MODULES_PER_LAYER = 192 << 20;
const MAX_MODULE_LAYERS = 16;

export async function planLayers(
  units: readonly FetchedUnit[],
  tiles: readonly TileFile[] = [],
): Promise<PlannedLayer[]> {
  const toolchains = units.filter((unit) => unit.kind === "toolchain");
  const versions = [...new Set(toolchains.map(({ go }) => go))].sort(compareNames);
  const sdk = versions.flatMap((go) =>
    sdkLayers(
      go,
      toolchains.filter((unit) => unit.go === go),
    ),
  );
  const modules = units.filter((unit) => unit.kind !== "toolchain");
  return [...sdk, ...(await moduleLayers(modules)), ...logLayer(tiles)];
}

function logLayer(tiles: readonly TileFile[]): PlannedLayer[] {
  if (tiles.length === 0) return [];
  const files = tiles.map(({ path, bytes }) => inMemory(path, bytes));
  const identity = identityOf(
    "log",
    tiles.map(({ path, bytes }) => [path, digestOf(bytes)]),
  );
  return [
    { kind: "log", units: [], identity, open: () => openLayer(async () => await Promise.resolve(files)) },
  ];
}

function identityOf(...parts: unknown[]): string {
  return JSON.stringify(parts);
}

function hashesOf(unit: FetchedUnit): string[] {
  return [unitName(unit), unit.modH1, ...(unit.kind === "gomod" ? [] : [unit.h1])];
}

function sdkLayers(go: string, units: ToolchainUnit[]): PlannedLayer[] {
  const platforms = units.toSorted((a, b) => compareNames(a.platform, b.platform));
  const common: PlannedLayer = {
    kind: "sdk",
    go,
    units: platforms,
    // Its files are those of the first of them.
    identity: identityOf("sdk", go, "common", platforms.slice(0, 1).map(hashesOf)),
    open: () => openCommon(platforms),
  };
  const own = platforms.map((unit): PlannedLayer => ({
    kind: "sdk",
    go,
    platform: unit.platform,
    units: [unit],
    identity: identityOf("sdk", go, unit.platform, [hashesOf(unit)]),
    open: () => openOwn(unit),
  }));
  return [common, ...own];
}

/** The files that differ between platforms: cmd/dist and cmd/go put what they build there, and nowhere else. */
function isPlatformFile(name: string): boolean {
  return name.startsWith("bin/") || name.startsWith("pkg/tool/");
}

/** Only the first platform's copy is read; that the others have the same is shown by their h1 (pack.ts). */
async function openCommon(units: readonly ToolchainUnit[]): Promise<OpenLayer> {
  return await openLayer(async (shelf) => {
    const [first] = units;
    return first === undefined ? [] : await listToolchain(first, shelf, (name) => !isPlatformFile(name));
  });
}

async function openOwn(unit: ToolchainUnit): Promise<OpenLayer> {
  return await openLayer((shelf) => listToolchain(unit, shelf, isPlatformFile));
}

async function listToolchain(
  unit: ToolchainUnit,
  shelf: ZipShelf,
  wanted: (name: string) => boolean,
): Promise<PlannedFile[]> {
  const { zip, entries } = await shelf.list(unit);
  return entries.flatMap((entry) => {
    const name = toolchainTreeName(entry.path);
    if (!wanted(name)) return [];
    const path = sdkPlace(unit.go) + name;
    const hashed = { unit, name: entry.path };
    return [{ path, mode: fileMode(name), size: entry.size, content: { zip, entry }, hashed }];
  });
}

async function moduleLayers(units: FetchedUnit[]): Promise<PlannedLayer[]> {
  const sorted = units.toSorted((a, b) => compareNames(modulePlace(a).tree, modulePlace(b).tree));
  const sized: { unit: FetchedUnit; size: number }[] = [];
  for (const unit of sorted) sized.push({ unit, size: await unpackedSize(unit) });
  const total = sized.reduce((sum, { size }) => sum + size, 0);
  const count = Math.min(MAX_MODULE_LAYERS, Math.max(1, Math.ceil(total / MODULES_PER_LAYER)));
  const groups: FetchedUnit[][] = Array.from({ length: count }, () => []);
  let before = 0;
  for (const { unit, size } of sized) {
    // By the middle of the module, so that a large one does not overfill the layer it begins in.
    const group = total === 0 ? 0 : Math.floor(((before + size / 2) / total) * count);
    groups[Math.min(group, count - 1)]?.push(unit);
    before += size;
  }
  return groups
    .filter((group) => group.length > 0)
    .map((group) => ({
      kind: "mod",
      units: group,
      identity: identityOf("mod", group.map(hashesOf)),
      open: () => openLayer((shelf) => listModules(group, shelf)),
    }));
}

async function unpackedSize(unit: FetchedUnit): Promise<number> {
  if (unit.kind !== "module") return 0;
  return unit.unpacked ?? (await unpackedBytes(unit.zip, unit));
}

async function listModules(units: readonly FetchedUnit[], shelf: ZipShelf): Promise<PlannedFile[]> {
  const files: PlannedFile[] = [];
  for (const unit of units) {
    if (unit.kind === "toolchain") continue;
    const place = modulePlace(unit);
    files.push(inMemory(place.info, infoFile(unit)), inMemory(place.mod, await readFile(unit.mod)));
    if (unit.kind !== "module") continue;
    files.push(inMemory(place.ziphash, zipHashFile(unit.h1)));
    const { zip, entries } = await shelf.list(unit);
    for (const entry of entries) {
      files.push({
        path: place.tree + entry.path,
        mode: 0o644,
        size: entry.size,
        content: { zip, entry },
        hashed: { unit, name: entry.path },
      });
    }
  }
  return files;
}

function inMemory(path: string, content: Uint8Array): PlannedFile {
  return { path, mode: 0o644, size: content.length, content };
}

/** With what `list` found, in path order, which is not the order of a zip: there go.mod may be _go.mod. */
async function openLayer(list: (shelf: ZipShelf) => Promise<PlannedFile[]>): Promise<OpenLayer> {
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
class ZipShelf {
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
