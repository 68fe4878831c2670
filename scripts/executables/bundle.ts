// Our sources and the packages they use, as the files that go into an executable: the command line as one CommonJS
// file, which is all that node's single executables start, and beside it, as assets, what it needs at run time.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export interface Sources {
  main: string;
  /** By the name that the program asks for (packages/goferry/src/assets.ts). */
  assets: Record<string, string>;
}

/** @param root the top level of the repository */
export async function bundleSources(root: string): Promise<Sources> {
  const [main, worker, installScript] = await Promise.all([
    bundle(root, "packages/goferry/src/main.ts"),
    bundle(root, "packages/installer/src/extract/worker.ts"),
    readFile(join(root, "scripts/install.sh"), "utf8"),
  ]);
  return { main, assets: { "extract-worker.js": worker, "install.sh": installScript } };
}

async function bundle(root: string, entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    target: "node24",
    format: "cjs",
    // CommonJS has no import.meta. Libraries ask for their own URL only to make a `require` for modules of Node, and
    // yargs would resolve names that its settings extend, which ours do not.
    banner: { js: `const moduleUrl = require("node:url").pathToFileURL(process.execPath).href;` },
    define: { "import.meta.url": "moduleUrl", "import.meta.resolve": "undefined" },
    alias: { y18n: fileURLToPath(import.meta.resolve("./english.ts")) },
    logLevel: "silent",
    logOverride: { "empty-import-meta": "error", "unsupported-dynamic-import": "error" },
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`${entry} gave no output`);
  return file.text;
}
