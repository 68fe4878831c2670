// What goferry takes on Windows beside Linux, on the same machine and in one run: under Wine, whose own cost is in the figures.
// Both roots lie in memory, if there is enough of it. Also what a launcher costs: `go version` by bin\go.exe and by the go.exe that
// it starts. Needs the rights of root, like test/windows.
//
//   pnpm measure:windows BUNDLE PUBLIC.asc [RUNS]

import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { goferryExecutable } from "../test/kit/executable.ts";
import { scratchFolder } from "../test/kit/scratch.ts";
import { findWine, unixPath, windowsPath, wineSession } from "../test/kit/wine.ts";

const run = promisify(execFile);
const [bundleWord, keyWord, runsWord = "3"] = process.argv.slice(2);
if (bundleWord === undefined || keyWord === undefined) {
  console.error("usage: pnpm measure:windows BUNDLE PUBLIC.asc [RUNS]");
  process.exit(2);
}
const [bundle, key, runs] = [resolve(bundleWord), resolve(keyWord), Number(runsWord)];
const wineRoot = await findWine();
if (wineRoot === undefined) process.exit(1);

const [linuxExe, windowsExe] = [await goferryExecutable(), await goferryExecutable("windows-amd64.exe")];
await using scratch = await scratchFolder("measure");
await using wine = await wineSession(wineRoot, {
  bind: [dirname(windowsExe), dirname(bundle), dirname(key)],
});

const root = { linux: join(scratch.path, "root"), windows: "C:\\measured" };
const rest = ["--no-modules", "--self-test", "tools"];
const onLinux = async (words: readonly string[]): Promise<void> => {
  const env = { HOME: scratch.path, PATH: "/usr/bin:/bin" };
  await run(linuxExe, [...words, "--root", root.linux], { env });
};
const onWindows = async (words: readonly string[]): Promise<void> => {
  const { code, stderr } = await wine.run(windowsExe, [...words, "--root", root.windows]);
  if (code !== 0) throw new Error(`goferry.exe ${words[0]} ended with ${code}: ${stderr}`);
};

const times: Record<string, { linux: number[]; windows: number[] }> = {};
for (let i = 0; i < runs; i++) {
  await both(
    "install",
    ["install", bundle, "--key", key, ...rest],
    ["install", windowsPath(bundle), "--key", windowsPath(key), ...rest],
  );
  await both("check --quick", ["check", "--quick"]);
  if (i === runs - 1) await launchers();
  await both("uninstall --all", ["uninstall", "--all"]);
  await rm(root.linux, { recursive: true, force: true });
}
console.log(`medians of ${runs}, in seconds: Linux, Windows under Wine, ratio`);
for (const [name, { linux, windows }] of Object.entries(times)) {
  const [a, b] = [median(linux), median(windows)];
  console.log(`${name.padEnd(18)} ${seconds(a)} ${seconds(b)} ${(b / a).toFixed(2).padStart(6)}`);
}

async function both(name: string, linux: readonly string[], windows = linux): Promise<void> {
  const entry = (times[name] ??= { linux: [], windows: [] });
  entry.linux.push(await took(() => onLinux(linux)));
  entry.windows.push(await took(() => onWindows(windows)));
}

async function launchers(): Promise<void> {
  const launcher = `${root.windows}\\bin\\go.exe`;
  const { stdout } = await wine.run(launcher, ["env", "GOROOT"]);
  const direct = `${stdout.trim()}\\bin\\go.exe`;
  const [by, without]: [number[], number[]] = [[], []];
  for (let i = 0; i < 20; i++) {
    by.push(await took(async () => void (await wine.run(launcher, ["version"]))));
    without.push(await took(async () => void (await wine.run(direct, ["version"]))));
  }
  const [a, b] = [median(by), median(without)];
  const size = (await run("stat", ["-c", "%s", unixPath(wine, launcher)])).stdout.trim();
  console.log(
    `go version: ${a.toFixed(0)} ms by the launcher (${size} bytes), ${b.toFixed(0)} ms without, ${(a - b).toFixed(0)} ms more (20 runs each)`,
  );
}

/** Milliseconds. */
async function took(action: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2).padStart(8);
}
