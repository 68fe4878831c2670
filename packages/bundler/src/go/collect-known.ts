// Collects modules with what earlier builds left in the cache. Go checks every module that it takes from there. Where that ends
// badly the cache may be at fault, which is no reason to fail: what is damaged in it is removed, and go asked once more.

import { join } from "node:path";
import { GoferryError, redactUrls } from "@goferry/core";
import { closureFolder, retractionFolder, storeFolder } from "../cache/folders.ts";
import type { BuildMachine } from "../machine.ts";
import { removeFolder } from "../remove-folder.ts";
import { closureCache } from "./closure-cache.ts";
import { asideFolder, shelfFolder } from "./closures.ts";
import { goFolders } from "./environment.ts";
import { damagedModules, dropModules } from "./module-store.ts";
import { collectModules, type Collected, type CollectOptions } from "./modules.ts";
import { retractionCache } from "./retraction-cache.ts";

export interface KnownFrom {
  /** The `h1:` of the toolchain that is asked. */
  toolchain: string;
  /** The environment of go, without what a build adds. */
  goEnv: Readonly<Record<string, string>>;
  machine: Pick<BuildMachine, "cacheDir" | "userAgent" | "now">;
}

/** @throws as collectModules */
export async function collectKnown(
  options: CollectOptions,
  { toolchain, goEnv, machine }: KnownFrom,
): Promise<Collected> {
  const { cacheDir, userAgent: program } = machine;
  const store = storeFolder(cacheDir);
  const asked = { program, toolchain, settings: settingsOf(goEnv) };
  const shelf = shelfFolder(options.workDir);
  const known = closureCache({ folder: closureFolder(cacheDir), store, shelf, asked });
  const retractions = retractionCache({ folder: retractionFolder(cacheDir), now: machine.now(), asked });
  const collect = (): Promise<Collected> => collectModules({ ...options, known, retractions });
  try {
    return await collect();
  } catch (error) {
    if (!(error instanceof GoferryError) || !MAY_BE_OURS.has(error.code)) throw error;
    const damaged = await damagedModules(store, options.signal);
    if (damaged.length === 0) throw error;
    await dropModules(damaged);
    await forget(options.workDir);
    return await collect();
  }
}

/** What go says of a module that is not what it was, or not whole. */
const MAY_BE_OURS: ReadonlySet<string> = new Set([
  "GO_FAILED",
  "GO_SUM_MISMATCH",
  "LOG_MISMATCH",
  "MODULE_INVALID",
  "NETWORK_UNREACHABLE",
  "NOT_FOUND",
]);

/** What was collected so far. */
async function forget(workDir: string): Promise<void> {
  const { modCache } = goFolders(workDir);
  const folders = [shelfFolder(workDir), asideFolder(workDir), modCache];
  for (const folder of [...folders, join(workDir, "projects"), join(workDir, "entries")]) {
    await removeFolder(folder);
  }
}

/** Where go asks for modules and which of them nobody vouches for; without logins, which may be of one day. */
function settingsOf(goEnv: Readonly<Record<string, string>>): Record<string, string> {
  const names = ["GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOSUMDB", "GONOPROXY", "GOINSECURE", "GOVCS"];
  return Object.fromEntries(names.map((name) => [name, redactUrls(goEnv[name] ?? "")]));
}
