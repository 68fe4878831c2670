// The layers of one Go version: what all platforms share, in parts, and for each platform its own files.

import { compareNames, fileMode, sdkPlace, toolchainTreeName } from "@goferry/core";
import * as z from "zod";
import { keepRecord, keptRecord, recordKey } from "../cache/records.ts";
import type { FetchedUnit } from "../stages.ts";
import {
  hashesOf,
  identityOf,
  openLayer,
  type OpenLayer,
  type PlannedFile,
  type PlannedLayer,
  type ZipShelf,
} from "./planned-layer.ts";

export type ToolchainUnit = Extract<FetchedUnit, { kind: "toolchain" }>;

/** The paths with which the parts of what platforms share begin, the first of them empty. */
export type PartBegins = (unit: ToolchainUnit) => Promise<string[]>;

/**
 * Bytes of work for which one more part is begun: a toolchain of a few files stays whole. With the most parts the two or
 * three threads of a host end at about the same time, and four parts take 0.3 % more bytes than one (go1.27.1).
 */
export const WORK_PER_PART = 32 << 20;
export const MAX_PARTS = 4;

/** What a host has to do for a file beside its bytes, as bytes: a file of this size takes twice as long as an empty one. */
export const WORK_PER_FILE = 24 << 10;

export async function toolchainLayers(
  go: string,
  units: readonly ToolchainUnit[],
  begins: PartBegins,
): Promise<PlannedLayer[]> {
  const platforms = units.toSorted((a, b) => compareNames(a.platform, b.platform));
  const [first] = platforms;
  if (first === undefined) return [];
  const parts = await begins(first);
  const common = parts.map((begin, part): PlannedLayer => ({
    kind: "sdk",
    go,
    units: platforms,
    // Its files are those of the first of them.
    identity: identityOf("sdk", go, "common", [hashesOf(first)], [begin, parts[part + 1] ?? null]),
    open: () => openPart(first, begin, parts[part + 1]),
  }));
  const own = platforms.map((unit): PlannedLayer => ({
    kind: "sdk",
    go,
    platform: unit.platform,
    units: [unit],
    identity: identityOf("sdk", go, unit.platform, [hashesOf(unit)]),
    open: () => openOwn(unit),
  }));
  return [...common, ...own];
}

/** Of about equal work. */
export async function partBegins(unit: ToolchainUnit): Promise<string[]> {
  await using layer = await openPart(unit, "");
  const total = layer.files.reduce((sum, file) => sum + workOf(file), 0);
  const count = Math.min(MAX_PARTS, Math.max(1, Math.floor(total / WORK_PER_PART)));
  const begins = [""];
  let before = 0;
  for (const file of layer.files) {
    if (before >= (total * begins.length) / count) begins.push(file.path);
    before += workOf(file);
  }
  return begins;
}

const PARTS_RECORD = z.strictObject({ begins: z.array(z.string()) });

/** partBegins with a memory in `folder`, of this version of goferry: listing the zip of a toolchain takes longer than all else that a plan of layers needs. */
export function rememberedBegins(folder: string, program: string): PartBegins {
  return async (unit) => {
    const key = recordKey({ parts: hashesOf(unit), program, WORK_PER_PART, WORK_PER_FILE, MAX_PARTS });
    const known = await keptRecord(folder, key, PARTS_RECORD);
    if (known !== undefined) return known.begins;
    const begins = await partBegins(unit);
    await keepRecord(folder, key, { begins });
    return begins;
  };
}

function workOf({ size }: PlannedFile): number {
  return size + WORK_PER_FILE;
}

/** The files that differ between platforms: cmd/dist and cmd/go put what they build there, and nowhere else. */
function isPlatformFile(name: string): boolean {
  return name.startsWith("bin/") || name.startsWith("pkg/tool/");
}

/**
 * What platforms share, from the path `begin` to before the path `end`. Only the first platform's copy is read; that the
 * others have the same is shown by their h1 (pack.ts).
 */
async function openPart(first: ToolchainUnit, begin: string, end?: string): Promise<OpenLayer> {
  return await openLayer(async (shelf) => {
    const files = await listToolchain(first, shelf, (name) => !isPlatformFile(name));
    return files.filter(
      ({ path }) => compareNames(path, begin) >= 0 && (end === undefined || compareNames(path, end) < 0),
    );
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
