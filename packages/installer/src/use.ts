// Makes an installed Go version the one that bin/go is: one link, by the same transaction as everything else.

import { GoferryError, goLineOf, isGoLine, newestGoFirst } from "@goferry/core";
import { refuseWithoutGo } from "./check/whole.ts";
import { currentTarget } from "./configure/launchers.ts";
import type { Finding } from "./findings.ts";
import type { Host } from "./host.ts";
import { switchScope, type ScopeEntry } from "./scope.ts";
import { startTest } from "./selftest.ts";
import { openRoot } from "./site.ts";
import { readState, type State } from "./transaction/state.ts";
import { runTransaction } from "./transaction/transaction.ts";

export interface UseOptions {
  root: string;
  /** Without "go": "1.26.8", or of a line, "1.26", the newest that is installed. */
  version: string;
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface Used {
  /** False when it is that version already. */
  changed: boolean;
  root: string;
  generation: number;
  /** The version that it was. */
  previous: string | null;
  current: string;
  findings: Finding[];
  /** With dryRun: every path that would change. */
  scope?: ScopeEntry[];
}

/**
 * @throws NOT_FOUND for a version that is not installed; LOCKED; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED and the other
 * refusals of a root; SELF_TEST_FAILED as ROLLED_BACK; IO_FAILED, PERMISSION_DENIED, READ_ONLY; INTERRUPTED
 */
export async function useVersion(host: Host, options: UseOptions): Promise<Used> {
  const { dryRun = false, signal } = options;
  const command = `use ${options.version}`;
  const { root, at, site } = await openRoot(host, options.root, { command, dryRun, signal });
  const before = await readState(site.fs, at);
  // Before the lock, which makes files: an empty folder shall not become a root by this.
  const version = chosen(before, options.version);
  const report = {
    root,
    previous: before.current,
    current: version,
    findings: olderFindings(before, version),
  };
  if (dryRun) {
    const isOther = before.current !== version;
    const after = { ...before, generation: before.generation + 1, current: version };
    const scope = isOther ? await switchScope({ fs: site.fs, at }, { before, after }) : [];
    return { ...report, changed: isOther, generation: before.generation, scope };
  }
  const { changed, state } = await runTransaction(site, root, {
    command,
    async stage(_, now) {
      refuseAbsent(now, version);
      await refuseWithoutGo(site.fs, at, version);
      if (now.current === version) return await Promise.resolve(null);
      return {
        state: { ...now, generation: now.generation + 1, current: version },
        edits: [{ path: at.current, link: currentTarget(version) }],
        audit: { action: "use", subject: `go${version}`, result: "done", bundle: null, signers: [] },
      };
    },
    async selfTest() {
      await startTest(host, { root, version, signal });
    },
    signal,
  });
  return { ...report, changed, generation: state.generation };
}

/** @throws NOT_FOUND */
function chosen(state: State, asked: string): string {
  const ofLine = versionsOf(state.sdks).find((version) => goLineOf(version) === asked);
  const version = isGoLine(asked) && ofLine !== undefined ? ofLine : asked;
  refuseAbsent(state, version);
  return version;
}

function refuseAbsent({ root, sdks }: State, version: string): void {
  if (sdks.some((sdk) => sdk.version === version)) return;
  const there = versionsOf(sdks);
  throw new GoferryError("NOT_FOUND", {
    subject: `Go ${version}`,
    message: `${root} does not have this version`,
    expected: there.length === 0 ? "an installed version; there is none" : `one of ${there.join(", ")}`,
    found: version,
    next: `Install it from a bundle that holds it: goferry install BUNDLE --only go${version}`,
  });
}

/** Go switches by itself to a newer version that a go.mod asks for, and never to an older one. */
function olderFindings({ sdks }: State, version: string): Finding[] {
  const [newest = version] = versionsOf(sdks);
  if (newestGoFirst(newest, version) >= 0) return [];
  return [
    {
      code: "GO_NOT_NEWEST",
      level: "warn",
      subject: `Go ${version}`,
      message: `a newer Go, ${newest}, is installed, and projects whose go.mod asks for less than it are built with ${version} now`,
      expected: newest,
      found: version,
      next: `goferry use ${newest}; one command alone runs with an older Go by GOTOOLCHAIN=go${version}`,
    },
  ];
}

function versionsOf(sdks: State["sdks"]): string[] {
  return sdks.map((sdk) => sdk.version).toSorted(newestGoFirst);
}
