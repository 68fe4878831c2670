// The places in a root that belong to what a state has: of each Go version and module, all that installing it put there.
// What follows from the state as a whole is none of it: links, version lists, lookups, go.env.

import { join } from "node:path";
import { modulePlace, toolchainModule, unitName, type ModuleVersion } from "@goferry/core";
import { sdkFolder, type Layout } from "../layout.ts";
import type { State } from "../transaction/state.ts";
import { plainGoEnvName, sumsName } from "./unit-files.ts";

export interface Belonging {
  kind: "sdk" | "module";
  /** The Go version, or `path@version`. */
  name: string;
  /** Bytes of what came from a bundle. */
  size: number;
  /** Of its zip, where there is one: made here, and counted on top. */
  zip: string | null;
  /** The tree that most of `size` is in. */
  tree: string | null;
  paths: string[];
}

export function belongings(at: Layout, { sdks, units }: State): Belonging[] {
  const toolchains = sdks.map(({ version, platform, size }): Belonging => {
    const tree = sdkFolder(at, version);
    const paths = [tree, ...keptOf(at, toolchainModule(version, platform))];
    return { kind: "sdk", name: version, size, zip: null, tree, paths };
  });
  const modules = units.map((unit): Belonging => {
    const { tree: inRoot, info, mod, ziphash } = modulePlace(unit);
    const common = { kind: "module", name: unitName(unit), size: unit.size } as const;
    const texts = [join(at.root, info), join(at.root, mod)];
    if (unit.kind === "gomod") return { ...common, zip: null, tree: null, paths: texts };
    const tree = join(at.root, inRoot.slice(0, -1));
    const hash = join(at.root, ziphash);
    const zip = hash.replace(/hash$/, "");
    // Go takes a lock beside the zip before it looks at the module, where it may write.
    const lock = hash.replace(/ziphash$/, "lock");
    return { ...common, zip, tree, paths: [tree, ...texts, hash, zip, lock, ...keptOf(at, unit)] };
  });
  return [...toolchains, ...modules];
}

/** Of a unit in state/units/. */
function keptOf(at: Layout, unit: ModuleVersion): string[] {
  const name = unitName(unit);
  return [sumsName(name), sumsName(`${name}.zip`), plainGoEnvName(name)].map((file) => join(at.units, file));
}

/** Absolute paths of all of them. */
export function ownPaths(at: Layout, states: readonly State[]): Set<string> {
  return new Set(states.flatMap((state) => belongings(at, state).flatMap(({ paths }) => paths)));
}
