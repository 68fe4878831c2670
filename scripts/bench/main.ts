// goferry against what people use today, side by side in one run:
//
//   pnpm bench [startup|install|verify|build|size|growth …] [--runs N] [--quick] [--executable FILE] [--dir DIR]
//
// Prints a table, and writes the results with their raw runs, docs/BENCH.md and the plots (with --quick it only prints). Inputs
// are made once and stay in node_modules/.cache/goferry/bench, or in GOFERRY_BENCH_DIR. Needs Linux, GNU time, tar, gzip, pigz, zstd,
// unzip, and a module proxy: GOPROXY, or that of a go on PATH.

import { parseArgs } from "node:util";
import { machineFacts } from "./inputs.ts";
import { runCommand } from "./measure.ts";
import { build } from "./parts/build.ts";
import { inContext, type Part } from "./parts/context.ts";
import { growth } from "./parts/growth.ts";
import { install } from "./parts/install.ts";
import { size } from "./parts/size.ts";
import { startup } from "./parts/startup.ts";
import { verify } from "./parts/verify.ts";
import { PART_NAMES, renderDocument, renderPart } from "./render.ts";
import {
  DOCUMENT,
  GROWTH_SVG,
  RATIOS_SVG,
  readResults,
  writeResults,
  writeText,
  type PartRun,
  type Results,
} from "./results.ts";
import { growthSvg, ratiosSvg } from "./svg.ts";

const PARTS: Readonly<Record<(typeof PART_NAMES)[number], Part>> = {
  startup,
  install,
  verify,
  build,
  size,
  growth,
};

const PROGRAMS = ["tar", "gzip", "pigz", "zstd", "unzip", "sha256sum", "sync", "stat", "/usr/bin/time"];

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      executable: { type: "string" },
      dir: { type: "string" },
      render: { type: "boolean", default: false },
    },
  });
  if (values.render) return await writeDocuments(await readResults());
  const wanted = positionals.length === 0 ? [...PART_NAMES] : positionals.map(partOf);
  const isQuick = values.quick;
  const runs = Number(values.runs ?? (isQuick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs N: a whole number from 1");
  for (const program of PROGRAMS) {
    await runCommand({ words: ["sh", "-c", `command -v ${program}`] }).catch(() => {
      throw new Error(`${program} is missing: apt-get install tar gzip pigz zstd unzip coreutils time`);
    });
  }
  const { executable, dir } = values;
  await inContext({ runs, isQuick, executable, dir }, async (context) => {
    for (const name of wanted) {
      const result = await PARTS[name](context);
      const run = { ...result, machine: await machineFacts(), time: new Date().toISOString(), runs, isQuick };
      console.log(renderPart(name, run));
      if (!isQuick) await keep(name, run);
    }
  });
}

/** After each part: what was measured is not lost when a later one fails. */
async function keep(name: string, run: PartRun): Promise<void> {
  const results = await readResults();
  results.parts[name] = run;
  await writeResults(results);
  await writeDocuments(results);
}

/** What follows from the results; `--render` makes it again without measuring. */
async function writeDocuments(results: Results): Promise<void> {
  await writeText(DOCUMENT, renderDocument(results));
  await writeText(RATIOS_SVG, ratiosSvg(results));
  const series = results.parts["growth"]?.series;
  if (series !== undefined) await writeText(GROWTH_SVG, growthSvg(series));
}

function partOf(name: string): (typeof PART_NAMES)[number] {
  const part = PART_NAMES.find((each) => each === name);
  if (part === undefined) throw new Error(`no such part: ${name}; there are ${PART_NAMES.join(", ")}`);
  return part;
}

await main(process.argv.slice(2));
