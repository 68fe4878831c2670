// Our sources and the packages they use, as the files that go into an executable: a CommonJS file, which is all that
// node's single executables start, and beside it, as assets, the parts of the program and what else it needs at run time.
//
// The program is cut where its sources say `await import()`. To compile all of it takes V8 longer than node itself takes
// to start, and no command needs all. The parts are CommonJS too, because node loads ES modules from files only.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { directImports } from "./direct-imports.ts";

export interface Sources {
  main: string;
  /** By the name that the program asks for: main.ts here, packages/goferry/src/assets.ts. */
  assets: Record<string, string>;
  /** Which sources are in which part, and which part loads which others. */
  parts: Metafile;
}

/** @param root the top level of the repository */
export async function bundleSources(root: string): Promise<Sources> {
  const [{ assets, parts }, worker, installScript] = await Promise.all([
    bundleProgram(root),
    bundleWorker(root),
    readFile(join(root, "scripts/install.sh"), "utf8"),
  ]);
  return {
    main: LOADER,
    assets: { ...assets, "extract-worker.js": worker, "install.sh": installScript },
    parts,
  };
}

const COMMON = {
  bundle: true,
  write: false,
  platform: "node",
  target: "node24",
  // CommonJS has no import.meta. Libraries ask for their own URL only to make a `require` for modules of Node, and
  // yargs would resolve names that its settings extend, which ours do not.
  define: { "import.meta.url": "moduleUrl", "import.meta.resolve": "undefined" },
  logLevel: "silent",
  logOverride: { "empty-import-meta": "error", "unsupported-dynamic-import": "error" },
} as const satisfies BuildOptions;

const ENGLISH = import.meta.resolve("./english.ts");
const NO_HELP = import.meta.resolve("./no-help.ts");

/** What yargs uses and an executable does without: english.ts, no-help.ts. Other packages keep theirs. */
const yargsParts: Plugin = {
  name: "parts of yargs",
  setup({ onResolve }) {
    onResolve({ filter: /^(?:y18n|cliui|string-width)$/ }, ({ path, importer }) => {
      if (!/[\\/]node_modules[\\/]yargs[\\/]/u.test(importer)) return undefined;
      return { path: fileURLToPath(path === "y18n" ? ENGLISH : NO_HELP) };
    });
  },
};

const MODULE_URL = `const moduleUrl = require("node:url").pathToFileURL(process.execPath).href;`;

/** The worker thread of the installer, with all that it uses, as the text of one CommonJS module. */
export async function bundleWorker(root: string): Promise<string> {
  const { outputFiles } = await build({
    ...COMMON,
    absWorkingDir: root,
    plugins: [directImports(root), yargsParts],
    entryPoints: ["packages/installer/src/extract/worker.ts"],
    format: "cjs",
    banner: { js: MODULE_URL },
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("the worker gave no output");
  return file.text;
}

/** The folder of the parts, in names of assets and in stack traces. */
const PARTS = "program/";

/**
 * The parts of the program, the first of which is `program/main.js`. They know `moduleUrl` without being told.
 * @param entry the source to begin with
 * @param instead files in place of modules, by the names of these; for tests
 */
export async function bundleProgram(
  root: string,
  entry = "packages/goferry/src/main.ts",
  instead: Readonly<Record<string, string>> = {},
): Promise<Pick<Sources, "assets" | "parts">> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    absWorkingDir: root,
    plugins: [directImports(root), yargsParts],
    entryPoints: { main: entry },
    alias: { ...instead },
    format: "esm",
    splitting: true,
    metafile: true,
    outdir: join(root, PARTS),
    chunkNames: "[name]-[hash]",
  });
  const assets: Record<string, string> = {};
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: "cjs",
      platform: "node",
      target: "node24",
      // Else `import()` stays as it is, and node would look for a file.
      supported: { "dynamic-import": false },
      logLevel: "silent",
    });
    assets[path.slice(root.length).replace(/^\//u, "")] = code;
  }
  return { assets, parts: metafile };
}

/** Each part is run once, when the first of those that import it is run, as node does with files. */
const LOADER = `"use strict";
const { getAsset } = require("node:sea");
const { compileFunction } = require("node:vm");
${MODULE_URL}
const loaded = new Map();
function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const part = { exports: {} };
  loaded.set(name, part);
  const parameters = ["module", "exports", "require", "moduleUrl"];
  const run = compileFunction(getAsset(name, "utf8"), parameters, { filename: name });
  run(part, part.exports, (id) => (id.startsWith("./") ? load("${PARTS}" + id.slice(2)) : require(id)), moduleUrl);
  return part.exports;
}
load("${PARTS}main.js");
`;
