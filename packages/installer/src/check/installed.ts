// What a root shall hold, as lists to compare it with: the trees and files that have sums in state/units/, and the small
// files that follow from the state.

import { join } from "node:path";
import { goModHash, modulePlace, toolchainModule, unitName, zipPrefix } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import { moduleFolder, sdkFolder, type Layout } from "../layout.ts";
import { generatedFiles, generatedGoEnv, plainGoEnvFile, type Generated } from "../plan/generated.ts";
import { knownTiles, tileSums } from "../plan/tiles.ts";
import { sumsName } from "../plan/unit-files.ts";
import type { State } from "../transaction/state.ts";
import { changed, missing, modeText, ownerDifferences, type Difference } from "./difference.ts";
import type { Depth, TreeJob } from "./tree-check.ts";

export interface Place {
  fs: HostFs;
  at: Layout;
  owners: readonly number[];
  /** Whether files have modes here, as they have not on Windows. */
  modes: boolean;
}

/** The largest first. */
export async function treeJobs(
  { fs, at, owners, modes }: Place,
  state: State,
  depth: Depth,
): Promise<TreeJob[]> {
  const common = { owners, modes, depth };
  const files = { unit: null, h1: null, folder: at.root, prefix: "", form: "files", except: [] } as const;
  const sums = (name: string): string => join(at.units, sumsName(name));
  const jobs: TreeJob[] = state.sdks.map((sdk) => {
    const module = toolchainModule(sdk.version, sdk.platform);
    const unit = unitName(module);
    return {
      ...common,
      unit,
      sums: [sums(unit)],
      h1: sdk.h1,
      folder: sdkFolder(at, sdk.version),
      prefix: zipPrefix(module),
      form: "sdk",
      except: ["go.env"],
    };
  });
  for (const module of state.units) {
    if (module.h1 === null) continue;
    const unit = unitName(module);
    const folder = moduleFolder(at, module);
    const prefix = zipPrefix(module);
    const lists = [sums(unit)];
    jobs.push({ ...common, unit, sums: lists, h1: module.h1, folder, prefix, form: "tree", except: [] });
    const zip = sums(`${unit}.zip`);
    if ((await fs.lstat(zip)) !== null) jobs.push({ ...common, ...files, unit, sums: [zip] });
  }
  return jobs;
}

/** The tiles of the checksum database, and the goferry in bin/. */
export async function commonJobs({ fs, at, owners, modes }: Place, depth: Depth): Promise<TreeJob[]> {
  const program = join(at.units, sumsName("goferry"));
  // One that runs from source does not copy itself.
  const files = (await fs.lstat(program)) === null ? [] : [[program]];
  const place = { unit: null, h1: null, folder: at.root, prefix: "", form: "files", except: [] } as const;
  const tiles = await tileSums(fs, at);
  // Of all bundles in one: a tile that several of them brought was written by one of them.
  return [...files, ...(tiles.length === 0 ? [] : [tiles])].map((sums) => ({
    ...place,
    sums,
    owners,
    modes,
    depth,
  }));
}

/** The go.mod files beside the trees, which have no sums: their hash stands in the state. */
export async function checkModFiles(place: Place, { units }: State): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const module of units) {
    const path = join(place.at.root, modulePlace(module).mod);
    const unit = unitName(module);
    const bytes = await readPlain(place, { path, unit, found });
    if (bytes === null || module.modH1 === null) continue;
    const hash = goModHash(bytes);
    if (hash !== module.modH1)
      found.push(changed({ path, unit }, "content", { expected: module.modH1, found: hash }));
  }
  return found;
}

/** What follows from the state: launchers, lists, lookups, .info, .ziphash, go.env. */
export async function checkGenerated(place: Place, state: State): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const each of await generatedOf(place, state)) {
    if ("link" in each) await checkLink(place, each, found);
    else await checkSmallFile(place, each, found);
  }
  for (const sdk of state.sdks) {
    const path = plainGoEnvFile(place.at, sdk);
    if ((await place.fs.lstat(path)) === null)
      found.push(missing({ path, unit: null }, "the go.env as it came"));
  }
  return found;
}

/** Those whose making is known; a go.env of which it is not is told by `checkGenerated`. */
export async function generatedOf({ fs, at }: Place, state: State): Promise<Generated[]> {
  const tiles = await knownTiles(fs, at);
  const goEnvs = await Promise.all(state.sdks.map((sdk) => generatedGoEnv(fs, at, { state, sdk })));
  return [...generatedFiles(at, state, (tile) => tiles.has(tile)), ...goEnvs.filter((each) => each !== null)];
}

async function checkLink(
  { fs }: Place,
  { path, link }: Extract<Generated, { link: string }>,
  found: Difference[],
): Promise<void> {
  const status = await fs.lstat(path);
  const place = { path, unit: null };
  const expected = `a link to ${link}`;
  if (status === null) found.push(missing(place, expected));
  else if (status.kind !== "link")
    found.push(changed(place, "kind", { expected, found: `a ${status.kind}` }));
  else {
    const target = await fs.readLink(path);
    if (target !== link) found.push(changed(place, "target", { expected: link, found: target }));
  }
}

async function checkSmallFile(
  place: Place,
  { path, file, also = file }: Extract<Generated, { file: Uint8Array }>,
  found: Difference[],
): Promise<void> {
  const bytes = await readPlain(place, { path, unit: null, found });
  if (bytes === null || [file, also].some((each) => Buffer.compare(bytes, each) === 0)) return;
  found.push(changed({ path, unit: null }, "content", contentTexts(file, bytes)));
}

/** The first line that differs: in a go.env, the one setting that somebody changed. */
function contentTexts(expected: Uint8Array, found: Uint8Array): { expected: string; found: string } {
  const [ours, theirs] = [expected, found].map((bytes) => Buffer.from(bytes).toString("utf8").split("\n"));
  const at = (ours ?? []).findIndex((line, i) => line !== theirs?.[i]);
  const line = (lines: string[] | undefined): string => (lines?.[at] ?? "").slice(0, 120);
  if (at === -1) return { expected: `${expected.length} bytes`, found: `${found.length} bytes` };
  const number = `line ${at + 1}: `;
  return {
    expected: number + line(ours),
    found: number + (theirs?.[at] === undefined ? "no such line" : line(theirs)),
  };
}

/** The bytes of a file that shall be there, with mode 0644; null, and a difference, for anything else. */
async function readPlain(
  { fs, owners }: Place,
  { path, unit, found }: { path: string; unit: string | null; found: Difference[] },
): Promise<Uint8Array | null> {
  const place = { path, unit };
  const status = await fs.lstat(path);
  if (status === null) {
    found.push(missing(place, modeText(0o644)));
    return null;
  }
  if (status.kind !== "file") {
    found.push(changed(place, "kind", { expected: "a file", found: `a ${status.kind}` }));
    return null;
  }
  if ((status.mode & 0o7133) !== 0)
    found.push(changed(place, "mode", { expected: modeText(0o644), found: modeText(status.mode) }));
  found.push(...ownerDifferences(place, { owners, uid: status.uid }));
  return await fs.readFile(path);
}
