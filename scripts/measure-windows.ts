// What goferry takes on Windows beside Linux, on the same machine and in one run: under Wine, whose own cost is in the figures.
// Both roots lie in memory, if there is enough of it. To tell what Wine costs from what goferry does, a Go program that does nothing but write files of the same
// names and sizes runs beside each installation. Also what a launcher costs: `go version` by bin\go.exe and by the go.exe that
// it starts. Needs a go on PATH and the rights of root, like test/windows.
//
//   pnpm measure:windows BUNDLE PUBLIC.asc [RUNS]

import { execFile } from "node:child_process";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { goferryExecutable } from "../test/kit/executable.ts";
import { scratchFolder } from "../test/kit/scratch.ts";
import { goProgram } from "../test/kit/windows-fake-go.ts";
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

/** Arguments: a list with a size and a name in each line, and the folder to write in. Two threads, as goferry has on two cores. */
const WRITER = `package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

func main() {
	list, err := os.Open(os.Args[1])
	check(err)
	folders := map[string]bool{}
	var sizes []int
	var names []string
	for lines := bufio.NewScanner(list); lines.Scan(); {
		first, name, _ := strings.Cut(lines.Text(), " ")
		size, err := strconv.Atoi(first)
		check(err)
		name = filepath.Join(os.Args[2], filepath.FromSlash(name))
		sizes, names = append(sizes, size), append(names, name)
		if folder := filepath.Dir(name); !folders[folder] {
			check(os.MkdirAll(folder, 0o755))
			folders[folder] = true
		}
	}
	content := make([]byte, 256<<20)
	var threads sync.WaitGroup
	for thread := range 2 {
		threads.Add(1)
		go func() {
			defer threads.Done()
			for i := thread; i < len(names); i += 2 {
				file, err := os.OpenFile(names[i], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
				check(err)
				_, err = file.Write(content[:sizes[i]])
				check(err)
				check(file.Close())
			}
		}()
	}
	threads.Wait()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
`;

const root = { linux: join(scratch.path, "root"), windows: "C:\\measured" };
/** Programs that write the files of `list`. */
const writer = {
  list: join(wine.shared, "files"),
  linux: join(wine.shared, "writer"),
  windows: join(wine.shared, "writer.exe"),
};

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
  if (i === 0) await placeWriter();
  await writers();
  if (i === runs - 1) await launchers();
  await both("uninstall --all", ["uninstall", "--all"]);
  await rm(root.linux, { recursive: true, force: true });
}
console.log(`medians of ${runs}, in seconds: Linux, Windows under Wine, ratio`);
for (const [name, { linux, windows }] of Object.entries(times)) {
  const [a, b] = [median(linux), median(windows)];
  console.log(`${name.padEnd(36)} ${seconds(a)} ${seconds(b)} ${(b / a).toFixed(2).padStart(6)}`);
}

async function both(name: string, linux: readonly string[], windows = linux): Promise<void> {
  const entry = (times[name] ??= { linux: [], windows: [] });
  entry.linux.push(await took(() => onLinux(linux)));
  entry.windows.push(await took(() => onWindows(windows)));
}

/** With the list of what an installation has written. */
async function placeWriter(): Promise<void> {
  const lines: string[] = [];
  for (const entry of await readdir(root.linux, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    lines.push(`${(await stat(path)).size} ${relative(root.linux, path)}`);
  }
  await writeFile(writer.list, `${lines.join("\n")}\n`);
  for (const os of ["linux", "windows"] as const)
    await writeFile(writer[os], await goProgram(scratch.path, `writer-${os}`, WRITER, os), { mode: 0o755 });
  console.log(`${lines.length} files of ${root.linux}`);
}

async function writers(): Promise<void> {
  const entry = (times["the same files, written and no more"] ??= { linux: [], windows: [] });
  const target = join(scratch.path, "written");
  entry.linux.push(await took(async () => void (await run(writer.linux, [writer.list, target]))));
  await rm(target, { recursive: true });
  entry.windows.push(
    await took(async () => {
      const words = [windowsPath(writer.list), "C:\\written"];
      const { code, stderr } = await wine.run(writer.windows, words);
      if (code !== 0) throw new Error(`the writer of files ended with ${code}: ${stderr}`);
    }),
  );
  await rm(unixPath(wine, "C:\\written"), { recursive: true });
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
