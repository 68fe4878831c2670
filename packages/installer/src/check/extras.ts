// What lies in a root and was not put there by goferry. In bin/ and sdk/ it can be run or built in, so it counts as
// drift. In mod/, go itself adds modules, locks and answers of the checksum database where it may write; nothing that
// is installed is changed by that, and it is only told. What is inside of a tree is looked at with the tree.

import { dirname, join } from "node:path";
import { logPlace, modulePlace, parseVerifier } from "@goferry/core";
import { isBelow } from "../fs.ts";
import { sdkFolder } from "../layout.ts";
import { knownTiles } from "../plan/tiles.ts";
import { readState, parseState, type State } from "../transaction/state.ts";
import { changed, extra, folderModeDifferences, ownerDifferences, type Difference } from "./difference.ts";
import { generatedOf, type Place } from "./installed.ts";

/** Names at the top of a root; lost+found is that of a disk of its own. */
const TOP = new Set(["bin", "sdk", "current", "mod", "state", "staging", "lost+found"]);

/** @param states of every generation that is kept: what one of them has is there on purpose */
export async function findExtras(place: Place, states: readonly State[]): Promise<Difference[]> {
  const { fs, at } = place;
  const known = await knownPaths(place, states);
  const found: Difference[] = [];
  for (const { name, kind } of await fs.list(at.root)) {
    if (!TOP.has(name)) found.push(extra({ path: join(at.root, name), unit: null }, `a ${kind}`, "warn"));
  }
  await checkFolder(place, at.root, found);
  for (const folder of [at.bin, at.sdk, at.mod]) {
    const level = folder === at.mod ? "warn" : "refuse";
    if ((await fs.lstat(folder))?.kind === "folder") await walk(place, folder, { known, level, found });
  }
  return found;
}

/** The states that the root keeps, its own first; what cannot be read of the others is a difference. */
export async function keptStates({
  fs,
  at,
}: Place): Promise<{ states: [State, ...State[]]; differences: Difference[] }> {
  const states: [State, ...State[]] = [await readState(fs, at)];
  const differences: Difference[] = [];
  for (const { name } of await fs.list(at.generations)) {
    const path = join(at.generations, name);
    const bytes = await fs.readFile(path);
    if (bytes === null) continue;
    try {
      states.push(parseState(bytes, at));
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      differences.push(
        changed({ path, unit: null }, "content", { expected: "the state of a generation", found }),
      );
    }
  }
  return { states, differences };
}

interface Known {
  /** Files and links, and trees that are looked at elsewhere. */
  paths: ReadonlySet<string>;
  /** Every folder that one of them is in. */
  folders: ReadonlySet<string>;
}

async function knownPaths(place: Place, states: readonly State[]): Promise<Known> {
  const { at } = place;
  const paths = new Set([at.goferry, join(at.mod, "cache", "lock")]);
  for (const state of states) {
    for (const { version } of state.sdks) paths.add(sdkFolder(at, version));
    for (const unit of state.units) {
      const { tree, mod, ziphash } = modulePlace(unit);
      // Of a unit that is only a go.mod, a tree or a zip came from somewhere else.
      const whole = unit.kind === "module" ? [tree.slice(0, -1), ziphash.replace(/hash$/, "")] : [];
      for (const name of [mod, ...whole]) paths.add(join(at.root, name));
    }
    for (const { path } of await generatedOf(place, state)) paths.add(path);
    if (state.log !== null)
      paths.add(join(at.root, logPlace(parseVerifier(state.log.key).name), "supported"));
  }
  for (const tile of (await knownTiles(place.fs, at)).keys()) paths.add(join(at.root, tile));
  const folders = new Set<string>();
  for (const path of paths) {
    for (
      let folder = dirname(path);
      isBelow(at.root, folder) && !folders.has(folder);
      folder = dirname(folder)
    )
      folders.add(folder);
  }
  return { paths, folders };
}

async function walk(
  place: Place,
  folder: string,
  rules: { known: Known; level: "refuse" | "warn"; found: Difference[] },
): Promise<void> {
  const { known, level, found } = rules;
  await checkFolder(place, folder, found);
  for (const { name, kind } of await place.fs.list(folder)) {
    const path = join(folder, name);
    if (known.paths.has(path)) continue;
    if (kind === "folder" && known.folders.has(path)) await walk(place, path, rules);
    else found.push(extra({ path, unit: null }, `a ${kind}`, level));
  }
}

async function checkFolder({ fs, owners }: Place, path: string, found: Difference[]): Promise<void> {
  const status = await fs.lstat(path);
  if (status?.kind !== "folder") return;
  const place = { path, unit: null };
  found.push(
    ...folderModeDifferences(place, status.mode),
    ...ownerDifferences(place, { owners, uid: status.uid }),
  );
}
