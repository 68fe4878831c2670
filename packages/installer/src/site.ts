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
import { lookAtUnfinished } from "./transaction/unfinished.ts";

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
  /**
   * That this user may not write in a root that is there: "refuse" it here, or "tell" it later, with all else that the caller
   * finds wrong, or does without.
   */
  unwritable?: "refuse" | "tell" | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * @throws ROOT_NOT_DIRECTORY, ROOT_NOT_OURS, ROOT_OWNER_OTHER; ROOT_NOT_WRITABLE, READ_ONLY; ELEVATION_MISSING; what
 * recovery throws
 */
export async function openRoot(host: Host, path: string, options: OpenRootOptions): Promise<RootSite> {
  const { command, dryRun, unwritable = "refuse", signal } = options;
  const root = await resolveRoot(path);
  const site = siteOf(host);
  const { place, findings } = await inspectRoot(root, host.uid);
  const found = findings.filter(({ level }) => level === "refuse");
  const tellLater = dryRun || unwritable === "tell" || !place.exists;
  refuseFindings(tellLater ? found.filter(({ code }) => BEFORE_RECOVERY.has(code)) : found);
  const at = layout(root);
  if (!dryRun) refuseFindings(elevationFindings(host, root));
  if (!dryRun && found.length === 0) await recover(site, at, { command, signal });
  return { root, at, site };
}

/**
 * The same for commands that only read. What an interrupted command left is finished or taken back where this user may
 * do it and nobody else is at it; elsewhere the root is read as it is, which is whole: state.json is replaced in one step.
 * Who listens to the host hears of both.
 * @throws STATE_DAMAGED, JOURNAL_DAMAGED, STATE_NEWER, ROOT_MOVED, and errors of the file system
 */
export async function openRootToRead(host: Host, path: string, command: string): Promise<RootSite> {
  const root = await resolveRoot(path);
  const [site, at] = [siteOf(host), layout(root)];
  if (!(await hasTraces(site.fs, at)) || (await recoverIfAllowed(host, { root, at, site }, command)))
    return { root, at, site };
  const left = await lookAtUnfinished(site, at);
  if (left !== null && !left.isRunning) host.onEvent?.({ kind: "unfinished", command: left.command, root });
  return { root, at, site };
}

/** False where that is left to somebody else, or to later. */
async function recoverIfAllowed(host: Host, { root, at, site }: RootSite, command: string): Promise<boolean> {
  const { findings } = await inspectRoot(root, host.uid);
  if (findings.some(({ level }) => level === "refuse")) return false;
  try {
    await recover({ ...site, lockWaitMs: 0 }, at, { command });
    return true;
  } catch (error) {
    if (error instanceof GoferryError && NOT_NOW.has(error.code)) return false;
    throw error;
  }
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
