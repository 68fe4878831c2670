// What is measured: bundles of real toolchains and of Prometheus' modules, and the same files as people carry them today.
// Made once, in a folder that stays: the stand-alone executable builds the bundles, its Go makes the GOMODCACHE.

import { access, cp, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackToolchain } from "../../packages/bundler/src/go/toolchain.ts";
import { hashModuleZip } from "../../packages/bundler/src/go/zip.ts";
import { inspectBundle, openFileSource, toolchainModule, zipPrefix } from "../../packages/core/src/index.ts";
import { inherited, runCommand } from "./measure.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

export const GO = "1.27.1";
/** The patch release before. */
export const OTHER_GO = "1.27.0";
export const PLATFORM = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`;
export const THREE = ["linux/amd64", "linux/arm64", "darwin/arm64"];
const PROMETHEUS = "github.com/prometheus/prometheus@v0.315.0";

/** Of these a rehearsal compiles little; which modules a project needs does not depend on it. */
export const FEW_PACKAGES = "./util/strutil";

export interface Inputs {
  /** Everything below it can be made again. */
  folder: string;
  /** The stand-alone goferry. */
  goferry: string;
  publicKey: string;
  /** The cache of builds that make inputs. */
  cache: string;
}

export interface InputOptions {
  /** In place of the one that is built of these sources. */
  executable?: string | undefined;
}

export async function openInputs({ executable }: InputOptions = {}): Promise<Inputs> {
  const folder = process.env["GOFERRY_BENCH_DIR"] ?? join(REPOSITORY, "node_modules/.cache/goferry/bench");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const inputs = {
    folder,
    goferry: executable ?? (await makeExecutable()),
    publicKey: join(folder, "keys/public.asc"),
    cache: join(folder, "cache"),
  };
  await once(join(folder, "keys"), async (to) => {
    const words = ["key", "generate", "--name", "Bench", "--email", "bench@example.com", "--out", to];
    await goferry(inputs, words);
  });
  return inputs;
}

async function makeExecutable(): Promise<string> {
  const name = PLATFORM.replace("/", "-");
  await runCommand({ words: [process.execPath, join(REPOSITORY, "scripts/executables.ts"), name] });
  return join(REPOSITORY, "dist", `goferry-${name}`);
}

/** Runs goferry without the settings of the user, but with GOPROXY. */
async function goferry(inputs: Pick<Inputs, "goferry">, words: readonly string[]): Promise<string> {
  return await runCommand({ words: [inputs.goferry, ...words], env: await buildEnv() });
}

/** The environment of builds: the module proxy of this machine, and the passphrase of a key that is good for nothing else. */
export async function buildEnv(): Promise<Record<string, string>> {
  return { ...inherited(), GOPROXY: await goproxy(), GOFERRY_KEY_PASSPHRASE: "bench" };
}

async function goproxy(): Promise<string> {
  const own = process.env["GOPROXY"];
  if (own !== undefined && own !== "") return own;
  return (await runCommand({ words: ["go", "env", "GOPROXY"] })).trim();
}

export interface BundleWish {
  name: string;
  go?: readonly string[];
  platforms?: readonly string[];
  /** With Prometheus as a project, of which the rehearsal builds these packages. */
  packages?: string;
  /** Sources of the project; Prometheus' if left out. */
  project?: string;
  /** More arguments of build. */
  words?: readonly string[];
}

/** A bundle, built unless it is there. */
export async function bundleOf(inputs: Inputs, wish: BundleWish): Promise<string> {
  return await once(join(inputs.folder, `${wish.name}.tar`), async (to) => {
    await writeSpec(inputs, wish);
    await goferry(inputs, buildWords(inputs, wish, to));
  });
}

/** The arguments of a build of what {@link writeSpec} wrote. */
export function buildWords(
  { folder, cache }: Inputs,
  { name, words = [] }: BundleWish,
  out: string,
): string[] {
  const spec = join(folder, "specs", name, "goferry.yaml");
  const key = join(folder, "keys/private.asc");
  return ["build", spec, "--sign-key", key, "--out", out, "--cache", cache, "--quiet", ...words];
}

export async function writeSpec(inputs: Inputs, wish: BundleWish): Promise<void> {
  const { name, go = [GO], platforms = [PLATFORM], packages, project } = wish;
  const folder = join(inputs.folder, "specs", name);
  await mkdir(folder, { recursive: true });
  const projects =
    packages === undefined
      ? ""
      : `projects: [{path: ${project ?? (await prometheus(inputs))}, name: prometheus, packages: [${packages}]}]\n`;
  const yaml = `name: ${name}\ngo: ${JSON.stringify(go)}\nplatforms: ${JSON.stringify(platforms)}\n${projects}`;
  await writeFile(join(folder, "goferry.yaml"), yaml);
}

/** Prometheus' sources, without its go.work. */
export async function prometheus(inputs: Inputs): Promise<string> {
  return await once(join(inputs.folder, "prometheus"), async (to) => {
    const go = join(await rootOf(inputs), "bin/go");
    const cache = join(inputs.folder, "sources");
    const env = { ...(await buildEnv()), HOME: inputs.folder, GOMODCACHE: cache, GOFLAGS: "-modcacherw" };
    const printed = await runCommand({ words: [go, "mod", "download", "-json", PROMETHEUS], env, cwd: "/" });
    const { Dir } = JSON.parse(printed) as { Dir: string };
    await cp(Dir, to, { recursive: true });
    for (const name of ["go.work", "go.work.sum"]) await rm(join(to, name), { force: true });
    await rm(cache, { recursive: true, force: true });
  });
}

/** The bundle of one toolchain. */
export async function toolchainBundle(inputs: Inputs): Promise<string> {
  return await bundleOf(inputs, { name: "toolchain" });
}

/** The bundle of the same toolchain and Prometheus' modules. */
export async function modulesBundle(inputs: Inputs): Promise<string> {
  return await bundleOf(inputs, { name: "modules", packages: FEW_PACKAGES });
}

export async function twoVersionsBundle(inputs: Inputs): Promise<string> {
  return await bundleOf(inputs, { name: "toolchain-minor", go: [GO, OTHER_GO] });
}

/** A root with the toolchain in it. */
export async function rootOf(inputs: Inputs): Promise<string> {
  const bundle = await toolchainBundle(inputs);
  return await once(join(inputs.folder, "root"), async (to) => {
    await install(inputs, bundle, to);
  });
}

export async function install(
  inputs: Inputs,
  bundle: string,
  root: string,
  ...words: string[]
): Promise<void> {
  await goferry(inputs, installWords(inputs, bundle, root, ...words));
}

export function installWords(
  { publicKey }: Inputs,
  bundle: string,
  root: string,
  ...words: string[]
): string[] {
  return ["install", bundle, "--key", publicKey, "--root", root, "--quiet", ...words];
}

/**
 * A toolchain as an archive of the form of go.dev/dl: the files of the toolchain module, which are those of the official
 * archive without api/, doc/, misc/ and test/, so that both carry the same.
 */
export async function archiveOf(
  inputs: Inputs,
  platform: string,
): Promise<{ tar: string; gz: string; zip: string }> {
  const name = `go${GO}.${platform.replace("/", "-")}`;
  const module = toolchainModule(GO, platform);
  const zip = join(inputs.cache, "downloads/name", `${module.path}/@v/${module.version}.zip`);
  const tar = await once(join(inputs.folder, `${name}.tar`), async (to) => {
    const tree = join(inputs.folder, `${name}.tree`);
    await rm(tree, { recursive: true, force: true });
    const h1 = await hashModuleZip(zip, zipPrefix(module));
    await unpackToolchain({ zip, h1, version: module.version, dir: join(tree, "go") });
    await runCommand({ words: [...TAR, "-cf", to, "-C", tree, "go"] });
    await rm(tree, { recursive: true });
  });
  const gz = await once(`${tar}.gz`, (to) => shell('gzip -9 -c "$1" > "$2"', tar, to));
  return { tar, gz, zip };
}

const TAR = ["tar", "--sort=name", "--owner=0", "--group=0", "--mtime=2026-01-01"];

/** Prometheus' modules as go keeps them: the folder, and as archives. */
export async function modCache(
  inputs: Inputs,
): Promise<{ proxy: string; tar: string; gz: string; go: string }> {
  const bundle = await modulesBundle(inputs);
  const proxy = await once(join(inputs.folder, "proxy"), async (to) => {
    const root = join(inputs.folder, "proxy-root");
    await rm(root, { recursive: true, force: true });
    await install(inputs, bundle, root, "--self-test", "tools");
    await rename(join(root, "mod/cache/download"), to);
    await goferry(inputs, ["uninstall", "--all", "--root", root]).catch(() => undefined);
    await rm(root, { recursive: true, force: true });
  });
  const go = join(await rootOf(inputs), "sdk", `go${GO}`, "bin/go");
  const tar = await once(join(inputs.folder, "gomodcache.tar"), async (to) => {
    const folder = join(inputs.folder, "gomodcache");
    await rm(folder, { recursive: true, force: true });
    const sources = await prometheus(inputs);
    await runCommand(downloadCommand(inputs, { go, proxy, sources, modCache: folder }));
    await runCommand({ words: [...TAR, "-cf", to, "-C", folder, "."] });
    await rm(folder, { recursive: true });
  });
  const gz = await once(`${tar}.gz`, (to) => shell('gzip -c "$1" > "$2"', tar, to));
  return { proxy, tar, gz, go };
}

/**
 * GOMODCACHE as tar.gz with every module of the bundle: those too that go mod tidy and the tests of dependencies need, which
 * `go mod download` alone leaves out.
 */
export async function wholeModCache(inputs: Inputs): Promise<string> {
  const { proxy, go } = await modCache(inputs);
  return await once(join(inputs.folder, "gomodcache-whole.tar.gz"), async (to) => {
    await using source = await openFileSource(await modulesBundle(inputs));
    const { contents } = await inspectBundle(source);
    const modules = contents.units.flatMap(({ kind, path, version }) =>
      kind === "module" ? [`${path}@${version}`] : [],
    );
    const folder = join(inputs.folder, "gomodcache");
    await rm(folder, { recursive: true, force: true });
    const sources = await prometheus(inputs);
    const { words, env } = downloadCommand(inputs, { go, proxy, sources, modCache: folder });
    await runCommand({ words: [...words, ...modules], env, cwd: inputs.folder });
    await runCommand({ words: [...TAR, "-czf", to, "-C", folder, "."] });
    await rm(folder, { recursive: true });
  });
}

/** `go mod download` of Prometheus from a folder: what go.sum says is checked, and no database asked. */
export function downloadCommand(
  { folder: home }: Inputs,
  { go, proxy, sources, modCache: folder }: { go: string; proxy: string; sources: string; modCache: string },
): { words: string[]; env: Record<string, string>; cwd: string } {
  return {
    words: [go, "mod", "download"],
    cwd: sources,
    env: {
      HOME: home,
      PATH: process.env["PATH"] ?? "",
      GOPROXY: proxy.startsWith("/") ? `file://${proxy}` : proxy,
      GOMODCACHE: folder,
      GOFLAGS: "-modcacherw",
      GOSUMDB: "off",
      GOENV: "off",
      GOTOOLCHAIN: "local",
      GOWORK: "off",
    },
  };
}

/** The compressed layers of a bundle, each in a file. */
export async function layersOf(bundle: string): Promise<string[]> {
  const folder = await once(`${bundle}.layers`, async (to) => {
    await mkdir(to);
    await runCommand({ words: ["tar", "-xf", bundle, "-C", to] });
  });
  await using source = await openFileSource(bundle);
  const { contents } = await inspectBundle(source);
  return contents.layers.map(({ digest }) => join(folder, "blobs/sha256", digest.slice("sha256:".length)));
}

export async function sizeOf(file: string): Promise<number> {
  return (await stat(file)).size;
}

/** A shell line with its arguments as $1, $2 … */
async function shell(line: string, ...args: string[]): Promise<void> {
  await runCommand({ words: ["sh", "-ec", line, "sh", ...args] });
}

/** Makes a file or folder beside its name and gives it that name when it is whole; nothing where it is there. */
async function once(path: string, make: (draft: string) => Promise<void>): Promise<string> {
  if (await isThere(path)) return path;
  process.stderr.write(`  making ${path}\n`);
  const draft = `${path}.draft`;
  await rm(draft, { recursive: true, force: true });
  await make(draft);
  await rename(draft, path);
  return path;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** What the figures depend on. */
export async function machineFacts(): Promise<{
  cpu: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
}> {
  const { cpus, totalmem, release } = await import("node:os");
  const info = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  const model = /^model name\s*:\s*(.*)$/mu.exec(info)?.[1];
  return {
    cpu: model ?? cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
  };
}
