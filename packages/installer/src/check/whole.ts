// Proves that what a state says is on the disk, before a root is taken there or may have to be taken back to it.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { FsHost } from "../host-fs.ts";
import type { Host } from "../host.ts";
import { programFile, sdkFolder, type Layout } from "../layout.ts";
import type { State } from "../transaction/state.ts";
import { checkUnits } from "./check.ts";

/** By sizes and times. Throws GENERATION_BROKEN, naming the first thing that is not as it was installed; INTERRUPTED. */
export async function refuseBroken(
  host: Pick<Host, "cores" | "workerSource"> & FsHost,
  at: Layout,
  { state, signal }: { state: State; signal: AbortSignal | undefined },
): Promise<void> {
  const differences = await checkUnits(host, at, { state, signal });
  const [first] = differences.filter(({ level }) => level === "refuse");
  if (first === undefined) return;
  const { subject, message, expected, found } = first;
  const more = differences.length === 1 ? "" : `, and ${differences.length - 1} more`;
  throw new GoferryError("GENERATION_BROKEN", {
    subject,
    message: `generation ${state.generation} is not as it was installed: ${message}${more}`,
    expected,
    found,
    next: "goferry check names all that is changed, goferry repair BUNDLE mends it",
  });
}

/** Only that its commands are there, for a switch that takes no longer than that. Throws GENERATION_BROKEN. */
export async function refuseWithoutGo(fs: HostFs, at: Layout, version: string): Promise<void> {
  for (const name of ["go", "gofmt"]) {
    const path = join(sdkFolder(at, version), "bin", programFile(name));
    if ((await fs.lstat(path))?.kind === "file") continue;
    throw new GoferryError("GENERATION_BROKEN", {
      subject: path,
      message: `Go ${version} was installed, and is not there any more`,
      expected: "a program",
      found: "nothing",
      next: "goferry check names all that is gone, goferry repair BUNDLE puts it back",
    });
  }
}
