// What has to come from a bundle: only of units that have exactly the content that was installed. Layers are read and
// proven whole, as always; of what is unpacked, what was asked for is put in place.

import { readFile, utimes, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  GoferryError,
  layersFor,
  modulePlace,
  toolchainModule,
  unitName,
  type OpenedBundle,
  type TreeSums,
  type Unit,
} from "@goferry/core";
import type { Difference } from "../check/difference.ts";
import type { Place } from "../check/installed.ts";
import { editGoEnv } from "../configure/go-env.ts";
import { extractLayers } from "../extract/extract.ts";
import { TILES } from "../extract/file-sink.ts";
import { isBelow } from "../fs.ts";
import { goEnvFile, layout, unitTree, type Layout } from "../layout.ts";
import { ioError } from "../node-fs.ts";
import { settingsFor } from "../plan/go-env-edits.ts";
import { knownTiles } from "../plan/tiles.ts";
import {
  fileSystemTime,
  parseSums,
  plainGoEnvName,
  sumsName,
  sumsText,
  tilesName,
  type WriteTimes,
} from "../plan/unit-files.ts";
import type { State } from "../transaction/state.ts";
import { takePlace, type Changes, type StageRepair } from "./changes.ts";
import { TILES_UNIT, type RepairPlan } from "./plan.ts";

export async function stageFromBundle(
  request: StageRepair,
  plan: RepairPlan,
  changes: Changes,
): Promise<void> {
  const { host, place, staging, state, options } = request;
  const opened = options.bundle?.opened;
  if (opened === undefined) return;
  const { units } = unitsFromBundle(opened, state, [...plan.fromBundle.keys()]);
  const folder = join(staging, "bundle");
  await place.fs.mkdir(folder, 0o700);
  const hasTiles = plan.fromBundle.has(TILES_UNIT);
  const layers = layersFor(opened.contents, host.platform).filter(
    (i) =>
      units.some((unit) => unit.layers.includes(i)) ||
      (hasTiles && opened.contents.layers[i]?.kind === "log"),
  );
  const total = layers.reduce((sum, i) => sum + (opened.contents.layers[i]?.size ?? 0), 0);
  let done = 0;
  const from = Math.floor(await fileSystemTime(staging)) - 1;
  const sums = await extractLayers(opened, {
    folder,
    layers,
    units,
    zips: [...plan.fromBundle.values()].flat().some(({ subject }) => /\.zip(?:\.sums)?$/.test(subject)),
    // Only a few of these files are used; they are synced as they wait in staging.
    sync: false,
    cores: host.cores,
    workerSource: host.workerSource,
    signal: options.signal,
    onBytes: (bytes) => options.onProgress?.("unpack", (done += bytes), total),
  });
  const times = { from, to: Math.ceil(await fileSystemTime(staging)) };
  for (const unit of units) {
    const differences = plan.fromBundle.get(unitName(unit)) ?? [];
    await stageUnit({ ...request, folder, sums, times }, { unit, differences }, changes);
  }
  const tiles = hasTiles ? await knownTiles(place.fs, place.at) : undefined;
  for (const { subject } of plan.fromBundle.get(TILES_UNIT) ?? []) {
    if (isBelow(place.at.units, subject)) {
      await stageTileList({ ...request, folder, sums, times }, subject, changes);
      continue;
    }
    const name = relative(place.at.root, subject);
    const staged = join(folder, name);
    if ((await place.fs.lstat(staged)) === null) throw bundleLacks(options.bundle?.file ?? "", [subject]);
    const window = tiles?.get(name);
    if (window !== undefined) await setTime(staged, (window.from + window.to) / 2000);
    await takePlace(place, { from: staged, to: subject }, changes);
  }
}

/** The list of the tiles that a bundle brought; they themselves were written by it, or by one before it. */
async function stageTileList(
  { place, sums, times, options }: Unpacked,
  file: string,
  changes: Changes,
): Promise<void> {
  const { fs, at } = place;
  const each = sums.get(TILES);
  const { indexDigest } = options.bundle?.opened ?? {};
  if (
    each === undefined ||
    indexDigest === undefined ||
    file !== join(at.units, sumsName(tilesName(indexDigest)))
  )
    throw bundleLacks(options.bundle?.file ?? "", [file]);
  let { from } = times;
  for (const line of each.lines.trimEnd().split("\n")) {
    const tile = await fs.lstat(join(at.root, line.slice(66)));
    if (tile !== null) from = Math.min(from, Math.floor(tile.modified) - 1);
  }
  changes.edits.push({ path: file, file: Buffer.from(sumsText({ ...each, ...times, from })) });
}

interface Unpacked extends StageRepair {
  /** Absolute; has the bundle's files as a root has them. */
  folder: string;
  sums: ReadonlyMap<string, TreeSums>;
  times: WriteTimes;
}

async function stageUnit(
  request: Unpacked,
  { unit, differences }: { unit: Unit; differences: readonly Difference[] },
  changes: Changes,
): Promise<void> {
  const { place, folder, sums, times } = request;
  const { at } = place;
  const name = unitName(unit);
  const staged = layout(folder);
  const tree = unitTree(at, unit);
  const keep = (key: string): void => {
    const each = sums.get(key);
    const path = join(at.units, sumsName(key));
    if (each !== undefined) changes.edits.push({ path, file: Buffer.from(sumsText({ ...each, ...times })) });
  };
  if (unit.kind === "toolchain") await stageGoEnv(request, unit.go, { name, staged, changes });
  const isWhole = differences.some(
    ({ subject }) => subject === tree || subject === join(at.units, sumsName(name)),
  );
  if (isWhole) {
    dropBelow(changes, tree);
    await takePlace(place, { from: join(folder, relative(at.root, tree)), to: tree }, changes);
    keep(name);
  }
  const window = await timesOf(place, name);
  const zip = `${name}.zip`;
  for (const path of new Set(differences.map(({ subject }) => subject))) {
    if (path === tree || isBelow(at.units, path) || (isWhole && isBelow(tree, path))) continue;
    const from = join(folder, relative(at.root, path));
    if (window !== null && isBelow(tree, path)) await setTime(from, (window.from + window.to) / 2000);
    await takePlace(place, { from, to: path }, changes);
  }
  const zipPath = join(at.root, modulePlace(unit).ziphash.replace(/hash$/, ""));
  const zipSums = join(at.units, sumsName(zip));
  if (differences.some(({ subject }) => subject === zipSums))
    await takePlace(place, { from: join(folder, relative(at.root, zipPath)), to: zipPath }, changes);
  if (differences.some(({ subject }) => subject === zipSums || subject === zipPath)) keep(zip);
}

/** The go.env that came with the toolchain is kept, and the root's own made of it. */
async function stageGoEnv(
  { place, state }: StageRepair,
  version: string,
  { name, staged, changes }: { name: string; staged: Layout; changes: Changes },
): Promise<void> {
  const { at } = place;
  const file = goEnvFile(staged, version);
  try {
    const plain = await readFile(file, "utf8");
    const text = editGoEnv(plain, settingsFor(at, state));
    await writeFile(file, text);
    const path = goEnvFile(at, version);
    changes.edits.push({ path: join(at.units, plainGoEnvName(name)), file: Buffer.from(plain) });
    if (!changes.edits.some((each) => each.path === path))
      changes.edits.push({ path, file: Buffer.from(text), mode: 0o644 });
  } catch (error) {
    throw ioError(error, "write", file);
  }
}

/** What is in a tree that is put in place as a whole needs no change of its own. */
function dropBelow(changes: Changes, tree: string): void {
  const isOutside = (path: string): boolean => !isBelow(tree, path);
  changes.place = changes.place.filter(({ to }) => isOutside(to));
  changes.remove = changes.remove.filter(isOutside);
  changes.edits = changes.edits.filter(({ path }) => isOutside(path));
}

/** When the files of a unit were written; so that one that is mended is as old as the others. */
async function timesOf({ fs, at }: Place, name: string): Promise<WriteTimes | null> {
  const bytes = await fs.readFile(join(at.units, sumsName(name)));
  return bytes === null ? null : parseSums(Buffer.from(bytes).toString("utf8"));
}

/** @param time seconds since 1970 */
async function setTime(file: string, time: number): Promise<void> {
  try {
    await utimes(file, time, time);
  } catch (error) {
    throw ioError(error, "write", file);
  }
}

/** The units of a bundle that have exactly the content that is installed; names of those that it has not. */
export function unitsFromBundle(
  bundle: OpenedBundle | undefined,
  state: State,
  names: readonly string[],
): { units: Unit[]; lacking: string[] } {
  const installed = new Map<string, string>([
    ...state.units.map((unit): [string, string] => [unitName(unit), `${unit.h1} ${unit.modH1}`]),
    ...state.sdks.map(({ version, platform, h1 }): [string, string] => [
      unitName(toolchainModule(version, platform)),
      h1,
    ]),
  ]);
  const units: Unit[] = [];
  const lacking: string[] = [];
  for (const name of names) {
    if (name === TILES_UNIT) {
      if (bundle?.contents.layers.some(({ kind }) => kind === "log") !== true) lacking.push(name);
      continue;
    }
    const unit = bundle?.contents.units.find((each) => unitName(each) === name);
    if (unit === undefined || contentOf(unit) !== installed.get(name)) lacking.push(name);
    else units.push(unit);
  }
  return { units, lacking };
}

function contentOf(unit: Unit): string {
  if (unit.kind === "toolchain") return unit.h1;
  return `${unit.kind === "module" ? unit.h1 : null} ${unit.modH1}`;
}

export function bundleLacks(file: string, names: readonly string[]): GoferryError {
  const some = names.slice(0, 10).join(", ");
  return new GoferryError("NOT_FOUND", {
    subject: file,
    message: "this bundle does not hold all that has to be mended, with the content that was installed",
    expected: names.length > 10 ? `${some} and ${names.length - 10} more` : some,
    found: "other versions or contents, or none",
    next: "goferry list --evidence says which bundles brought them; goferry repair without a bundle mends the rest",
  });
}
