// The folders below the cache of a user, and what is in them.

import { join } from "node:path";

/** Modules as they were downloaded, laid out as a module proxy. */
export function storeFolder(cacheDir: string): string {
  return join(cacheDir, "modules");
}

/** What projects and entries were found to need. */
export function closureFolder(cacheDir: string): string {
  return join(cacheDir, "closures");
}

/** What authors were found to have taken back. */
export function retractionFolder(cacheDir: string): string {
  return join(cacheDir, "retractions");
}

/** Packed layers. */
export function layerFolder(cacheDir: string): string {
  return join(cacheDir, "layers");
}

/** Which `h1:` a zip has. */
export function hashFolder(cacheDir: string): string {
  return join(cacheDir, "hashes");
}

/** Downloads of toolchains. */
export function downloadFolder(cacheDir: string): string {
  return join(cacheDir, "downloads");
}
