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
import { LOADER, PARTS } from "./loader.ts";

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

const NO_HELP = new URL("./no-help.ts", import.meta.url).href;
const INSTEAD: Readonly<Record<string, string>> = {
  y18n: new URL("./english.ts", import.meta.url).href,
  cliui: NO_HELP,
  "string-width": NO_HELP,
  assert: new URL("./no-assert.ts", import.meta.url).href,
};

/** What yargs uses and an executable does without: english.ts, no-help.ts, no-assert.ts. Other packages keep theirs. */
const yargsParts: Plugin = {
  name: "parts of yargs",
  setup({ onResolve }) {
    onResolve({ filter: /^(?:y18n|cliui|string-width|assert)$/ }, ({ path, importer }) => {
      if (!/[\\/]node_modules[\\/]yargs[\\/]/u.test(importer)) return undefined;
      const instead = INSTEAD[path];
      return instead === undefined ? undefined : { path: fileURLToPath(instead) };
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
