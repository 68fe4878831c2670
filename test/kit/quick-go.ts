// A small world of modules, with which a whole build takes seconds instead of half a minute: a module proxy on this
// machine, a checksum database of its own, and a toolchain of real programs without the sources of the standard
// library. It builds packages that import nothing, and so shows everything but a program.

import {
  zipPrefix,
  dirhash,
  goModHash,
  sha256Hex,
  TOOLCHAIN_PATH,
  toolchainModule,
} from "../../packages/core/src/index.ts";
import { openModuleZip } from "../../packages/bundler/src/go/zip.ts";
import { checksumLog, type ChecksumLog } from "./checksum-log.ts";
import { makeZip } from "./make-zip.ts";
import { serveModules, type Answer, type ModuleServer, type ModuleServerOptions } from "./module-server.ts";
import { testPlatform } from "./real-go.ts";
import { fetchToolchain } from "./real-modules.ts";

export interface QuickWorld extends AsyncDisposable {
  server: ModuleServer;
  log: ChecksumLog;
  /** By path, without a slash in front. Tests put in what they like. */
  answers: Map<string, Answer | (() => Promise<Answer>)>;
  /** GOPROXY and GOSUMDB. */
  env: { GOPROXY: string; GOSUMDB: string };
}

/** The version that there is, for the platform of the tests. */
export const QUICK_VERSION = "1.27.1";

/** Of the real toolchain: what `go build`, `go vet` and the installer's self-test start or read. */
const KEPT =
  /^(?:VERSION|go\.env|LICENSE|bin\/.*|pkg\/tool\/[^/]+\/(?:asm|compile|link|vet)|src\/(?:unsafe|builtin)\/.*|src\/_go\.mod)$/u;

/** @param go versions that it serves; the list of the proxy has others too */
export async function quickWorld(
  options: ModuleServerOptions = {},
  go: readonly string[] = [QUICK_VERSION],
): Promise<QuickWorld> {
  const log = checksumLog();
  const answers: QuickWorld["answers"] = new Map();
  const server = await serveModules(async (path) => {
    const answer = answers.get(path) ?? (await fromLog(log, path));
    return typeof answer === "function" ? await answer() : answer;
  }, options);
  const world: QuickWorld = {
    server,
    log,
    answers,
    env: { GOPROXY: server.url, GOSUMDB: log.vkey },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  for (const version of go) await addToolchain(world, version);
  const listed = ["1.26.7", "1.26.8", "1.27.0", ...go].map(
    (version) => toolchainModule(version, testPlatform()).version,
  );
  world.answers.set(`${TOOLCHAIN_PATH}/@v/list`, [...new Set(listed), ""].join("\n"));
  return world;
}

async function fromLog(log: ChecksumLog, path: string): Promise<Answer | undefined> {
  const [, file] = /^sumdb\/sum\.example\.com\/(.+)$/u.exec(path) ?? [];
  if (file === undefined) return undefined;
  return file === "supported" ? "" : await log.fetch(file).catch(() => undefined);
}

async function addToolchain(world: QuickWorld, version: string): Promise<void> {
  const module = toolchainModule(version, testPlatform());
  const files = await toolchainFiles(module);
  addModule(world, { ...module, files, goMod: `module ${module.path}\n` });
}

async function toolchainFiles(module: { path: string; version: string }): Promise<TestFiles> {
  const file = await fetchToolchain(`${module.path}/@v/${module.version}.zip`);
  const zip = await openModuleZip(file, zipPrefix(module));
  const files: TestFiles = {};
  for (const entry of zip.entries) if (KEPT.test(entry.path)) files[entry.path] = await zip.read(entry);
  await zip.close();
  return files;
}

type TestFiles = Record<string, string | Uint8Array>;

export interface TestModule {
  path: string;
  version: string;
  files: TestFiles;
  /** By default the go.mod among the files. */
  goMod?: string;
}

/** Puts a module on the proxy and into the checksum database. Gives its lines for go.sum. */
export function addModule(world: QuickWorld, module: TestModule): string {
  const { path, version, files } = module;
  const goMod = module.goMod ?? Buffer.from(files["go.mod"] ?? `module ${path}\n`).toString();
  const { h1, modH1 } = { h1: hashFiles(module), modH1: goModHash(Buffer.from(goMod)) };
  world.log.add({ path, version, h1, modH1 });
  serveModule(world, module, goMod);
  return goSumLines({ path, version, h1, modH1 });
}

/** Puts other files on the proxy in place of a module's. Gives the lines for go.sum that would agree with them. */
export function changeModule(world: QuickWorld, module: TestModule): string {
  serveModule(world, module, Buffer.from(module.files["go.mod"] ?? "").toString());
  return goSumOf(module);
}

/** The lines of a module for go.sum. */
export function goSumOf(module: TestModule): string {
  const goMod = Buffer.from(module.files["go.mod"] ?? "");
  return goSumLines({ ...module, h1: hashFiles(module), modH1: goModHash(goMod) });
}

function serveModule({ answers }: QuickWorld, { path, version, files }: TestModule, goMod: string): void {
  const zip = makeZip(
    Object.entries(files).map(([name, content]) => ({
      name: `${path}@${version}/${name}`,
      content,
      stored: true,
    })),
  );
  const place = `${path}/@v/${version}`;
  answers.set(`${path}/@v/list`, `${version}\n`);
  answers.set(`${place}.info`, JSON.stringify({ Version: version }));
  answers.set(`${place}.mod`, goMod);
  answers.set(`${place}.zip`, zip);
}

function hashFiles(module: TestModule): string {
  const prefix = zipPrefix(module);
  return dirhash(
    Object.entries(module.files).map(([name, content]) => ({
      name: prefix + name,
      sha256: sha256Hex(Buffer.from(content)),
    })),
  );
}

function goSumLines({
  path,
  version,
  h1,
  modH1,
}: {
  path: string;
  version: string;
  h1: string;
  modH1: string;
}): string {
  return `${path} ${version} ${h1}\n${path} ${version}/go.mod ${modH1}\n`;
}
