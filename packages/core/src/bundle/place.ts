// Where the files of a unit stand in a layer, which is where they stand in an unpacked bundle and in a root: the
// layout of Go's own module cache (go.dev/ref/mod#module-cache) below mod/, one GOROOT for each version below sdk/.

import { encodedZipPrefix, escapePath, escapeVersion, type ModuleVersion } from "../gomodule/path.ts";

/** The names of one module version, relative to the top of the layers. */
export interface ModulePlace {
  /** Folder of the tree, with the final slash. */
  tree: string;
  info: string;
  mod: string;
  ziphash: string;
}

/** `sdk/go1.27.1/`. */
export function sdkPlace(go: string): string {
  return `sdk/go${go}/`;
}

/** `mod/cache/download/sumdb/sum.golang.org/`: what a module proxy serves of a checksum database. */
export function logPlace(name: string): string {
  return `mod/cache/download/sumdb/${name}/`;
}

/** @throws MODULE_INVALID */
export function modulePlace(module: ModuleVersion): ModulePlace {
  const files = `mod/cache/download/${escapePath(module.path)}/@v/${escapeVersion(module.version)}`;
  return {
    tree: `mod/${encodedZipPrefix(module)}`,
    info: `${files}.info`,
    mod: `${files}.mod`,
    ziphash: `${files}.ziphash`,
  };
}

/**
 * The content of a .info file. Go keeps a time and an origin in it too, but no log covers them, so they are neither
 * carried nor believed.
 */
export function infoFile({ version }: ModuleVersion): Uint8Array {
  return Buffer.from(JSON.stringify({ Version: version }));
}

/** The content of a .ziphash file. */
export function zipHashFile(h1: string): Uint8Array {
  return Buffer.from(h1);
}
