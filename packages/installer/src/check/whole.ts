// Proves that what a state says is on the disk, before a root is taken there or may have to be taken back to it.

import { join } from "node:path";
import { GoferryError, toolchainModule, unitName } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { FsHost } from "../host-fs.ts";
import type { Host } from "../host.ts";
import { programFile, sdkFolder, type Layout } from "../layout.ts";
import { shellQuote } from "../shell-quote.ts";
import type { State } from "../transaction/state.ts";
import { checkUnits } from "./check.ts";

interface WholeOptions {
  state: State;
  /** What the root has now, if that is another state. */
  installed?: State | undefined;
  signal: AbortSignal | undefined;
}

/** `refuseBroken`, which can be begun before its answer is asked for. Dispose of it: nothing is looked at any more then. */
export interface WholeCheck extends AsyncDisposable {
  begin(): void;
  /** Throws what `refuseBroken` throws. */
  result(): Promise<void>;
}

export function wholeCheck(
  host: Pick<Host, "cores" | "workerSource"> & FsHost,
  at: Layout,
  { signal, ...options }: WholeOptions,
): WholeCheck {
  const over = new AbortController();
  const stop = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  let running: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    running ??= refuseBroken(host, at, { ...options, signal: stop });
    // Heard when it is asked for, which is never where something else is refused first.
    running.catch(() => undefined);
    return running;
  };
  return {
    begin: () => void begin(),
    result: begin,
    async [Symbol.asyncDispose]() {
      over.abort();
      await running?.catch(() => undefined);
    },
  };
}

/** By sizes and times. Throws GENERATION_BROKEN, naming the first thing that is not as it was installed; INTERRUPTED. */
export async function refuseBroken(
  host: Pick<Host, "cores" | "workerSource"> & FsHost,
  at: Layout,
  { state, installed = state, signal }: WholeOptions,
): Promise<void> {
  const differences = await checkUnits(host, at, { state, signal });
  const [first] = differences.filter(({ level }) => level === "refuse");
  if (first === undefined) return;
  const { subject, message, expected, found, unit } = first;
  const more = differences.length === 1 ? "" : `, and ${differences.length - 1} more`;
  throw new GoferryError("GENERATION_BROKEN", {
    subject,
    message: `generation ${state.generation} is not as it was installed: ${message}${more}`,
    expected,
    found,
    next: nextFor(installed, unit),
  });
}

/** What is not installed now no check looks at, and no repair mends; an installation puts it there anew. */
function nextFor(installed: State, unit: string | null): string {
  const root = shellQuote(installed.root);
  const names = [
    ...installed.units.map(unitName),
    ...installed.sdks.map(({ version, platform }) => unitName(toolchainModule(version, platform))),
  ];
  return unit === null || names.includes(unit)
    ? `goferry check --root ${root} names all that is changed, goferry repair BUNDLE --root ${root} mends it`
    : `goferry install BUNDLE --root ${root}, with a bundle that holds ${unit}, puts it there again; or go back to another generation: goferry list --root ${root}`;
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
      next: `goferry check --root ${shellQuote(at.root)} names all that is gone, goferry repair BUNDLE --root ${shellQuote(at.root)} puts it back`,
    });
  }
}
