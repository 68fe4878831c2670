// The goferry that is killed, in parts, as the stand-alone executable has it: with names and a clock that are the same in every run.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundleProgram, bundleWorker } from "../../../scripts/executables/bundle.ts";

export interface KillProgram {
  /** The words to start it with. */
  command: readonly string[];
  /** A file that it takes for itself and puts into bin/, in two versions. */
  versions: readonly [string, string];
  /** JavaScript of the worker. */
  worker: string;
  /** Where node keeps what it has compiled. */
  cache: string;
}

const START = `globalThis.moduleUrl = require("node:url").pathToFileURL(__filename).href;
require("./program/main.js");
`;

const top = fileURLToPath(new URL("../../..", import.meta.url));

export async function killProgram(folder: string): Promise<KillProgram> {
  const [{ assets }, worker] = await Promise.all([
    bundleProgram(top, fileURLToPath(import.meta.resolve("./main.ts")), {
      "node:crypto": fileURLToPath(import.meta.resolve("./fixed-random.ts")),
      "node:fs/promises": fileURLToPath(import.meta.resolve("./fixed-folders.ts")),
    }),
    bundleWorker(top),
  ]);
  await mkdir(join(folder, "program"), { recursive: true });
  for (const [name, code] of Object.entries(assets)) await writeFile(join(folder, name), code);
  await writeFile(join(folder, "worker.cjs"), worker);
  await writeFile(join(folder, "package.json"), '{ "type": "commonjs" }');
  await writeFile(join(folder, "goferry.js"), START);
  const versions = [join(folder, "first"), join(folder, "second")] as const;
  for (const [i, file] of versions.entries())
    await writeFile(file, `goferry ${i + 1}\n`.repeat(20), { mode: 0o755 });
  return {
    command: [process.execPath, join(folder, "goferry.js")],
    versions,
    worker,
    cache: join(folder, "cache"),
  };
}
