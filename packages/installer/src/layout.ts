// Where things lie in a root (DESIGN 4). Pure: the absolute path of a root goes in, names come out, nothing is
// looked up. Every other file of the installer takes its paths from here, so that a root can be understood, and
// moved on some day, by reading one page.

import { join, sep } from "node:path";
import { modulePlace, type ModuleVersion, type Unit } from "@goferry/core";

/** The absolute paths of one root. */
export interface Layout {
  readonly root: string;
  /** Commands: go, gofmt, go1.27.1, goferry itself, tools. The one PATH entry. */
  readonly bin: string;
  /** The stand-alone goferry, where it has put itself. */
  readonly goferry: string;
  /** One GOROOT for each installed Go version, see `sdkFolder`. */
  readonly sdk: string;
  /** Link to the GOROOT that `bin/go` starts. */
  readonly current: string;
  /** GOMODCACHE, extracted. */
  readonly mod: string;
  /** The part of GOMODCACHE that is laid out as a GOPROXY. */
  readonly download: string;
  readonly state: string;
  /** What is installed; its rename is the commit point of every change. */
  readonly stateFile: string;
  /** Only there while a transaction runs, or after one that was interrupted. */
  readonly journal: string;
  readonly lock: string;
  readonly audit: string;
  readonly generations: string;
  readonly trust: string;
  readonly units: string;
  readonly logs: string;
  /** On Windows: .reg files with the values of the registry as they were before goferry changed them. */
  readonly registry: string;
  /** Only there while a transaction runs, or after one that was interrupted. */
  readonly staging: string;
}

/** `root` is the absolute path of the root, without links where that matters to the caller. */
export function layout(root: string): Layout {
  const state = join(root, "state");
  const mod = join(root, "mod");
  return {
    root,
    bin: join(root, "bin"),
    goferry: join(root, "bin", programFile("goferry")),
    sdk: join(root, "sdk"),
    current: join(root, "current"),
    mod,
    download: join(mod, "cache", "download"),
    state,
    stateFile: join(state, "state.json"),
    journal: join(state, "journal.json"),
    lock: join(state, "lock"),
    audit: join(state, "audit.jsonl"),
    generations: join(state, "generations"),
    trust: join(state, "trust"),
    units: join(state, "units"),
    logs: join(state, "logs"),
    registry: join(state, "registry"),
    staging: join(root, "staging"),
  };
}

/** The file of a program, by the name that people type: Windows starts no other than NAME.exe. */
export function programFile(name: string): string {
  return sep === "\\" ? `${name}.exe` : name;
}

/** The GOROOT of a Go version, written without "go": `sdkFolder(at, "1.27.1")` is `<root>/sdk/go1.27.1`. */
export function sdkFolder(at: Layout, version: string): string {
  return join(at.sdk, `go${version}`);
}

/** The folder of the files that have a unit's h1; of a unit that is only a .mod there is none. */
export function unitTree(at: Layout, unit: Unit): string {
  return unit.kind === "toolchain" ? sdkFolder(at, unit.go) : moduleFolder(at, unit);
}

/** The tree of a module. */
export function moduleFolder(at: Layout, module: ModuleVersion): string {
  return join(at.root, modulePlace(module).tree.slice(0, -1));
}

/** The state that a generation left: `generationFile(at, 3)` is `<root>/state/generations/3.json`. */
export function generationFile(at: Layout, generation: number): string {
  return join(at.generations, `${generation}.json`);
}

/** The go.env in which a GOROOT is configured. */
export function goEnvFile(at: Layout, version: string): string {
  return join(sdkFolder(at, version), "go.env");
}
