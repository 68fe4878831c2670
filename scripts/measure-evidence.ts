// What log evidence costs: bytes of a bundle, time of its installation, and, with --collect, the time in which a build gets it
// from the checksum database when nothing is cached. The proofs that a host verifies and the tiles that go needs for lookups
// of its own are told apart: the first are what a bundle cannot be without.
//
//   pnpm measure:evidence BUNDLE PUBLIC.asc [--collect]

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openNetwork } from "../packages/bundler/src/network.ts";
import { collectEvidence } from "../packages/bundler/src/sumdb/client.ts";
import { collectTiles } from "../packages/bundler/src/sumdb/tiles.ts";
import {
  canonicalJson,
  checkEvidence,
  openBundle,
  openFileSource,
  readLayer,
  readTrustedKey,
  SUM_GOLANG_ORG_KEY,
  unitsOfLayer,
  type Contents,
  type OpenedBundle,
} from "../packages/core/src/index.ts";

const run = promisify(execFile);
const GOFERRY = fileURLToPath(new URL("../packages/goferry/src/main.ts", import.meta.url));

const words = process.argv.slice(2);
const [file, key] = words.filter((word) => word !== "--collect");
if (file === undefined || key === undefined) {
  console.error("usage: pnpm measure:evidence BUNDLE PUBLIC.asc [--collect]");
  process.exit(2);
}

const folder = await mkdtemp(join(process.env["GOFERRY_MEASURE_DIR"] ?? tmpdir(), "goferry-measure-"));
try {
  await using source = await openFileSource(file);
  const keys = [await readTrustedKey(await readFile(key), key)];
  const bundle = await openBundle(source, { keys, now: new Date() });
  bytes(bundle);
  await time(bundle);
  if (words.includes("--collect")) await collect(bundle.contents);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function bytes({ contents, source: { size } }: OpenedBundle): void {
  const { log: _log, ...rest } = contents;
  const units = contents.units.map((unit) => ({ ...unit, evidence: "private" }));
  const proofs = canonicalJson(contents).length - canonicalJson({ ...rest, units }).length;
  const tiles = contents.layers.reduce((sum, layer) => sum + (layer.kind === "log" ? layer.size : 0), 0);
  const logged = contents.units.filter(({ evidence }) => evidence !== "private").length;
  console.log(`bundle              ${size} bytes, ${logged} of ${contents.units.length} units in the log`);
  console.log(`records and proofs  ${proofs} bytes, ${percent(proofs, size)} of the bundle`);
  console.log(`tiles for go        ${tiles} bytes, ${percent(tiles, size)} of the bundle`);
}

/** In this process nothing has run before, as in an installation, so the first time counts. */
async function time(bundle: OpenedBundle): Promise<void> {
  const { contents } = bundle;
  const policy = { logKey: SUM_GOLANG_ORG_KEY, privatePatterns: ["*"] };
  const proofs = await timed(() => checkEvidence(contents, policy));
  // Before the lock and again under it.
  const again = await timed(() => checkEvidence(contents, policy));
  const tiles = await timed(() => readLogLayer(bundle));
  const root = join(folder, "root");
  const flags = ["--key", key ?? "", "--root", root, "--no-zips", "--allow-private", "*", "--quiet"];
  const install = await timed(() => run(process.execPath, [GOFERRY, "install", file ?? "", ...flags]));
  const lookups = await rewrite(join(root, "mod/cache/download/sumdb"));
  console.log(`installation        ${install.toFixed(2)} s with --no-zips, everything verified`);
  console.log(`proofs              ${told(proofs + again, install)}`);
  console.log(`tiles and lookups   ${told(tiles + lookups, install)}`);
}

async function readLogLayer({ contents, source, layerOffsets }: OpenedBundle): Promise<void> {
  for (const [i, layer] of contents.layers.entries()) {
    if (layer.kind !== "log") continue;
    const units = unitsOfLayer(contents, i);
    await readLayer({ source, offset: layerOffsets[i] ?? 0, layer, units, log: contents.log });
  }
}

/** Seconds that it takes to write these files anew, which is what an installation does with lookups and tiles. */
async function rewrite(from: string): Promise<number> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(async (name) => ({ name, data: await readFile(name) })));
  return await timed(async () => {
    for (const { name, data } of contents) {
      const to = join(folder, "again", relative(from, name));
      await mkdir(dirname(to), { recursive: true });
      await writeFile(to, data);
    }
  });
}

/** As a build does it, with no cache. */
async function collect({ units, log }: Contents): Promise<void> {
  const { log: database } = await openNetwork({
    machine: {
      platform: "linux/amd64",
      env: process.env,
      cacheDir: join(folder, "cache"),
      uid: process.getuid?.(),
      now: () => new Date(),
      kill: (pid, signal) => process.kill(pid, signal),
      userAgent: "goferry-measure",
      runtime: process.version,
      caFiles: [],
    },
    workDir: folder,
    onProgress: () => undefined,
  });
  const { fetch, key: vkey, name } = database;
  const modules = units.filter(({ evidence }) => evidence !== "private");
  let head = "";
  const proofs = await timed(async () => ({ head } = await collectEvidence({ fetch, vkey, modules })));
  const tiles = await timed(() => collectTiles({ fetch, vkey, log: log ?? { name, head }, units }));
  console.log(
    `collected cold      ${proofs.toFixed(1)} s for ${modules.length} records and proofs, ${tiles.toFixed(1)} s for tiles`,
  );
}

/** Seconds. */
async function timed(action: () => unknown): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

function told(seconds: number, whole: number): string {
  return `${(1000 * seconds).toFixed(0)} ms, ${percent(seconds, whole)} of it`;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(2)} %`;
}
