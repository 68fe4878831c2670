// Installing against unpacking what people carry today. Ours verifies everything, the others verify nothing, but for go, which
// compares each zip with go.sum. All of them in memory; on a disk, whose writing is most of what is measured there, those
// for which there is a limit.

import { basename } from "node:path";
import { compare, spreadOf, type Comparison, type Contender } from "../compare.ts";
import { hashingSeconds } from "../hashing.ts";
import {
  archiveOf,
  downloadCommand,
  install as installTo,
  installWords,
  layersOf,
  modCache,
  modulesBundle,
  PLATFORM,
  prometheus,
  toolchainBundle,
  type Inputs,
} from "../inputs.ts";
import { inherited } from "../measure.ts";
import type { BenchContext, Figure, PartResult, Place } from "./context.ts";

export async function install(context: BenchContext): Promise<PartResult> {
  const comparisons: Comparison[] = [];
  // First in memory, of which the shares of hashing are.
  for (const place of context.places.toReversed()) {
    comparisons.push(await toolchain(context, place));
    comparisons.push(...(await modules(context, place)));
  }
  return {
    comparisons,
    figures: [
      await hashingShare(context.inputs, comparisons[0], await toolchainBundle(context.inputs)),
      await hashingShare(context.inputs, comparisons[1], await modulesBundle(context.inputs)),
    ],
    notes: [
      "Inputs are in memory before each run. Every time of goferry has its own final sync in it; those of others are given with one and without.",
      "The archive has the files of the toolchain module, which are those of the official archive without api/, doc/, misc/ and test/.",
    ],
  };
}

/** Of the layers that this installation reads: a bundle of modules has those of the toolchain too, which is there already. */
async function hashingShare(
  inputs: Inputs,
  comparison: Comparison | undefined,
  bundle: string,
): Promise<Figure> {
  const there =
    comparison?.what === "toolchain"
      ? []
      : (await layersOf(await toolchainBundle(inputs))).map((layer) => basename(layer));
  const layers = (await layersOf(bundle)).filter((layer) => !there.includes(basename(layer)));
  const seconds = await hashingSeconds(layers);
  const cpu = spreadOf(comparison?.ours.samples.map(({ cpuSeconds }) => cpuSeconds) ?? []).median;
  return {
    what: `hashing, of the processor time of installing: ${comparison?.what ?? ""}`,
    value: seconds / cpu,
    unit: "ratio",
    note: `${seconds.toFixed(2)} of ${cpu.toFixed(2)} s`,
  };
}

async function toolchain(context: BenchContext, place: Place): Promise<Comparison> {
  const { name: where, folder } = place;
  const { inputs, runs } = context;
  const bundle = await toolchainBundle(inputs);
  const { tar, gz, zip } = await archiveOf(inputs, PLATFORM);
  const into = (line: string, ...files: string[]): Pick<Contender, "command" | "inputs"> => ({
    inputs: files,
    command: (target) => shellIn(target, line, files),
  });
  return await compare({
    what: "toolchain",
    where,
    runs,
    folder,
    ours: ourInstall(inputs, bundle, "goferry install, verified and tried", ["--self-test", "tools"]),
    others: inPlace(place, [
      { name: "tar xzf of the archive", ...into('tar -xzf "$2" -C "$1"', gz), limit: 0.5 },
      { name: "pigz -dc | tar x", ...into('pigz -dc "$2" | tar -x -C "$1"', gz) },
      { name: "tar xf, uncompressed", ...into('tar -xf "$2" -C "$1"', tar) },
      { name: "unzip of the module zip", ...into('unzip -q "$2" -d "$1"', zip) },
      ourInstall(inputs, bundle, "goferry install, and a program built and run", []),
    ]),
  });
}

/** Of the contenders those that are measured in this place. */
function inPlace({ name }: Place, contenders: readonly Contender[]): readonly Contender[] {
  return name === "tmpfs" ? contenders : contenders.filter(({ limit }) => limit !== undefined);
}

async function modules(context: BenchContext, place: Place): Promise<Comparison[]> {
  const { name: where, folder } = place;
  const { inputs, runs } = context;
  const bundle = await modulesBundle(inputs);
  const toolchainOnly = await toolchainBundle(inputs);
  const { proxy, tar, gz, go } = await modCache(inputs);
  const sources = await prometheus(inputs);
  const download = (limit: number): Contender => ({
    name: "go mod download from file://",
    command: (at) => downloadCommand(inputs, { go, proxy, sources, modCache: at }),
    limit,
  });
  const ours = (name: string, words: readonly string[]): Contender => ({
    ...ourInstall(inputs, bundle, name, ["--self-test", "tools", ...words]),
    // The toolchain is there already: only modules are installed.
    prepare: async (at) => {
      await installTo(inputs, toolchainOnly, at, "--self-test", "tools");
    },
  });
  const unpack = (name: string, line: string, file: string): Contender => ({
    name,
    inputs: [file],
    command: (at) => shellIn(at, line, [file]),
  });
  const without = await compare({
    what: "Prometheus' modules, --no-zips",
    where,
    runs,
    folder,
    ours: ours("goferry install --no-zips, verified", ["--no-zips"]),
    others: inPlace(place, [
      download(0.35),
      unpack("tar xzf of GOMODCACHE", 'tar -xzf "$2" -C "$1"', gz),
      unpack("pigz -dc | tar x of GOMODCACHE", 'pigz -dc "$2" | tar -x -C "$1"', gz),
      unpack("tar xf of GOMODCACHE, uncompressed", 'tar -xf "$2" -C "$1"', tar),
    ]),
  });
  const withZips = await compare({
    what: "Prometheus' modules with zips",
    where,
    runs,
    folder,
    ours: ours("goferry install with zips, verified", []),
    others: [download(0.9)],
  });
  return [without, withZips];
}

function ourInstall(inputs: Inputs, bundle: string, name: string, words: readonly string[]): Contender {
  return {
    name,
    inputs: [bundle],
    command: (target) => ({
      words: [inputs.goferry, ...installWords(inputs, bundle, target, ...words)],
      env: inherited(),
    }),
  };
}

/** A line whose $1 is the folder to unpack in, made by it, and $2 … the files. */
function shellIn(target: string, line: string, files: readonly string[]): { words: string[] } {
  return { words: ["sh", "-ec", `mkdir "$1"; ${line}`, "sh", target, ...files] };
}
