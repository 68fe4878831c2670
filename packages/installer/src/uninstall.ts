// Takes one Go version, or what only one bundle brought, out of what a root has. Like going back to an earlier generation
// it is a switch: the files stay until `gc`, so that builds which run go on, and it can be gone back from. Uninstalling
// everything is another thing: uninstall-all.ts.

import { GoferryError, newestGoFirst } from "@goferry/core";
import { linksWithout, restoreOutside } from "./configure/outside.ts";
import type { Finding } from "./findings.ts";
import type { Host } from "./host.ts";
import { sdkFolder } from "./layout.ts";
import { stageState } from "./plan/stage-state.ts";
import { programNames } from "./plan/stage-bin.ts";
import { runningFindings } from "./running.ts";
import { editScope, switchScope, type ScopeEntry } from "./scope.ts";
import { selfTest } from "./selftest.ts";
import { shellQuote } from "./shell-quote.ts";
import { openRoot, type RootSite } from "./site.ts";
import { compareStates, type StateChange } from "./state-change.ts";
import { readState, type State } from "./transaction/state.ts";
import { runTransaction } from "./transaction/transaction.ts";

/** A Go version without "go", or the name of a bundle: all serials of it. */
export type Uninstallable = { version: string } | { bundle: string };

export interface UninstallOptions {
  root: string;
  what: Uninstallable;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface Uninstalled extends StateChange {
  root: string;
  generation: number;
  previous: string | null;
  current: string | null;
  /** Bytes of content that `gc` frees once no generation needs it. */
  freeable: number;
  findings: Finding[];
  /** With dryRun: every path that would change. */
  scope?: ScopeEntry[];
}

/**
 * @throws NOT_FOUND for what is not installed; LOCKED; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED and the other refusals of a
 * root; SELF_TEST_FAILED as ROLLED_BACK; IO_FAILED, DISK_FULL, PERMISSION_DENIED, READ_ONLY; INTERRUPTED
 */
export async function uninstall(host: Host, options: UninstallOptions): Promise<Uninstalled> {
  const { what, dryRun = false, signal } = options;
  const named = "version" in what ? `go${what.version}` : `--bundle ${what.bundle}`;
  const command = `uninstall ${named}`;
  const opened = await openRoot(host, options.root, { command, dryRun, signal });
  const { root, at, site } = opened;
  const before = await readState(site.fs, at);
  const after = without(before, what);
  const gone = before.sdks.filter(({ version }) => !after.sdks.some((sdk) => sdk.version === version));
  const findings: Finding[] = [];
  for (const { version } of gone)
    findings.push(...(await runningFindings(sdkFolder(at, version), `Go ${version}`)));
  const report = (to: State): Omit<Uninstalled, "generation"> => ({
    ...compareStates(before, to),
    root,
    previous: before.current,
    current: to.current,
    freeable: bytesOf(before) - bytesOf(to),
    findings,
  });
  if (dryRun) {
    const place = { fs: site.fs, at };
    const { edits } = await restoreOutside(site.fs, root, await danglingLinks(host, opened, after));
    const scope = [...(await switchScope(place, { before, after })), ...(await editScope(place, edits))];
    return { ...report(after), generation: before.generation, scope };
  }
  const { state } = await runTransaction(site, root, {
    command,
    async stage(staging, now) {
      const wanted = without(now, what);
      const links = await danglingLinks(host, opened, wanted);
      const restored = await restoreOutside(site.fs, root, links);
      findings.push(...restored.findings);
      const outside = wanted.outside.filter((each) => !links.includes(each));
      const prepared = await stageState({
        fs: site.fs,
        at,
        staging,
        before: now,
        after: { ...wanted, outside },
      });
      return {
        ...prepared,
        edits: [...(prepared.edits ?? []), ...restored.edits],
        emptied: restored.emptied,
        audit: { action: "uninstall", subject: named, result: "done", bundle: null, signers: [] },
      };
    },
    async selfTest({ current: version }) {
      if (version !== null) await selfTest(host, { root, version, depth: "tools", signal });
    },
    signal,
  });
  return { ...report(state), generation: state.generation };
}

/** Links outside of the root to commands that it has no more. */
async function danglingLinks(host: Host, { at, site }: RootSite, state: State): Promise<State["outside"]> {
  const programs = await programNames({ fs: site.fs, at, host, hasGo: state.sdks.length > 0 });
  return linksWithout(state, programs);
}

function without(state: State, what: Uninstallable): State {
  return "version" in what ? withoutVersion(state, what.version) : withoutBundle(state, what.bundle);
}

function withoutVersion(state: State, version: string): State {
  const sdk = state.sdks.find((each) => each.version === version);
  if (sdk === undefined) {
    const there = state.sdks.map((each) => each.version).toSorted(newestGoFirst);
    throw notThere(state, `Go ${version}`, there);
  }
  const bundles = state.bundles.map((bundle) =>
    sdk.bundles.includes(bundle.indexDigest) ? { ...bundle, complete: false } : bundle,
  );
  return next(state, { sdks: state.sdks.filter((each) => each !== sdk), units: state.units, bundles });
}

/** What another bundle brought too, or would have, stays. */
function withoutBundle(state: State, name: string): State {
  const digests = state.bundles.filter((each) => each.name === name).map(({ indexDigest }) => indexDigest);
  if (digests.length === 0)
    throw notThere(state, `bundle ${name}`, [...new Set(state.bundles.map((each) => each.name))]);
  const keep = <T extends { bundles: string[] }>(items: readonly T[]): T[] =>
    items.flatMap((item) => {
      const others = item.bundles.filter((digest) => !digests.includes(digest));
      return others.length === 0 ? [] : [{ ...item, bundles: others }];
    });
  return next(state, {
    sdks: keep(state.sdks),
    units: keep(state.units),
    bundles: state.bundles.filter((each) => each.name !== name),
  });
}

function next(state: State, parts: Pick<State, "sdks" | "units" | "bundles">): State {
  const versions = parts.sdks.map(({ version }) => version).toSorted(newestGoFirst);
  const { current } = state;
  const isThere = current !== null && versions.includes(current);
  return {
    ...state,
    ...parts,
    generation: state.generation + 1,
    current: isThere ? current : (versions[0] ?? null),
  };
}

function bytesOf({ sdks, units }: State): number {
  return [...sdks, ...units].reduce((sum, { size }) => sum + size, 0);
}

function notThere({ root }: State, subject: string, there: readonly string[]): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject,
    message: `${root} does not have this`,
    expected: there.length === 0 ? "something that is installed; nothing is" : `one of ${there.join(", ")}`,
    found: subject,
    next: `goferry list --root ${shellQuote(root)} shows what is installed`,
  });
}
