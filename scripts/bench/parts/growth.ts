// How time and memory grow with what a bundle holds: modules by the thousand, which are generated (the largest real
// project has 249, and stands beside them), and Go versions, which are real.

import { hash } from "node:crypto";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeZip } from "../../../test/kit/make-zip.ts";
import { dirhash, goModHash } from "../../../packages/core/src/index.ts";
import {
  buildEnv,
  buildWords,
  bundleOf,
  GO,
  installWords,
  PLATFORM,
  toolchainBundle,
  type Inputs,
} from "../inputs.ts";
import { inherited, measure, memoryOf, type Sample } from "../measure.ts";
import {
  MEMORY_LIMIT,
  type BenchContext,
  type Figure,
  type PartResult,
  type Point,
  type Series,
} from "./context.ts";

const MODULES = [1, 10, 100, 1000, 5000];
const VERSIONS = [GO, "1.27.0", "1.26.8", "1.25.9", "1.24.13"];

/** Of a generated module: Prometheus' have 295 on average, of which few are large. */
const FILES = 30;
const FILE_BYTES = 4000;

interface Measuring {
  inputs: Inputs;
  folder: string;
}

const STEPS = ["build", "verify", "install"] as const;

type Steps = Record<(typeof STEPS)[number], Sample>;

export async function growth({ inputs, isQuick, places: [place] }: BenchContext): Promise<PartResult> {
  const { folder } = place;
  const own: Inputs = { ...inputs, folder: join(folder, "growth"), cache: inputs.cache };
  await mkdir(own.folder, { recursive: true });
  const byModules = new Map<number, Steps>();
  // Whose toolchains are in the cache then.
  await toolchainBundle(inputs);
  if (!isQuick) await bundleOf(inputs, { name: "versions", go: VERSIONS });
  for (const count of isQuick ? MODULES.slice(0, 2) : MODULES) {
    byModules.set(count, await withModules(count, { inputs: own, folder }, inputs));
  }
  const byVersions = new Map<number, Steps>();
  for (const count of isQuick ? [1] : VERSIONS.map((_, i) => i + 1)) {
    const yaml = `name: growth\ngo: ${JSON.stringify(VERSIONS.slice(0, count))}\nplatforms: [${PLATFORM}]\n`;
    byVersions.set(count, await steps(yaml, { inputs: own, folder }, inputs));
  }
  await rm(own.folder, { recursive: true, force: true });
  return {
    figures: [
      mostMemory([...byModules.values(), ...byVersions.values()]),
      // Of fewer modules most of the time is that of the toolchain.
      ...timesMore("modules", byModules, 1000),
      ...timesMore("Go versions", byVersions, 1),
    ],
    series: [...series("modules", byModules), ...series("Go versions", byVersions)],
    notes: [
      `Modules of the growth plots are generated: ${FILES} files of ${FILE_BYTES} bytes each. Go versions are real: ${VERSIONS.join(", ")}. Toolchains are downloaded before; beside modules theirs are packed before too, and everything else is made anew. Cache, sources, bundle and root on ${place.name}.`,
    ],
  };
}

function mostMemory(measured: readonly Steps[]): Figure {
  const value = Math.max(...measured.flatMap((each) => STEPS.map((name) => memoryOf(each[name]))));
  return { what: "the most memory of any of these", value, unit: "bytes", limit: MEMORY_LIMIT };
}

/** Linear is as many times the time as there are more of them. */
function timesMore(what: string, measured: ReadonlyMap<number, Steps>, few: number): Figure[] {
  const many = Math.max(...measured.keys());
  const [before, after] = [measured.get(few), measured.get(many)];
  if (before === undefined || after === undefined || many === few) return [];
  return STEPS.map((name) => ({
    what: `time of ${name} for ${many} ${what}, beside ${few}`,
    value: after[name].synced / before[name].synced,
    unit: "times",
    limit: many / few,
  }));
}

function series(plot: string, measured: ReadonlyMap<number, Steps>): Series[] {
  return STEPS.flatMap((name): Series[] => {
    const points = (of: (sample: Sample) => number): Point[] =>
      Array.from(measured, ([x, each]) => ({ x, y: of(each[name]) }));
    return [
      { plot, name, unit: "s", points: points(({ synced }) => synced) },
      { plot, name, unit: "MB", points: points((sample) => memoryOf(sample) / 1e6) },
    ];
  });
}

/** A project that requires so many generated modules and builds none of them: compiling is not what is measured. */
async function withModules(count: number, measuring: Measuring, inputs: Inputs): Promise<Steps> {
  const proxy = join(measuring.folder, "modules-proxy");
  const app = join(measuring.folder, "modules-app");
  const sums: string[] = [];
  const requires: string[] = [];
  for (let i = 0; i < count; i++) {
    sums.push(await writeModule(proxy, i));
    requires.push(`\t${pathOf(i)} v1.0.0\n`);
  }
  await mkdir(app, { recursive: true });
  await writeFile(
    join(app, "go.mod"),
    `module bench.example/app\n\ngo 1.21\n\nrequire (\n${requires.join("")})\n`,
  );
  await writeFile(join(app, "go.sum"), sums.join(""));
  await writeFile(join(app, "app.go"), "package app\n");
  const yaml = `name: growth\ngo: ["${GO}"]\nplatforms: [${PLATFORM}]\nprojects: [${app}]\n`;
  try {
    return await steps(yaml, measuring, inputs, {
      GOPROXY: `file://${proxy},${(await buildEnv())["GOPROXY"] ?? ""}`,
      GONOSUMDB: "bench.example",
    });
  } finally {
    for (const path of [proxy, app]) await rm(path, { recursive: true, force: true });
  }
}

function pathOf(i: number): string {
  return `bench.example/m${String(i).padStart(4, "0")}`;
}

/** Hands back its lines of go.sum. */
async function writeModule(proxy: string, i: number): Promise<string> {
  const path = pathOf(i);
  const mod = `module ${path}\n`;
  const files = [
    { name: "go.mod", content: mod },
    ...Array.from({ length: FILES }, (_, n) => sourceFile(i, n)),
  ];
  const named = files.map(({ name, content }) => ({ name: `${path}@v1.0.0/${name}`, content }));
  const folder = join(proxy, path, "@v");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "list"), "v1.0.0\n");
  await writeFile(join(folder, "v1.0.0.info"), '{"Version":"v1.0.0"}');
  await writeFile(join(folder, "v1.0.0.mod"), mod);
  await writeFile(join(folder, "v1.0.0.zip"), makeZip(named));
  const h1 = dirhash(named.map(({ name, content }) => ({ name, sha256: hash("sha256", content, "hex") })));
  return `${path} v1.0.0 ${h1}\n${path} v1.0.0/go.mod ${goModHash(Buffer.from(mod))}\n`;
}

/** Text that compresses about as source does: words that follow from the numbers, and names that do not repeat. */
function sourceFile(i: number, n: number): { name: string; content: string } {
  const lines = [`package m${i}`];
  for (let line = 0, size = 0; size < FILE_BYTES; line++) {
    const word = hash("sha256", `${i} ${n} ${line}`, "hex").slice(0, 12);
    const text = `func F${n}x${word}(value int) int { return value + ${line} } // ${word}`;
    lines.push(text);
    size += text.length + 1;
  }
  return { name: `f${n}.go`, content: `${lines.join("\n")}\n` };
}

async function steps(
  yaml: string,
  { inputs, folder }: Measuring,
  made: Inputs,
  more?: Readonly<Record<string, string>>,
): Promise<Steps> {
  const env = { ...(await buildEnv()), ...more };
  const cache = join(folder, "growth-cache");
  const bundle = join(folder, "growth.tar");
  const root = join(folder, "growth-root");
  const spec = join(inputs.folder, "specs/growth");
  await rm(cache, { recursive: true, force: true });
  await mkdir(spec, { recursive: true });
  await rm(join(spec, "goferry.lock"), { force: true });
  await writeFile(join(spec, "goferry.yaml"), yaml);
  await copyCache(made.cache, cache, more === undefined ? ["downloads"] : ["downloads", "hashes", "layers"]);
  const words = buildWords({ ...inputs, cache }, { name: "growth" }, bundle);
  const key = words.indexOf(join(inputs.folder, "keys/private.asc"));
  words[key] = join(made.folder, "keys/private.asc");
  const timed = (args: readonly string[], given: Readonly<Record<string, string>>): Promise<Sample> =>
    measure({ words: [inputs.goferry, ...args], env: given }, { target: folder });
  try {
    const built = await timed(words, env);
    const verified = await timed(
      ["verify", bundle, "--key", inputs.publicKey, "--allow-private", "bench.example", "--quiet"],
      inherited(),
    );
    const installed = await timed(
      installWords(inputs, bundle, root, "--allow-private", "bench.example", "--self-test", "tools"),
      inherited(),
    );
    return { build: built, verify: verified, install: installed };
  } finally {
    for (const path of [cache, bundle, root]) await rm(path, { recursive: true, force: true });
  }
}

/** The line to the proxy is not what is measured, nor, beside modules, how long a toolchain takes to compress. */
async function copyCache(from: string, to: string, names: readonly string[]): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of names) await cp(join(from, name), join(to, name), { recursive: true });
}
