// Good input is never refused: every module that Prometheus, hugo and golangci-lint are built from, and toolchains from Go
// 1.21 on, pass all rules of the packer and of the reader: names, sizes, modes, headers, and the place of each file in a
// layer. Nothing is compressed. What the module proxy of this machine does not serve is named.

import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openModuleZip } from "../../packages/bundler/src/go/zip.ts";
import { openNetwork, type Network } from "../../packages/bundler/src/network.ts";
import { inParallel } from "../../packages/bundler/src/parallel.ts";
import { EntryNames } from "../../packages/core/src/archive/names.ts";
import { decodeHeader } from "../../packages/core/src/archive/ustar.ts";
import {
  compareNames,
  encodedZipPrefix,
  encodeHeader,
  escapePath,
  escapeVersion,
  fileMode,
  GoferryError,
  sdkPlace,
  TOOLCHAIN_PATH,
  toolchainModule,
  toolchainTreeName,
  zipPrefix,
  type ModuleVersion,
  type TarEntry,
} from "../../packages/core/src/index.ts";
import { MAX_UNIT_BYTES } from "../../packages/core/src/limits.ts";
import { TEST_CACHE, testMachine } from "../kit/demo-bundle.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";

const PROJECTS: readonly ModuleVersion[] = [
  { path: "github.com/prometheus/prometheus", version: "v0.315.0" },
  { path: "github.com/gohugoio/hugo", version: "v0.169.0" },
  { path: "github.com/golangci/golangci-lint/v2", version: "v2.15.0" },
];

const TOOLCHAINS = ["1.21.13", "1.22.12", "1.24.6", "1.26.8", "1.27.1"];

/** Bytes of a zip: what Go accepts. */
const LIMIT = 500 << 20;

let folder: Scratch;
let proxy: Network["proxy"];

beforeAll(async () => {
  folder = await scratchFolder("goferry-good-input");
  const context = { machine: await testMachine(), workDir: TEST_CACHE, onProgress: () => undefined };
  ({ proxy } = await openNetwork(context));
});
afterAll(() => folder[Symbol.asyncDispose]());

it("every module of three projects passes all rules", async () => {
  const modules = new Map<string, ModuleVersion>();
  for (const project of PROJECTS) {
    const needed = await requirementsOf(project);
    process.stdout.write(`  ${project.path}@${project.version}: ${needed.length} modules\n`);
    for (const each of [project, ...needed]) modules.set(`${each.path}@${each.version}`, each);
  }
  const found = await inParallel([...modules], { width: 8 }, async ([name, module]) => {
    const tree = (entry: { path: string }): Pick<TarEntry, "path" | "mode"> => ({
      path: `mod/${encodedZipPrefix(module)}${entry.path}`,
      mode: 0o644,
    });
    return { name, ...(await passes(module, tree)) };
  });
  tell(found);
  expect(
    found.flatMap(({ name, refused }) => (refused === undefined ? [] : [`${name}: ${refused}`])),
  ).toEqual([]);
  expect(found.filter(({ files }) => files > 0).length).toBeGreaterThan(500);
});

it("toolchains from Go 1.21 on pass all rules", async () => {
  const found: Found[] = [];
  for (const go of TOOLCHAINS) {
    const module = toolchainModule(go, "linux/amd64");
    const tree = (entry: { path: string }): Pick<TarEntry, "path" | "mode"> => {
      const name = toolchainTreeName(entry.path);
      return { path: sdkPlace(go) + name, mode: fileMode(name) };
    };
    found.push({ name: `${TOOLCHAIN_PATH}@${module.version}`, ...(await passes(module, tree)) });
  }
  tell(found);
  expect(found.map(({ refused }) => refused)).toEqual(TOOLCHAINS.map(() => undefined));
  expect(found.every(({ files, absent }) => absent !== undefined || files > 8000)).toBe(true);
});

interface Passed {
  files: number;
  bytes: number;
  /** By what it was refused, which must not be. */
  refused?: string;
  /** Why the proxy does not serve it. */
  absent?: string;
}

interface Found extends Passed {
  name: string;
}

function tell(found: readonly Found[]): void {
  for (const { name, absent } of found)
    if (absent !== undefined) process.stdout.write(`  not served: ${name}: ${absent}\n`);
  const sum = (what: "files" | "bytes"): number => found.reduce((total, each) => total + each[what], 0);
  process.stdout.write(
    `  ${found.length} zips, ${sum("files")} files, ${(sum("bytes") / 1e6).toFixed(0)} MB unpacked\n`,
  );
}

/** Downloads a zip and puts it through the rules of both sides. */
async function passes(
  module: ModuleVersion,
  place: (entry: { path: string }) => Pick<TarEntry, "path" | "mode">,
): Promise<Passed> {
  const url = `${escapePath(module.path)}/@v/${escapeVersion(module.version)}.zip`;
  const file = join(folder.path, `${module.path}@${module.version}.zip`.replaceAll("/", "_"));
  try {
    await proxy.download(url, file, { subject: `${module.path}@${module.version}`, limit: LIMIT });
  } catch (error) {
    if (error instanceof GoferryError && error.code === "NOT_FOUND")
      return { files: 0, bytes: 0, absent: error.found ?? error.message };
    throw error;
  }
  try {
    return await judge(file, module, place);
  } catch (error) {
    return { files: 0, bytes: 0, refused: String(error) + JSON.stringify(error) };
  } finally {
    await rm(file, { force: true });
  }
}

async function judge(
  file: string,
  module: ModuleVersion,
  place: (entry: { path: string }) => Pick<TarEntry, "path" | "mode">,
): Promise<Passed> {
  const zip = await openModuleZip(file, zipPrefix(module));
  await zip.close();
  const names = new EntryNames();
  let bytes = 0;
  const entries = zip.entries.map((entry): TarEntry => ({ ...place(entry), size: entry.size }));
  for (const entry of entries.toSorted((a, b) => compareNames(a.path, b.path))) {
    names.add(entry.path);
    expect(decodeHeader(encodeHeader(entry))).toEqual(entry);
    bytes += entry.size;
  }
  expect(bytes).toBeLessThan(MAX_UNIT_BYTES);
  return { files: entries.length, bytes };
}

interface GoMod {
  /** null where there is none. */
  Require: { Path: string; Version: string }[] | null;
  Replace: { Old: { Path: string }; New: { Path: string; Version?: string } }[] | null;
}

/** What the go.mod of a module lists: since Go 1.17 everything that its packages and tests are built from. */
async function requirementsOf(module: ModuleVersion): Promise<ModuleVersion[]> {
  const url = `${escapePath(module.path)}/@v/${escapeVersion(module.version)}.mod`;
  const file = join(folder.path, "go.mod");
  await writeFile(file, await proxy.get(url, { subject: module.path, limit: 1 << 24 }));
  const { stdout } = await promisify(execFile)("go", ["mod", "edit", "-json", file], { cwd: folder.path });
  const { Require, Replace } = JSON.parse(stdout) as GoMod;
  return (Require ?? []).flatMap(({ Path, Version }) => {
    const replaced = Replace?.find(({ Old }) => Old.Path === Path)?.New;
    if (replaced === undefined) return [{ path: Path, version: Version }];
    return replaced.Version === undefined ? [] : [{ path: replaced.Path, version: replaced.Version }];
  });
}
