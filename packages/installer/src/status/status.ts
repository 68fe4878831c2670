// How a root is: what is installed and how old it is, what changed it last, what failed last, and whether anybody is at
// work. Waits for nobody; what cannot be read of the lesser things is told as unknown.

import { GoferryError } from "@goferry/core";
import { isChange, type AuditRecord } from "../audit.ts";
import { readAuditLog } from "../audit-verify.ts";
import type { Host } from "../host.ts";
import { layout } from "../layout.ts";
import { logNames } from "../root-logs.ts";
import { resolveRoot } from "../root-path.ts";
import { readRuns, type Run } from "../runs.ts";
import { openRootToRead, siteOf, type RootSite } from "../site.ts";
import { readState, type State } from "../transaction/state.ts";
import { lookAtUnfinished } from "../transaction/unfinished.ts";

export interface RootStatus {
  root: string;
  generation: number;
  current: string | null;
  sdks: State["sdks"];
  bundles: BundleStatus[];
  /** The last line of the audit log that tells of a change, and the last that tells of a failure. */
  lastChange: AuditRecord | null;
  lastFailure: AuditRecord | null;
  audit: { head: string | null; lines: number; whole: boolean };
  /** How the last run of each command ended. */
  runs: Record<string, Run>;
  /** Who is changing the root now, or was when it died, as the lock has it. */
  lock: string | null;
  /** The command that was interrupted, or that is running, as far as this user may know it; null for none. */
  unfinished: string | null;
  /** It was interrupted, and could not be finished or taken back by who asked. */
  interrupted: boolean;
  disk: { freeBytes: number; freeFiles: number | null };
  /** Names in state/logs/, the newest last. */
  logs: string[];
}

export interface BundleStatus {
  name: string;
  serial: number;
  indexDigest: string;
  installedAt: string;
  /** When it was built. */
  created: string;
  /** Whole days since then, and until it expires: negative afterwards, null if it never does. */
  ageDays: number;
  expires: string | null;
  daysToExpiry: number | null;
  complete: boolean;
}

/**
 * What an interrupted command left is put in order first, where that can be done by who asks, unless the root is to be
 * shown `as` it "was": to a supporter.
 * @throws NOT_FOUND where there is no root; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED, JOURNAL_DAMAGED; IO_FAILED and the like
 */
export async function readStatus(
  host: Host,
  path: string,
  as: "recovered" | "was" = "recovered",
): Promise<RootStatus> {
  const { root, at, site } =
    as === "was" ? await asItIs(host, path) : await openRootToRead(host, path, "status");
  const { fs } = site;
  if ((await fs.lstat(at.stateFile)) === null) throw noRoot(root);
  const state = await readState(fs, at);
  const { head, entries, breaks } = await readAuditLog({ fs, at });
  const unfinished = await lookAtUnfinished(site, at);
  const records = entries.flatMap(({ record }) => (record === undefined ? [] : [record]));
  const { freeBytes, freeFiles } = await host.statfs(root);
  return {
    root,
    generation: state.generation,
    current: state.current,
    sdks: state.sdks,
    bundles: state.bundles.map((bundle) => bundleStatus(bundle, host.now())),
    lastChange: records.findLast(isChange) ?? null,
    lastFailure: records.findLast(({ result }) => result !== "done") ?? null,
    audit: { head, lines: entries.length, whole: breaks.length === 0 },
    runs: await readRuns(fs, at),
    lock: unfinished?.holder ?? null,
    unfinished: unfinished?.command ?? null,
    interrupted: unfinished?.isRunning === false,
    disk: { freeBytes, freeFiles },
    logs: await logNames(host, at),
  };
}

async function asItIs(host: Host, path: string): Promise<RootSite> {
  const root = await resolveRoot(path);
  return { root, at: layout(root), site: siteOf(host) };
}

function bundleStatus(bundle: State["bundles"][number], now: Date): BundleStatus {
  const { name, serial, indexDigest, installedAt, complete, expires = null } = bundle;
  // The serial of a bundle is the time when it was built (DESIGN 2).
  const created = new Date(serial * 1000);
  return {
    name,
    serial,
    indexDigest,
    installedAt,
    created: created.toISOString(),
    ageDays: wholeDays(now.getTime() - created.getTime()),
    expires,
    daysToExpiry: expires === null ? null : wholeDays(Date.parse(expires) - now.getTime()),
    complete,
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

function wholeDays(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function noRoot(root: string): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: root,
    message: "there is no root of goferry here",
    expected: layout(root).stateFile,
    found: "nothing",
    next: "name the root with --root DIR, or install a bundle in it",
  });
}
