// Proves that what a state says is on the disk, before a root is taken there or may have to be taken back to it.

import { join } from "node:path";
import { GoferryError, modulePlace, unitName } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import { sdkFolder, type Layout } from "../layout.ts";
import type { State } from "../transaction/state.ts";

/** Throws GENERATION_BROKEN, naming the first thing that is not there. */
export async function refuseBroken(fs: HostFs, at: Layout, state: State): Promise<void> {
  for (const { version } of state.sdks) {
    for (const name of ["VERSION", "go.env", "bin/go", "bin/gofmt"])
      await refuseMissing(fs, join(sdkFolder(at, version), name), { state, unit: `Go ${version}` });
  }
  for (const unit of state.units) {
    const place = modulePlace(unit);
    const paths = unit.kind === "module" ? [place.tree, place.mod, place.ziphash] : [place.mod];
    for (const name of paths) await refuseMissing(fs, join(at.root, name), { state, unit: unitName(unit) });
  }
}

async function refuseMissing(
  fs: HostFs,
  path: string,
  { state, unit }: { state: State; unit: string },
): Promise<void> {
  if ((await fs.lstat(path)) !== null) return;
  throw new GoferryError("GENERATION_BROKEN", {
    subject: path,
    message: `generation ${state.generation} is not whole: a part of ${unit} is gone`,
    expected: unit,
    found: "nothing",
    next: "goferry repair BUNDLE puts back what is missing, from a bundle that holds it",
  });
}
