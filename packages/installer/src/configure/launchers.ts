// What lies in bin/: relative symlinks, so that a root can be mounted or copied to another place; on Windows programs that
// do what those links do (launch-link.ts).
//
// Links and no shell scripts, because of what Go does with them. For a go.mod that asks for another Go, the go
// command looks for a program named go1.27.1 on PATH, removes GOROOT from the environment, and replaces itself by
// that program (Exec in cmd/go/internal/toolchain/select.go). The program finds its GOROOT by its own file
// (findGOROOT in cmd/go/internal/cfg/cfg.go), which Linux gives with all links resolved, so it is sdk/go1.27.1. A
// script would add a process and a shell, and a GOROOT set by it would reach the programs that `go run` starts.
//
// bin/go goes through `current`: switching to another version replaces that one link, and a build that is running
// keeps the version it began with, because its GOROOT was resolved when it started.

import { GoferryError, isGoRelease } from "@goferry/core";
import { programFile } from "../layout.ts";

/** One entry of bin/. A link's target is relative to bin/; a file is copied from `source`, with mode 0755. */
export type BinEntry =
  | { kind: "link"; name: string; target: string }
  | { kind: "file"; name: string; source: string };

export interface LauncherRequest {
  /** Every installed Go version, without "go": "1.27.1". */
  versions: readonly string[];
  /** The stand-alone goferry to put beside them, absolute; undefined when it runs from source. */
  goferry: string | undefined;
}

/**
 * What bin/ holds, sorted by name: `go`, `gofmt`, one `go<version>` for each version, and goferry itself.
 * @throws ARGUMENT_INVALID for what is no Go version
 */
export function launchers({ versions, goferry }: LauncherRequest): BinEntry[] {
  for (const version of versions) checkVersion(version);
  const entries: BinEntry[] = versions.map((version) => ({
    kind: "link",
    name: programFile(`go${version}`),
    target: `../sdk/go${version}/bin/${programFile("go")}`,
  }));
  if (versions.length > 0) {
    for (const name of ["go", "gofmt"].map(programFile))
      entries.push({ kind: "link", name, target: `../current/bin/${name}` });
  }
  if (goferry !== undefined) entries.push({ kind: "file", name: programFile("goferry"), source: goferry });
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Where the link `<root>/current` points for a version, relative to the root.
 * @throws ARGUMENT_INVALID for what is no Go version
 */
export function currentTarget(version: string): string {
  checkVersion(version);
  return `sdk/go${version}`;
}

/** True for a name in bin/ that `launchers` may have made: what is not wanted any more can go. Tools keep theirs. */
export function isLauncherName(name: string): boolean {
  return (
    name === "go" ||
    name === "gofmt" ||
    name === "goferry" ||
    (name.startsWith("go") && isGoRelease(name.slice(2)))
  );
}

function checkVersion(version: string): void {
  if (isGoRelease(version)) return;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: version,
    message: "not a version of Go",
    expected: "a release such as 1.27.1 or 1.28rc1",
    found: version,
    next: "`goferry list` shows the versions that are installed",
  });
}
