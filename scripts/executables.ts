// Stand-alone executables for hosts that have no Node: `pnpm executables [linux-amd64 | linux-arm64 | windows-amd64 …]`
// writes dist/goferry-PLATFORM, and dist/install.sh, which starts the right one. Each is the node program of the npm
// registry with our bundled source inside (a "single executable application"). The same sources give the same bytes, if it
// is made on the same platform: what V8 compiled is inside only where this machine can run what it makes.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baseOf, fetchBase, NODE_VERSION, PLATFORMS, type Platform } from "./executables/base.ts";
import { bundleSources } from "./executables/bundle.ts";
import { checkExecutable, platformHere } from "./executables/check.ts";
import { compileParts } from "./executables/compiled-code.ts";
import { buildGoProgram, GO_PROGRAMS } from "./executables/go-programs.ts";
import { run } from "./executables/run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const cache = join(root, "node_modules/.cache/goferry");

/** Where node looks for the marker that says that there is an application inside (node's src/node_sea.cc). */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
const BLOB = "goferry.blob";

async function main(asked: string[]): Promise<void> {
  const platforms = asked.length === 0 ? (["linux-amd64", "linux-arm64"] as const) : asked.map(platformOf);
  if (process.versions.node !== NODE_VERSION) {
    throw new Error(`run this with Node ${NODE_VERSION}, the version of the executables: pnpm executables`);
  }
  await mkdir(dist, { recursive: true });
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "work-"));
  try {
    for (const platform of platforms) {
      await makeExecutable(platform, work);
    }
    await copyFile(join(root, "scripts/install.sh"), join(dist, "install.sh"));
    await chmod(join(dist, "install.sh"), 0o755);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function platformOf(name: string): Platform {
  const platform = PLATFORMS.find((known) => known === name);
  if (platform === undefined) throw new Error(`no such platform: ${name}; there are ${PLATFORMS.join(", ")}`);
  return platform;
}

/** The application as node wants it. Only that for Windows holds compiled code: the Go programs. */
async function makeBlob(platform: Platform, node: string, work: string): Promise<void> {
  const { main: program, assets } = await bundleSources(root);
  const files: [string, string | Uint8Array][] = Object.entries(assets);
  if (platform === "windows-amd64") {
    for (const name of GO_PROGRAMS) files.push([`${name}.exe`, await buildGoProgram(name, { root, work })]);
  }
  // V8 begins with 1 MiB for what is new, and collects garbage a hundred times before it has learned better.
  const flags = ["--min-semi-space-size=16"];
  if (platform === platformHere()) {
    files.push(...Object.entries(await compileParts(assets, { node, flags, work })));
  }
  await writeFile(join(work, "goferry.cjs"), program);
  await mkdir(join(work, "program"), { recursive: true });
  for (const [name, content] of files) await writeFile(join(work, name), content);
  const config = {
    // Relative paths: they become part of the blob, which should not depend on the folder it is made in.
    main: "goferry.cjs",
    output: BLOB,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    // That would be of the loader alone, and differ from run to run: compiled-code.ts.
    useCodeCache: false,
    // Else NODE_OPTIONS=--require=FILE would run somebody's code before ours.
    execArgvExtension: "none",
    execArgv: flags,
    assets: Object.fromEntries(files.map(([name]) => [name, name])),
  };
  await writeFile(join(work, "sea.json"), JSON.stringify(config));
  await run(process.execPath, ["--experimental-sea-config", "sea.json"], { cwd: work });
}

async function makeExecutable(platform: Platform, work: string): Promise<void> {
  const start = performance.now();
  const name = `goferry-${platform}${baseOf(platform).suffix}`;
  const draft = join(work, name);
  await fetchBase(platform, { cache, to: draft });
  await makeBlob(platform, draft, work);
  await injectBlob(draft, work);
  await chmod(draft, 0o755);
  const checked = await checkExecutable(draft, platform);
  const out = join(dist, name);
  await rename(draft, out);
  const { size } = await stat(out);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `dist/${name}  ${(size / 1e6).toFixed(0)} MB  sha256:${await sha256(out)}  ${seconds} s  ${checked}`,
  );
}

/** In a process of its own, because it takes 0.9 GB and gives nothing back before it ends. */
async function injectBlob(file: string, work: string): Promise<void> {
  const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
  const args = [file, "NODE_SEA_BLOB", join(work, BLOB), "--sentinel-fuse", FUSE];
  await run(process.execPath, [postject, ...args]);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

await main(process.argv.slice(2));
