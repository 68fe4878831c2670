// Installs a bundle in a root. This file is the list of the stages; the transaction (transaction/transaction.ts) makes
// them one step that succeeds as a whole or leaves nothing behind.

import { GoferryError, type EvidenceReport, type OpenedBundle, type VerifiedSignature } from "@goferry/core";
import { wholeCheck } from "./check/whole.ts";
import { findOverrides, type Override } from "./configure/overrides.ts";
import { checkPatterns, readGoEnv } from "./configure/go-env.ts";
import { NO_PATH_SETUP, planPath, type PathChoice, type PathSetup } from "./configure/path-setup.ts";
import type { Finding } from "./findings.ts";
import type { Host } from "./host.ts";
import { followLog, historyFindings, missingFindings } from "./log-history.ts";
import { goEnvFile, layout, type Layout } from "./layout.ts";
import { hostFs } from "./host-fs.ts";
import { demand, describeDemand, type Demand } from "./plan/demand.ts";
import type { Selection } from "./plan/selection.ts";
import { stageBundle } from "./plan/stage.ts";
import { programNames } from "./plan/stage-bin.ts";
import { lastAuditTime } from "./audit.ts";
import { checkPolicy, evidenceCheck, type PolicyExceptions } from "./policy.ts";
import { preflight, withNeed } from "./preflight.ts";
import { nameFindings } from "./preflight-root.ts";
import { isSameFile } from "./plan/same-file.ts";
import { stateAfter } from "./plan/state-after.ts";
import { installScope, registryScope, type ScopeEntry } from "./scope.ts";
import { refuseQuarantined } from "./quarantine.ts";
import { refuseFindings } from "./plan/refuse.ts";
import { openRoot, openRootToRead } from "./site.ts";
import { selfTest } from "./selftest.ts";
import { readState, type State } from "./transaction/state.ts";
import { checkSigners } from "./trust/pinned.ts";
import { runTransaction } from "./transaction/transaction.ts";
import { longPathFindings } from "./windows/long-paths.ts";
import { protectRoot } from "./windows/protect-root.ts";
import { renameTime, scannerFindings } from "./windows/scanner.ts";

export interface InstallProgress {
  stage: "preflight" | "stage" | "commit" | "self-test" | "configure";
  /** Compressed bytes that were checked and unpacked, of all that will be. */
  done?: number;
  total?: number;
}

export interface InstallOptions {
  /** Absolute; links in it are followed. */
  root: string;
  bundle: OpenedBundle;
  /** Name of the bundle's file, for the audit log and messages. */
  bundleFile: string;
  /** Which part of it; everything if left out. What is there beyond that stays. */
  select?: Selection | undefined;
  /** Key of the checksum database, in the syntax of GOSUMDB. */
  logKey: string;
  /** Also rebuild the zips of modules, which a bare `go mod download` needs. */
  zips: boolean;
  /** What is changed outside of the root, so that the user, or with root's rights everybody, finds its Go. */
  path: PathChoice;
  /** Patterns of modules that Go fetches from their own servers inside the gap. */
  direct: readonly string[];
  /**
   * Patterns of modules that need no log record on this host, as in GOPRIVATE. They are pinned in the root, beside those
   * that it has, by the same step that installs.
   */
  allowPrivate: readonly string[];
  /** What the policy of this root lets through for once. */
  exceptions?: PolicyExceptions | undefined;
  selfTest: "tools" | "build";
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  onProgress?: ((progress: InstallProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Installed {
  /** False when everything was there already. */
  changed: boolean;
  root: string;
  generation: number;
  /** The Go version that bin/go is. */
  current: string | null;
  added: { sdks: string[]; modules: number; gomods: number };
  evidence: EvidenceReport;
  signatures: VerifiedSignature[];
  /** Where the root's Go is found, besides its bin folder. */
  found: Pick<PathSetup, "loginShells" | "folders">;
  /** What is worth knowing and no reason to stop. */
  findings: Finding[];
  /** Settings of the user that win over ours. */
  overrides: Override[];
  /** What was done, or with dryRun would be: a line each. */
  changes: string[];
  /** With dryRun: every path that would change. */
  scope?: ScopeEntry[];
}

/**
 * Verifies and installs a bundle whose contents are vouched for. The process' umask must be 022 (see HostFacts): a
 * call to set the mode of each of 70,000 files would cost more than writing the small ones.
 * @throws ARGUMENT_INVALID for a pattern; NOT_FOUND for a part that the bundle has not; KEY_REVOKED,
 * SIGNATURE_MISSING by what the root asks for; PRIVATE_REFUSED, GENERATION_BROKEN; LOG_MISMATCH; CLOCK_BEHIND,
 * SERIAL_AHEAD, BUNDLE_EXPIRED, BUNDLE_OLDER, SERIAL_REUSED; the refusals of preflight; CHUNK_MISMATCH, HASH_MISMATCH, ENTRY_REFUSED,
 * BUNDLE_MALFORMED; LOCKED; DISK_FULL, IO_FAILED; ROLLED_BACK, SELF_TEST_FAILED; FILE_QUARANTINED, after the commit; INTERRUPTED
 */
export async function install(host: Host, options: InstallOptions): Promise<Installed> {
  const { bundle, onProgress = () => undefined, signal } = options;
  checkPatterns([...options.allowPrivate, ...options.direct]);
  const command = `install ${options.bundleFile}`;

  onProgress({ stage: "preflight" });
  const { dryRun = false } = options;
  const { root, at, site } = await openRoot(host, options.root, {
    command,
    dryRun,
    unwritable: "tell",
    signal,
  });
  const { fs } = site;
  const before = await readState(fs, at);
  checkSigners(bundle, before);
  await using whole = wholeCheck(host, at, { state: before, signal });
  // The threads are idle until they unpack. Of a bundle that the root has, it may not be needed.
  if (!before.bundles.some(({ indexDigest }) => indexDigest === bundle.indexDigest)) whole.begin();
  const lastAudit = await lastAuditTime(fs, at.audit);
  const evidenceOf = evidenceCheck(bundle, options);
  const evidence = evidenceOf(before);
  const wanted = await demand(fs, at, options, host);
  const history = historyFindings(followLog(bundle.contents, before, options.logKey), before);
  const { exceptions } = options;
  const allowed = checkPolicy(bundle, before, { now: host.now(), lastAudit, exceptions });
  const pathSetup = await pathSetupOf(host, root, { wanted, path: options.path });
  const checked = await preflight(host, {
    root,
    pathSetup,
    platforms: bundle.contents.platforms,
    needBytes: wanted.needBytes,
    needFiles: wanted.needFiles,
  });
  const { layers } = wanted;
  const long = await longPathFindings(host, { root, bundle, layers, signal });
  const findings = [...checked.findings, ...long, ...pathSetup.findings, ...allowed, ...history];
  refuseFindings(findings);
  // What could not be gone back to must not be left.
  if (wanted.changesSomething) await whole.result();
  const report = {
    root,
    evidence,
    signatures: bundle.signatures,
    findings,
    found: { loginShells: pathSetup.loginShells, folders: pathSetup.folders },
    added: addedBy(wanted),
    changes: [...describeDemand(wanted, at), ...pathSetup.changes],
  };
  if (dryRun) {
    const { generation, current } = wanted.before;
    const { edits: outside, registry } = pathSetup;
    const changed = wanted.changesSomething || outside.length + registry.length > 0;
    const scope = changed
      ? [...(await scopeOf(host, at, { wanted, options, outside })), ...(await registryScope(host, registry))]
      : [];
    return { ...report, changed, generation, current, overrides: [], scope };
  }

  let missing: readonly string[] = [];
  const renames = renameTime(() => performance.now());
  const { changed, state } = await runTransaction(site, root, {
    command,
    stage: async (staging, locked) => {
      await protectRoot(host, { fs, root, isNew: locked.transaction === null });
      return await stageBundle({
        host,
        fs,
        at,
        staging,
        before: locked,
        options,
        evidenceOf,
        onMissing: (names) => (missing = names),
      });
    },
    selfTest: async ({ current, units }) => {
      onProgress({ stage: "self-test" });
      // Nothing new to run or to build with: a zip, a pattern, goferry itself.
      const depth = wanted.units.length === 0 ? "tools" : options.selfTest;
      if (current !== null) await selfTest(host, { root, version: current, depth, units, signal });
    },
    onStep: (step) => {
      renames.onStep(step);
      if (step === "sync") onProgress({ stage: "commit" });
    },
    signal,
  }).catch((error: unknown) => {
    throw withNeed(error, wanted);
  });
  if (changed) await refuseQuarantined(host, at, state);
  onProgress({ stage: "configure" });
  const { generation, current } = state;
  const overrides = await overridesOf(host, state, { root, signal });
  findings.push(...missingFindings(missing, root), ...scannerFindings(host, { root, ms: renames.total() }));
  return { ...report, changed, generation, current, overrides, ...(changed ? {} : NOTHING) };
}

/** Of a root whose name PATH cannot hold there is nothing to set up. */
async function pathSetupOf(
  host: Host,
  root: string,
  { wanted, path }: { wanted: Demand; path: PathChoice },
): Promise<PathSetup> {
  if (nameFindings(root).length > 0) return NO_PATH_SETUP;
  const hasGo = wanted.before.sdks.length > 0 || wanted.units.some(({ kind }) => kind === "toolchain");
  const programs = await programNames({ fs: hostFs(host), at: layout(root), host, hasGo });
  return await planPath(host, { root, path, programs });
}

async function scopeOf(
  host: Host,
  at: Layout,
  request: { wanted: Demand; options: InstallOptions; outside: PathSetup["edits"] },
): Promise<ScopeEntry[]> {
  const { wanted, options, outside } = request;
  const { bundle, zips } = options;
  const { contents, indexDigest } = bundle;
  const fs = hostFs(host);
  const { executablePath, executableSize } = host;
  const isOther =
    executablePath !== undefined && !(await isSameFile(executablePath, at.goferry, executableSize));
  const size = isOther ? (executableSize ?? (await fs.lstat(executablePath))?.size ?? 0) : 0;
  return await installScope(
    { fs, at },
    {
      before: wanted.before,
      after: stateAfter(wanted.before, { wanted, options, host }),
      contents,
      indexDigest,
      units: wanted.units,
      zips,
      hasTiles: wanted.layers.some((i) => contents.layers[i]?.kind === "log"),
      program: isOther ? { size } : undefined,
      outside,
    },
  );
}

const NOTHING = { changes: [], added: { sdks: [], modules: 0, gomods: 0 } };

function addedBy({ units }: Demand): Installed["added"] {
  const count = (kind: string): number => units.filter((unit) => unit.kind === kind).length;
  const sdks = units.flatMap((unit) => (unit.kind === "toolchain" ? [unit.go] : []));
  return { sdks, modules: count("module"), gomods: count("gomod") };
}

/** Never throws: the installation is committed, and stays one whatever Go says of the user's settings. */
async function overridesOf(
  host: Host,
  { current, log }: State,
  { root, signal }: { root: string; signal: AbortSignal | undefined },
): Promise<Override[]> {
  if (current === null) return [];
  const file = goEnvFile(layout(root), current);
  try {
    const bytes = await hostFs(host).readFile(file);
    if (bytes === null) return [];
    const settings = readGoEnv(Buffer.from(bytes).toString("utf8"));
    return await findOverrides(host, { root, settings, log, signal });
  } catch (error) {
    return [unanswered(error, file)];
  }
}

function unanswered(error: unknown, source: string): Override {
  const go = "go env";
  const detail = error instanceof GoferryError ? error.found : undefined;
  return {
    code: "SETTINGS_UNREADABLE",
    level: "warn",
    subject: go,
    message: "the bundle is installed, but Go could not be asked which settings it goes by",
    expected: "an answer of go env",
    found: detail ?? (error instanceof Error ? error.message : String(error)),
    next: `see what ${go} says as the user who will build`,
    source,
  };
}

/** What is installed in a root. Waits for nobody. Throws what openRootToRead and readState throw. */
export async function listRoot(host: Host, root: string): Promise<State> {
  const { at, site } = await openRootToRead(host, root, "list");
  return await readState(site.fs, at);
}
