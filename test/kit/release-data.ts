// What Google publishes, for tests: source archives with Google's real signature, and binary archives byte for byte as at
// go.dev/dl. They come from the folder that GOFERRY_REALDATA names; without it, source archives from Debian, whose source
// packages of Go are Google's archive and signature unchanged, and a binary archive made from the toolchain's module.

import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { unpackToolchain } from "../../packages/bundler/src/go/toolchain.ts";
import { hashModuleZip } from "../../packages/bundler/src/go/zip.ts";
import { createHttp } from "../../packages/bundler/src/net/http.ts";
import { toolchainModule, unitName } from "../../packages/core/src/index.ts";
import { aptSource } from "./apt-source.ts";
import { writeFiles } from "./bundler-go.ts";
import { TEST_CACHE } from "./demo-bundle.ts";
import { fetchToolchain } from "./real-modules.ts";

/** The release in the folder of GOFERRY_REALDATA. */
export const RELEASE = "1.27.0";

export interface SignedSource {
  /** Path of the archive. */
  file: string;
  /** Google's .asc. */
  signature: Uint8Array;
}

/** A file of the folder that GOFERRY_REALDATA names; undefined where there is none. */
export async function realData(name: string): Promise<string | undefined> {
  const folder = process.env["GOFERRY_REALDATA"];
  if (folder === undefined) return undefined;
  const file = join(folder, name);
  return await access(file).then(
    () => file,
    () => undefined,
  );
}

/**
 * What a test needs, or, where it cannot be had: an error if CI is set, else undefined and a word on stderr, for
 * describe.runIf.
 */
export async function orSay<T>(what: string, find: () => Promise<T | undefined>): Promise<T | undefined> {
  let reason = "GOFERRY_REALDATA names no folder that has it";
  const found = await find().catch((error: unknown) => {
    reason = String(error);
    return undefined;
  });
  if (found !== undefined) return found;
  if (process.env["CI"] !== undefined) throw new Error(`${what} cannot be had: ${reason}`);
  process.stderr.write(`tests with ${what} are skipped: ${reason}\n`);
  return undefined;
}

/** The source archive of the release. */
export async function releaseSource(): Promise<SignedSource> {
  const file = await realData(`go${RELEASE}.src.tar.gz`);
  return file === undefined
    ? await debianSource("golang-1.27", RELEASE)
    : { file, signature: await readFile(`${file}.asc`) };
}

/**
 * The source archive of a Go release in Debian, such as "1.19.8" in "golang-1.19", kept between runs. Nothing vouches for
 * the download but the signature that the tests look at.
 */
export async function debianSource(name: string, version: string): Promise<SignedSource> {
  const source = await aptSource();
  if (source === undefined) throw new Error("apt has no archive of Debian in its settings");
  const folder = join(TEST_CACHE, "debian");
  await mkdir(folder, { recursive: true });
  const http = createHttp({ env: process.env, userAgent: "goferry-test" });
  const fetched = async (file: string): Promise<string> => {
    const kept = join(folder, file);
    if ((await readFile(kept).catch(() => undefined)) !== undefined) return kept;
    const url = `${source.url.replace(/\/$/u, "")}/pool/main/g/${name}/${file}`;
    // Two test files may want it at once.
    const own = `${kept}.${process.pid}`;
    await http.download(url, own, { subject: file, limit: 100 << 20 });
    await rename(own, kept);
    return kept;
  };
  const file = await fetched(`${name}_${version}.orig.tar.gz`);
  return { file, signature: await readFile(await fetched(`${name}_${version}.orig.tar.gz.asc`)) };
}

export interface BinaryArchive {
  file: string;
  /** The published SHA-256; undefined for one that was made from the module, and has another. */
  published: string | undefined;
}

/** The archive of the release for linux/amd64, as published where its source archive is there. Kept between runs. */
export async function linuxArchive(): Promise<BinaryArchive> {
  const script = await realData("go-dist");
  if (script === undefined) return { file: await moduleArchive(RELEASE), published: undefined };
  const name = linuxName(RELEASE);
  const published = await publishedSum(name);
  const file = await keptArchive(published ?? "from-source", name, (work) => makeOfficial(script, work));
  return { file, published };
}

/** An archive of a release for linux/amd64, from its module. Kept between runs. */
export async function moduleArchive(release: string): Promise<string> {
  return await keptArchive("from-module", linuxName(release), (work) => archiveOfModule(work, release));
}

function linuxName(release: string): string {
  return `go${release}.linux-amd64.tar.gz`;
}

/** @param make puts the file into the folder that it is given */
async function keptArchive(
  folder: string,
  name: string,
  make: (work: string) => Promise<void>,
): Promise<string> {
  const file = join(TEST_CACHE, "archives", folder, name);
  if ((await access(file).catch(() => "absent")) === undefined) return file;
  await mkdir(join(file, ".."), { recursive: true });
  const work = await mkdtemp(join(TEST_CACHE, "archives", "work-"));
  try {
    await make(work);
    await rename(join(work, name), file);
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
  return file;
}

/** What Google publishes as the SHA-256 of a file of the release. */
export async function publishedSum(name: string): Promise<string | undefined> {
  const sums = await realData("SHA256SUMS.official");
  const text = sums === undefined ? "" : await readFile(sums, "utf8");
  return text
    .split("\n")
    .map((line) => line.split("  "))
    .find(([, file]) => file === name)?.[0];
}

/** Builds Go's own distpack and has it make the archive: about a minute on two processors. */
async function makeOfficial(script: string, work: string): Promise<void> {
  const source = await realData(`go${RELEASE}.src.tar.gz`);
  const words = [script, RELEASE, "linux/amd64", work, ...(source === undefined ? [] : [source])];
  await promisify(execFile)("bash", words, { env: { ...process.env, TMPDIR: work }, maxBuffer: 64 << 20 });
}

/** The files of the module under the names of an archive, and some of those that only an archive has. */
async function archiveOfModule(work: string, release: string): Promise<void> {
  const module = toolchainModule(release, "linux/amd64");
  const zip = await fetchToolchain(`${module.path}/@v/${module.version}.zip`);
  const h1 = await hashModuleZip(zip, `${unitName(module)}/`);
  await unpackToolchain({ zip, h1, version: module.version, dir: join(work, "go") });
  await writeFiles(join(work, "go"), { "api/go1.txt": "pkg x\n", "test/x.go": "package x\n" });
  await promisify(execFile)("tar", [
    "--format=ustar",
    "-czf",
    join(work, linuxName(release)),
    "-C",
    work,
    "go",
  ]);
}
