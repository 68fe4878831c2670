// The programs that the self-test builds, a few lines each. One is run. The other imports one package of an installed
// module, where there is one that needs nothing but the standard library: so Go shows that it finds modules and accepts
// their hashes, and nothing depends on what versions a module of many requirements would choose. That one is built and
// vetted and never run: a package runs code as soon as a program with it starts, and an install, which may be root's, is
// no reason to run a module that is only proven to be the one that the world gets.

import { join } from "node:path";
import { compareGoVersions, modulePlace, type ModuleVersion } from "@goferry/core";
import type { HostFs } from "./fs.ts";
import { moduleFolder, type Layout } from "./layout.ts";
import type { InstalledUnit } from "./transaction/state.ts";

export const GREETING = "goferry self-test";

export interface SelfTestProgram {
  /** Texts by their names in the folder of the programs; main.go is the one to run. */
  files: Readonly<Record<string, string>>;
  /** The module that module/main.go imports; null for none, and then there is no such file. */
  module: ModuleVersion | null;
}

interface Choice {
  unit: InstalledUnit;
  /** Import path. */
  package: string;
  /** How much of the standard library is compiled for it. */
  imports: number;
}

/** Modules that are looked at; nearly every bundle has one among the first. */
const LOOKED_AT = 40;
/** Files of a package; a larger one is too much to compile. */
const FILES_READ = 60;
/** Packages of this few imports are good enough to stop looking. */
const FEW_IMPORTS = 4;

/** @param version of the Go that builds it, such as "1.27.1" */
export async function selfTestProgram(
  fs: HostFs,
  at: Layout,
  { units, version }: { units: readonly InstalledUnit[]; version: string },
): Promise<SelfTestProgram> {
  const chosen = await choose(fs, at, { units, version });
  const required = chosen === undefined ? "" : `\nrequire ${chosen.unit.path} ${chosen.unit.version}\n`;
  return {
    files: {
      "main.go": `package main\n\nimport "os"\n\nfunc main() {\n\tos.Stdout.WriteString("${GREETING}\\n")\n}\n`,
      ...(chosen === undefined
        ? {}
        : { "module/main.go": `package main\n\nimport _ "${chosen.package}"\n\nfunc main() {}\n` }),
      "go.mod": `module goferry.invalid/selftest\n\ngo 1.21\n${required}`,
      "go.sum": chosen === undefined ? "" : sumLines(chosen.unit),
    },
    module: chosen === undefined ? null : { path: chosen.unit.path, version: chosen.unit.version },
  };
}

function sumLines({ path, version, h1, modH1 }: InstalledUnit): string {
  return `${path} ${version} ${h1}\n${path} ${version}/go.mod ${modH1}\n`;
}

async function choose(
  fs: HostFs,
  at: Layout,
  { units, version }: { units: readonly InstalledUnit[]; version: string },
): Promise<Choice | undefined> {
  let best: Choice | undefined;
  const whole = units.filter(({ h1, modH1 }) => h1 !== null && modH1 !== null);
  for (const unit of whole.slice(0, LOOKED_AT)) {
    if (!(await isAlone(fs, at, { unit, version }))) continue;
    const found = await packageOf(fs, at, unit);
    if (found !== undefined && (best === undefined || found.imports < best.imports)) best = found;
    if (best !== undefined && best.imports <= FEW_IMPORTS) break;
  }
  return best;
}

/** Whether it requires nothing, and no newer Go. */
async function isAlone(
  fs: HostFs,
  at: Layout,
  { unit, version }: { unit: InstalledUnit; version: string },
): Promise<boolean> {
  const bytes = await fs.readFile(join(at.root, modulePlace(unit).mod));
  if (bytes === null) return false;
  const text = Buffer.from(bytes).toString("utf8");
  const asked = /^go[ \t]+(\S+)/mu.exec(text)?.[1] ?? "1.16";
  return !/^[ \t]*(?:require|replace|toolchain)\b/mu.test(text) && compareGoVersions(asked, version) <= 0;
}

/** The package at the top of the module, or in a folder there. */
async function packageOf(fs: HostFs, at: Layout, unit: InstalledUnit): Promise<Choice | undefined> {
  const top = moduleFolder(at, unit);
  const folders = (await fs.list(top)).filter(({ name, kind }) => kind === "folder" && isPublic(name));
  for (const name of ["", ...folders.map((folder) => folder.name)]) {
    const imports = await importsOf(fs, join(top, name));
    if (imports !== undefined) return { unit, package: [unit.path, name].filter(Boolean).join("/"), imports };
  }
  return undefined;
}

function isPublic(name: string): boolean {
  return /^[a-z][a-z0-9]*$/u.test(name) && !["internal", "vendor", "testdata", "main", "cmd"].includes(name);
}

/** Names of files that Go builds for one system only (internal/syslist of Go). */
const SYSTEM =
  /_(?:aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|nacl|netbsd|openbsd|plan9|solaris|unix|wasip1|windows|zos|386|amd64\w*|arm\w*|loong64|mips\w*|ppc\w*|riscv\w*|s390x?|sparc\w*|wasm)\.go$/u;

/**
 * How many packages it imports; undefined unless it is plainly one that builds anywhere: no constraint, no C, nothing
 * but the standard library. In doubt it is not.
 */
async function importsOf(fs: HostFs, folder: string): Promise<number | undefined> {
  const names = (await fs.list(folder)).filter(
    ({ name }) => name.endsWith(".go") && !name.endsWith("_test.go"),
  );
  if (names.length === 0 || names.length > FILES_READ) return undefined;
  const imports = new Set<string>();
  for (const { name } of names) {
    const text = Buffer.from((await fs.readFile(join(folder, name))) ?? []).toString("utf8");
    const [, head = ""] = /^([^]*?)(?:^(?:func|type|var|const)\b|$(?![^]))/mu.exec(text) ?? [];
    const isPlain = !SYSTEM.test(name) && /^package [a-z]\w*/mu.test(head);
    if (!isPlain || /^package main\b|^\/\/(?:go:build| ?\+build)/mu.test(head)) return undefined;
    for (const [, path = ""] of head.matchAll(/^(?:import )?[ \t]*(?:[\w.]+[ \t]+)?"([^"]+)"/gmu))
      imports.add(path);
  }
  const isStandard = (path: string): boolean => !path.split("/")[0]?.includes(".") && path !== "C";
  return [...imports].every(isStandard) ? imports.size : undefined;
}
