// The closure of one entry of `modules:` or `tools:`: what a project needs that imports all of a module, or what
// `go install` of a tool needs. Each entry has a module of its own that imports nothing else, so that one entry
// cannot raise the versions of another; Go decides the versions exactly as it will on the host.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError, unitName } from "@goferry/core";
import { hasLookedForVersions, platformEnv } from "./project-closure.ts";
import type { GoCommand } from "./command.ts";

export interface FetchEntryOptions {
  go: GoCommand;
  /** An empty folder for the module of this entry. */
  cwd: string;
  /** `path@version` or `path@query`. */
  entry: string;
  kind: "module" | "tool";
  platforms: readonly string[];
  /** Takes away what was downloaded so far, as none of the closure. */
  setAside(): Promise<void>;
  signal?: AbortSignal | undefined;
}

/** What an entry stands for. */
export interface ResolvedEntry {
  entry: string;
  kind: "module" | "tool";
  /** The module, and its exact version. */
  path: string;
  version: string;
  /** The packages that were imported to find what they need: the tool's, or those of the module that can be. */
  imports: string[];
  /** Go had to look for the version of a module, which is the newest of that day. */
  hasLookedForVersions: boolean;
  /** Something that is imported on the way is nowhere; a note says what. */
  isIncomplete: boolean;
  notes: string[];
}

/** Its path is never asked of a server: .invalid is no top-level domain (RFC 2606). */
export const SCRATCH_MODULE = "goferry.invalid/closure";

/**
 * Downloads the closure to the GOMODCACHE of `go`.
 * @throws what GoCommand.run throws; TOOL_INVALID for a tool whose package is no command; MODULE_INVALID for a package
 * where a module is asked for
 */
export async function fetchEntry(options: FetchEntryOptions): Promise<ResolvedEntry> {
  const { go, cwd, entry, kind, signal } = options;
  const path = entry.slice(0, entry.lastIndexOf("@"));
  const at = { cwd, signal, subject: entry };
  const run = (...args: string[]): Promise<{ stdout: string }> => go.run(args, at);
  await run("mod", "init", SCRATCH_MODULE);
  await run("get", entry);
  // It also read the newest go.mod of the module, whichever version was asked for, to see what was retracted: nothing that
  // a host needs, and another one as soon as somebody publishes. What is needed, the commands below ask for again.
  await options.setAside();

  const module = await owningModule(options, path);
  if (kind === "module" && module.path !== path) throw noModule(entry, module);
  const found = kind === "tool" ? [await commandPackage(options, path)] : await packagesOf(options, path);
  const imports = found.filter((name) => kind === "tool" || !isInternal(name));
  await writeFile(join(cwd, "imports.go"), importsFile(imports));

  // -e: a package that imports what nobody serves any more is no reason to refuse the others.
  const { failure, lack, stderr } = await go.attempt(["mod", "tidy", "-e"], at);
  if (failure !== undefined) throw failure;
  await run("mod", "download");
  const notes = lack === undefined ? [] : [`${entry}: something it imports is missing: ${reasonOf(lack)}`];
  return {
    entry,
    kind,
    ...module,
    imports,
    hasLookedForVersions: hasLookedForVersions(stderr),
    isIncomplete: lack !== undefined,
    notes: [...notes, ...(await listAll(options))],
  };
}

/** Told apart from a module here, because for Go the version of a package is that of its module. */
function noModule(entry: string, module: { path: string; version: string }): GoferryError {
  const name = unitName(module);
  return new GoferryError("MODULE_INVALID", {
    subject: entry,
    message: "this is a package, not a module",
    expected: `a module, here ${name}`,
    found: `the package ${entry.slice(module.path.length + 1, entry.lastIndexOf("@"))} of it`,
    next: `Write ${name} under modules: in goferry.yaml, or under tools: the package of a command.`,
  });
}

/** The error of a package, for GoCommand.attempt to judge. */
const ERROR = "{{with .Error}}{{.Err}}{{end}}";

/** Marks the lines of packages among those of errors. */
const PACKAGE = "package\t";

async function commandPackage(options: FetchEntryOptions, path: string): Promise<string> {
  const { go, cwd, entry, signal } = options;
  const args = ["list", "-e", "-find", "-f", `{{.Name}}\n${ERROR}`, path];
  const { stdout, failure } = await go.attempt(args, { cwd, signal, subject: entry });
  if (failure !== undefined) throw failure;
  const [found = ""] = stdout.split("\n");
  if (found === "main") return path;
  throw new GoferryError("TOOL_INVALID", {
    subject: entry,
    message: "the package of a tool is not a command",
    expected: "package main",
    found: found === "" ? "no package at this path" : `package ${found}`,
    next: "Name the package of the command, as for `go install`; a library belongs under modules: in goferry.yaml.",
  });
}

/** The packages of the module for all platforms: a package may have files for one of them only. */
async function packagesOf(options: FetchEntryOptions, path: string): Promise<string[]> {
  const { go, cwd, entry, platforms, signal } = options;
  const packages = new Set<string>();
  for (const platform of platforms) {
    const args = [
      "list",
      "-e",
      "-find",
      "-f",
      `{{if .Name}}${PACKAGE}{{.ImportPath}}{{end}}\n${ERROR}`,
      `${path}/...`,
    ];
    const env = platformEnv(platform, undefined);
    const { stdout, failure } = await go.attempt(args, { cwd, env, signal, subject: entry });
    if (failure !== undefined) throw failure;
    for (const line of stdout.split("\n")) {
      if (line.startsWith(PACKAGE)) packages.add(line.slice(PACKAGE.length));
    }
  }
  return [...packages];
}

/** The module that `path` is, or is in: an entry may name a package. */
async function owningModule(
  options: FetchEntryOptions,
  path: string,
): Promise<{ path: string; version: string }> {
  const { go, cwd, entry, signal } = options;
  const at = { cwd, signal, subject: entry };
  const { stdout } = await go.run(["list", "-m", "-f", "{{.Path}} {{.Version}}", "all"], at);
  const modules = stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const [owner] = modules
    .filter(([name = ""]) => path === name || path.startsWith(`${name}/`))
    .toSorted(([a = ""], [b = ""]) => b.length - a.length);
  const [name, version] = owner ?? [];
  if (name !== undefined && version !== undefined) return { path: name, version };
  throw new GoferryError("NOT_FOUND", {
    subject: entry,
    message: "no module has this path",
    found: stdout.trim(),
  });
}

/**
 * A file of a module that imports these packages. Tidy reads files under any build tag, and imports of commands, which a
 * build would refuse.
 */
export function importsFile(imports: readonly string[]): string {
  const lines = imports.map((name) => `import _ ${JSON.stringify(name)}\n`);
  return `//go:build closure\n\npackage closure\n\n${lines.join("")}`;
}

function isInternal(name: string): boolean {
  return /(?:^|\/)(?:internal|vendor)(?:\/|$)/u.test(name);
}

async function listAll({ go, cwd, entry, signal }: FetchEntryOptions): Promise<string[]> {
  const at = { cwd, signal, subject: entry };
  const { failure } = await go.attempt(["list", "-m", "-json", "all"], at);
  if (failure === undefined) return [];
  if (failure.code !== "GO_FAILED") throw failure;
  return [`${entry}: go list -m all will not work on the host: ${reasonOf(failure)}`];
}

function reasonOf({ found, message }: GoferryError): string {
  return found ?? message;
}
