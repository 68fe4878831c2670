// What V8 has compiled of the parts of the program, so that an executable need not do it again at every start. It is made by
// the very node that the executable is made of, so only on a machine that can run that one.
//
// The same sources must give the same bytes. V8's compiled code follows from the text and from which functions have run, and
// from nothing else once the seeds of its hash tables and of its random numbers are fixed and no thread of it runs beside
// the program. But V8 takes only code that was compiled under the flags that are in effect when it is read, and compares a
// hash of them: that is copied from code of the same text that was compiled under the executable's flags.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, PARTS, PARTS_LOADER } from "./loader.ts";
import { run } from "./run.ts";

export interface CompileOptions {
  /** The node of the executable. */
  node: string;
  /** Flags of V8 that the executable has. */
  flags: readonly string[];
  /** A folder for what is needed on the way. */
  work: string;
}

/** Whatever else V8 depends on. */
const FIXED = ["--predictable", "--hash-seed=1", "--random-seed=1"];

/**
 * Command lines whose functions are compiled: those that scripts and shells run often, and what a host begins with. The
 * root and the bundle are not there, so they end before anything is written.
 */
const LINES = [
  ["--version"],
  ["list", "--root", "no-root"],
  ["use", "1.27.1", "--root", "no-root"],
  ["install", "no-bundle", "--key", "no-key", "--root", "no-root"],
  ["verify", "no-bundle", "--key", "no-key"],
];

/** Of V8's SerializedCodeData (src/snapshot/code-serializer.h): where the hash of flags stands, in bytes. */
const FLAG_HASH = { from: 12, to: 16 };

/**
 * Compiled code of the parts that the commands above load, by the names of its assets.
 * @throws when two runs do not give the same, or when V8 would refuse it
 */
export async function compileParts(
  assets: Readonly<Record<string, string>>,
  { node, flags, work }: CompileOptions,
): Promise<Record<string, Uint8Array>> {
  const folder = join(work, "compiled");
  await mkdir(join(folder, PARTS), { recursive: true });
  for (const [name, text] of Object.entries(assets)) {
    if (name.startsWith(PARTS)) await writeFile(join(folder, name), text);
  }
  await writeFile(join(folder, "maker.cjs"), MAKER);
  const make = async (...more: string[]): Promise<Map<string, Buffer>> => {
    const args = [...flags, ...more, "maker.cjs", "make"];
    // Without the settings of whoever runs this.
    await run(node, args, { cwd: folder, env: {} });
    return await readMade(folder);
  };
  const usual = await make();
  const fixed = await make(...FIXED);
  const again = await make(...FIXED);
  const code: Record<string, Uint8Array> = {};
  for (const [part, bytes] of fixed) {
    if (again.get(part)?.equals(bytes) !== true) throw new Error(`${part}: compiled twice, not the same`);
    usual.get(part)?.copy(bytes, FLAG_HASH.from, FLAG_HASH.from, FLAG_HASH.to);
    code[codeOf(part)] = bytes;
    await writeFile(join(folder, codeOf(part)), bytes);
  }
  await run(node, [...flags, "maker.cjs", "use"], { cwd: folder, env: {} });
  return code;
}

/** What the maker has written, by the names of parts. */
async function readMade(folder: string): Promise<Map<string, Buffer>> {
  const made = JSON.parse(await readFile(join(folder, "made.json"), "utf8")) as Record<string, string>;
  return new Map(Object.entries(made).map(([part, base64]) => [part, Buffer.from(base64, "base64")]));
}

/** `make` writes made.json; `use` fails where V8 does not take the code that lies beside the parts. */
const MAKER = `"use strict";
const { readFileSync, writeFileSync } = require("node:fs");
const [task] = process.argv.splice(2);
const textOf = (name) => readFileSync(name, "utf8");
const codeOf = (name) => (task === "use" ? readFileSync(name + ".code") : undefined);
${PARTS_LOADER}
const lines = ${JSON.stringify(LINES)};

function next() {
  // main.ts has something to say when a process ends before its command.
  process.removeAllListeners("exit");
  process.exitCode = 0;
  const line = lines.shift();
  if (line === undefined) return end();
  process.argv.splice(2, Infinity, ...line);
  program()("${PARTS}main.js");
  // Node tells of the end again only if there was something to do.
  setImmediate(() => undefined);
}

function end() {
  process.removeListener("beforeExit", next);
  const made = {};
  for (const [name, script] of scripts) {
    if (script.cachedDataRejected) throw new Error("V8 refuses the compiled code of " + name);
    made[name] = script.createCachedData().toString("base64");
  }
  if (task === "make") writeFileSync("made.json", JSON.stringify(made));
}

process.on("beforeExit", next);
next();
`;
