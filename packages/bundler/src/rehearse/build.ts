// A build in a rehearsal, and what it means when it fails for want of C: a machine without a C compiler, without a
// library, or without one for the other platform says nothing about the bundle.
import { lastLines } from "../go/failure-text.ts";
import type { ProcessResult } from "../go/spawn.ts";

export interface BuildTry {
  build: "ok" | "ok without cgo" | "not rehearsed";
  /** CGO_ENABLED of the build that worked; undefined: as Go decided. */
  cgo: boolean | undefined;
  /** What C lacked, where it was not rehearsed. */
  findings: string[];
}

/**
 * Builds with `cgo` as wanted; where Go may decide and C fails, without it. Hands back the failure that is the bundle's
 * or the project's own.
 * @param build gives the result of the failing command, or undefined
 */
export async function tryBuild(
  cgo: boolean | undefined,
  build: (cgo: boolean | undefined) => Promise<ProcessResult | undefined>,
): Promise<BuildTry | { failure: ProcessResult }> {
  const failure = await build(cgo);
  if (failure === undefined) return { build: "ok", cgo, findings: [] };
  if (!LACKS_C.test(failure.stderr)) return { failure };
  if (cgo === true) return { build: "not rehearsed", cgo, findings: [lastLines(failure.stderr)] };
  if (cgo === undefined && (await build(false)) === undefined) {
    return { build: "ok without cgo", cgo: false, findings: [] };
  }
  return { failure };
}

/**
 * What a C compiler that is missing, or lacks a header or a library, or is for another platform (then it is runtime/cgo
 * that does not compile), makes go and the compiler say.
 */
const LACKS_C =
  /C compiler "[^"]*" not found|exec: "[^"]*(?:gcc|clang|cc|g\+\+|pkg-config)": executable file not found|fatal error: \S+: No such file or directory|cannot find -l|pkg-config --cflags|Package '?[\w.+-]+'?,? (?:required by|was not found)|ld returned 1 exit status|cgo: cannot|unrecognized command-line option|^# runtime\/cgo$/mu;
