// Building: with nothing in the cache, again with nothing changed, and after one module of the project has another version.
// A first build is seldom and long, so it is measured once; its modules come through the module proxy of this machine.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { measured, type Measured } from "../compare.ts";
import {
  buildEnv,
  buildWords,
  downloadCommand,
  FEW_PACKAGES,
  prometheus,
  rootOf,
  writeSpec,
  GO,
  type BundleWish,
  type Inputs,
} from "../inputs.ts";
import { measure, memoryOf, type Command, type Sample } from "../measure.ts";
import { MEMORY_LIMIT, type BenchContext, type Figure, type PartResult } from "./context.ts";

/** Seconds that a build may take of which nothing changed. */
const WARM_LIMIT = 5;

export async function build(context: BenchContext): Promise<PartResult> {
  const { inputs, runs, places } = context;
  const [place] = places;
  const { folder } = place;
  const app = join(folder, "app");
  await cp(await prometheus(inputs), app, { recursive: true });
  const wish: BundleWish = {
    name: "built",
    platforms: ["linux/amd64", "linux/arm64"],
    // How long go compiles is no figure of goferry's.
    packages: FEW_PACKAGES,
    project: app,
  };
  await writeSpec(inputs, wish);
  const own: Inputs = { ...inputs, cache: join(folder, "cache") };
  const env = await buildEnv();
  const command: Command = {
    words: [inputs.goferry, ...buildWords(own, wish, join(folder, "built.tar"))],
    env,
  };
  const timed = (each: Command): Promise<Sample> => measure(each, { target: folder });

  const modCache = join(folder, "gomodcache");
  const download = await timed(await downloadOf(inputs, env, app, modCache));
  const gzip = await timed(packingOf("gzip", modCache));
  const pigz = await timed(packingOf("pigz", modCache));
  for (const path of [modCache, `${modCache}.tar.gz`]) await rm(path, { recursive: true, force: true });
  const cold = measured("first build", [await timed(command)]);
  const warm: Sample[] = [];
  for (let i = 0; i < runs; i++) warm.push(await timed(command));
  await changeModule(app);
  const changed = measured("after a change", [await timed(command)]);
  await rm(own.cache, { recursive: true, force: true });
  await rm(app, { recursive: true, force: true });
  return {
    figures: [
      seconds("go mod download of the same, from the module proxy", measured("download", [download])),
      seconds("packing that GOMODCACHE as tar.gz, with gzip", measured("gzip", [gzip])),
      seconds("packing that GOMODCACHE as tar.gz, with pigz", measured("pigz", [pigz])),
      seconds(
        `first build, nothing in the cache, rehearsal of ${wish.packages ?? ""} for two platforms in it`,
        cold,
      ),
      { ...seconds("second build, nothing changed", measured("second build", warm)), limit: WARM_LIMIT },
      seconds("build after one module has another version", changed),
      memory("memory of goferry in the first build", cold),
      memory("memory of goferry in the second build", measured("second build", warm)),
      {
        what: "the most memory that one process had in the first build, goferry or a compiler",
        value: cold.peakBytes,
        unit: "bytes",
      },
    ],
    notes: [`Cache, sources and bundle on ${place.name}.`],
  };
}

/** As `go mod download` of the sources on the machine that builds, with an empty GOMODCACHE. */
async function downloadOf(
  inputs: Inputs,
  env: Readonly<Record<string, string>>,
  sources: string,
  modCache: string,
): Promise<Command> {
  const go = join(await rootOf(inputs), "sdk", `go${GO}`, "bin/go");
  await mkdir(modCache, { recursive: true });
  return downloadCommand(inputs, { go, proxy: env["GOPROXY"] ?? "", sources, modCache });
}

/** As people pack today what the other side of the gap lacks. */
function packingOf(program: string, folder: string): Command {
  return {
    words: ["tar", `--use-compress-program=${program}`, "-cf", `${folder}.tar.gz`, "-C", folder, "."],
  };
}

/** What changes: one module, whose next version needs nothing else. The sums are those of the checksum database. */
const CHANGED = {
  path: "github.com/klauspost/compress",
  from: "v1.20.0",
  to: "v1.20.1",
  sums: [
    "github.com/klauspost/compress v1.20.1 h1:T7kKElXUMXrUJ2E9QhQhxFtcK5rPyLdsGZvdbLMPdiQ=",
    "github.com/klauspost/compress v1.20.1/go.mod h1:LUdAzn7YLVvxLpc7y3V1m40wESHTgc1422pwwBSKYuI=",
  ],
};

async function changeModule(app: string): Promise<void> {
  const file = join(app, "go.mod");
  const text = await readFile(file, "utf8");
  const sums = await readFile(join(app, "go.sum"), "utf8");
  const changed = text.replace(`${CHANGED.path} ${CHANGED.from}`, `${CHANGED.path} ${CHANGED.to}`);
  if (changed === text) throw new Error(`${file} does not require ${CHANGED.path} ${CHANGED.from}`);
  await writeFile(file, changed);
  await writeFile(join(app, "go.sum"), `${sums}${CHANGED.sums.map((line) => `${line}\n`).join("")}`);
}

function seconds(what: string, { synced }: Measured): Figure {
  const { median, least, most } = synced;
  return {
    what,
    value: median,
    unit: "seconds",
    ...(least === most ? {} : { note: `${least.toFixed(2)} to ${most.toFixed(2)} s` }),
  };
}

function memory(what: string, { samples }: Measured): Figure {
  return { what, value: Math.max(...samples.map(memoryOf)), unit: "bytes", limit: MEMORY_LIMIT };
}
