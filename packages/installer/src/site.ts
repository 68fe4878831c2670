// What every command that changes a root begins with: the root by its one name, the assurance that it is ours, and the
// end of what an earlier command began. Never in a folder that is, or may be, somebody else's: recovery does what a
// journal says, and removes what is left.

import { GoferryError, type ErrorCode } from "@goferry/core";
import type { Actor } from "./audit.ts";
import type { Host } from "./host.ts";
import { layout, type Layout } from "./layout.ts";
import { hostFs } from "./host-fs.ts";
import { inspectRoot } from "./preflight-root.ts";
import { refuseFindings } from "./plan/refuse.ts";
import { resolveRoot } from "./root-path.ts";
import { linuxProcesses } from "./transaction/processes.ts";
import { windowsProcesses } from "./transaction/windows-processes.ts";
import { elevationFindings } from "./windows/elevation.ts";
import { hasTraces, recover } from "./transaction/recover.ts";
import type { TransactionHost } from "./transaction/transaction.ts";

export interface RootSite {
  /** Absolute, without links. */
  root: string;
  at: Layout;
  /** What transactions on it need. */
  site: TransactionHost;
}

export interface OpenRootOptions {
  /** For the lock, should recovery have to take it: "install site.tar". */
  command: string;
  dryRun: boolean;
  signal?: AbortSignal | undefined;
}

/** @throws ROOT_NOT_DIRECTORY, ROOT_NOT_OURS, ROOT_OWNER_OTHER; ELEVATION_MISSING; what recovery throws */
export async function openRoot(host: Host, path: string, options: OpenRootOptions): Promise<RootSite> {
  const { command, dryRun, signal } = options;
  const root = await resolveRoot(path);
  const site = siteOf(host);
  // All else that is wrong with the root is told by preflight, which looks again at what recovery has left of it.
  const found = (await inspectRoot(root, host.uid)).findings.filter(({ level }) => level === "refuse");
  refuseFindings(found.filter(({ code }) => BEFORE_RECOVERY.has(code)));
  const at = layout(root);
  if (!dryRun) refuseFindings(elevationFindings(host, root));
  if (!dryRun && found.length === 0) await recover(site, at, { command, signal });
  return { root, at, site };
}

/**
 * The same for commands that only read. What an interrupted command left is finished or taken back where this user may
 * do it and nobody else is at it; elsewhere the root is read as it is, which is whole: state.json is replaced in one step.
 * @throws STATE_DAMAGED, JOURNAL_DAMAGED, STATE_NEWER, ROOT_MOVED, and errors of the file system
 */
export async function openRootToRead(host: Host, path: string, command: string): Promise<RootSite> {
  const root = await resolveRoot(path);
  const [site, at] = [siteOf(host), layout(root)];
  if (!(await hasTraces(site.fs, at))) return { root, at, site };
  const { findings } = await inspectRoot(root, host.uid);
  if (findings.some(({ level }) => level === "refuse")) return { root, at, site };
  await recover({ ...site, lockWaitMs: 0 }, at, { command }).catch((error: unknown) => {
    if (!(error instanceof GoferryError && NOT_NOW.has(error.code))) throw error;
  });
  return { root, at, site };
}

/** Why recovery may be left to a command that changes something. */
const NOT_NOW: ReadonlySet<ErrorCode> = new Set([
  "LOCKED",
  "PERMISSION_DENIED",
  "READ_ONLY",
  "DISK_FULL",
  "PROC_MISSING",
]);

/** What transactions need of this machine. */
export function siteOf(host: Host): TransactionHost {
  const { pid, processExists: exists, signsOfLife: signs, lockWaitMs, onEvent } = host;
  const processes =
    signs === undefined ? linuxProcesses({ pid, exists }) : windowsProcesses({ pid, exists, signs });
  const registry = host.windows?.system.registry;
  return {
    fs: hostFs(host),
    now: () => host.now(),
    by: actorOf(host),
    processes,
    registry,
    lockWaitMs,
    onEvent,
  };
}

/** root with sudo is also somebody. The name is what sudo said, and root can set it as it likes. */
function actorOf({ userName: user, env }: Host): Actor {
  return { user, sudoUser: env["SUDO_USER"] || null };
}

const BEFORE_RECOVERY: ReadonlySet<ErrorCode> = new Set([
  "ROOT_NOT_DIRECTORY",
  "ROOT_NOT_OURS",
  "ROOT_OWNER_OTHER",
]);
