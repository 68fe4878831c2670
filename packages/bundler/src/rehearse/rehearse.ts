// Before a bundle is signed, it is tried: every project is built, vetted and its tests compiled, every tool installed
// and every module got, for every platform, with what the installer made of the bundle, in an environment as bare as
// that of a host, and without a network. A bundle with which that does not work is not signed.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cloneProject } from "../go/project-copy.ts";
import { diskError } from "../net/disk-error.ts";
import { bareEnv, HostGo } from "./host-go.ts";
import { rehearseModule, rehearseTool } from "./entry.ts";
import { rehearseProject } from "./project.ts";
import { findSandbox } from "./sandbox.ts";
import type { ResolvedEntry } from "../go/entry-closure.ts";
import type { ProjectBuild } from "../go/modules.ts";
import type { ProcessRunner } from "../go/spawn.ts";
import type { Rehearsal } from "./record.ts";

export interface RehearseOptions {
  /** The scratch root that the installer made of the bundle, with bin/go in it. */
  root: string;
  projects: readonly ProjectBuild[];
  /** Of `modules:` and `tools:`. */
  entries: readonly ResolvedEntry[];
  /** Platforms that entries are for, such as "linux/amd64". */
  platforms: readonly string[];
  /** A fresh folder for copies, caches and HOME. */
  workDir: string;
  /** GOCACHE; made if it is not there. */
  buildCache: string;
  /** Platform of this machine. */
  hostPlatform: string;
  /** PATH of the user: cgo takes its C compiler from there. */
  userPath: string;
  runner: ProcessRunner;
  /** Called before each project or entry and platform. */
  onStep?: ((name: string, platform: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Rehearses every project for each of its platforms, then every entry for all platforms; the record is in that order.
 * @throws REHEARSAL_FAILED with the project or entry and the platform and the last lines of go, IO_FAILED, DISK_FULL,
 * INTERRUPTED
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal[]> {
  const { workDir, runner, signal, onStep, hostPlatform } = options;
  await makeFolders(workDir);
  const sandbox = await findSandbox(runner, { cwd: workDir, env: bareEnv(options), signal });
  const go = new HostGo({ ...options, sandbox });
  const records: Rehearsal[] = [];
  for (const project of options.projects) {
    const { name } = project.copy;
    const copy = await cloneProject(project.copy, join(workDir, "projects", name), signal);
    for (const platform of project.platforms) {
      onStep?.(name, platform);
      records.push(await rehearseProject({ go, project: { ...project, copy }, platform, hostPlatform }));
    }
  }
  for (const [index, entry] of options.entries.entries()) {
    const cwd = join(workDir, "entries", String(index));
    await makeFolder(cwd);
    const rehearseEntry = entry.kind === "tool" ? rehearseTool : rehearseModule;
    for (const platform of options.platforms) {
      onStep?.(entry.entry, platform);
      records.push(await rehearseEntry({ go, entry, cwd, platform, hostPlatform }));
    }
  }
  return records;
}

async function makeFolders(workDir: string): Promise<void> {
  for (const name of ["home", "tmp"]) await makeFolder(join(workDir, name));
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw diskError(error, folder);
  }
}
