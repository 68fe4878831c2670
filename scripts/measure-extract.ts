// How long a verified install takes beside an unverified `tar xzf` of the same toolchain: the two in turn, in one run,
// so that a machine whose speed drifts does not decide. Both times include a final sync.
//
//   pnpm measure BUNDLE PUBLIC.asc [RUNS]

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const GOFERRY = fileURLToPath(new URL("../packages/goferry/src/main.ts", import.meta.url));

const [bundle, key, runs = "5"] = process.argv.slice(2);
if (bundle === undefined || key === undefined) {
  console.error("usage: pnpm measure BUNDLE PUBLIC.asc [RUNS]");
  process.exit(2);
}

const folder = await mkdtemp(join(process.env["GOFERRY_MEASURE_DIR"] ?? tmpdir(), "goferry-measure-"));
try {
  await measure(folder, { bundle, key, runs: Number(runs) });
} finally {
  await rm(folder, { recursive: true, force: true });
}

interface Inputs {
  bundle: string;
  key: string;
  runs: number;
}

async function measure(at: string, inputs: Inputs): Promise<void> {
  const first = join(at, "first");
  await install(first, inputs);
  const archive = join(at, "sdk.tar.gz");
  await run("tar", ["-czf", archive, "-C", first, "sdk"]);
  await rm(first, { recursive: true });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < inputs.runs; i++) {
    ours.push(await timed(join(at, "ours"), (root) => install(root, inputs)));
    theirs.push(await timed(join(at, "theirs"), (root) => untar(archive, root)));
  }
  const ratios = ours.map((time, i) => time / (theirs[i] ?? NaN));
  console.log(`file system  ${(await run("stat", ["-f", "-c", "%T", at])).stdout.trim()}`);
  console.log(`goferry install --no-zips (everything verified, sync, self-test)  ${shown(ours)} s`);
  console.log(`mkdir + tar -xzf of its sdk/ (nothing verified) + sync -f          ${shown(theirs)} s`);
  console.log(`ratio                                                              ${shown(ratios)}`);
}

async function install(root: string, { bundle: file, key: pinned }: Inputs): Promise<void> {
  const flags = ["--key", pinned, "--root", root, "--no-zips", "--quiet"];
  await run(process.execPath, [GOFERRY, "install", file, ...flags]);
}

async function untar(archive: string, root: string): Promise<void> {
  await run("mkdir", [root]);
  await run("tar", ["-xzf", archive, "-C", root]);
  await run("sync", ["-f", root]);
}

/** Seconds. */
async function timed(root: string, action: (root: string) => Promise<void>): Promise<number> {
  const start = performance.now();
  await action(root);
  const seconds = (performance.now() - start) / 1000;
  await rm(root, { recursive: true });
  return seconds;
}

function shown(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (i: number): string => (sorted[i] ?? NaN).toFixed(2);
  return `median ${at(Math.floor(sorted.length / 2))} (${at(0)} to ${at(sorted.length - 1)})`;
}
