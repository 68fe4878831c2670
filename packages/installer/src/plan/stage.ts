// Verified -> Staged: unpacks what the root lacks into staging and says what shall become of it. Nothing outside staging
// is touched here.

import { join } from "node:path";
import { readFile, writeFile } from "node:fs/promises";
import { unitName, type EvidenceReport } from "@goferry/core";
import { editGoEnv } from "../configure/go-env.ts";
import { currentTarget } from "../configure/launchers.ts";
import { lastAuditTime } from "../audit.ts";
import { checkPolicy } from "../policy.ts";
import { recordOutside } from "../configure/outside.ts";
import { planPath, type PathSetup } from "../configure/path-setup.ts";
import { recordRegistry } from "../configure/windows/record.ts";
import { registryCopy } from "../configure/windows/copy.ts";
import { extractLayers } from "../extract/extract.ts";
import { TILES } from "../extract/file-sink.ts";
import type { Finding } from "../findings.ts";
import { isBelow, type HostFs } from "../fs.ts";
import type { Host } from "../host.ts";
import type { InstallOptions } from "../install.ts";
import { goEnvFile, layout, sdkFolder, unitTree, type Layout } from "../layout.ts";
import { ioError } from "../node-fs.ts";
import type { EditRequest, Prepared } from "../transaction/describe.ts";
import type { Move } from "../transaction/journal.ts";
import type { State } from "../transaction/state.ts";
import { checkSigners } from "../trust/pinned.ts";
import { readGenerations } from "../generations.ts";
import { ownPaths } from "./belongings.ts";
import { demand, type Demand } from "./demand.ts";
import { goEnvEdits, settingsFor } from "./go-env-edits.ts";
import { stageLogTree, type LogTree } from "./log-tree.ts";
import { placeTree } from "./place-tree.ts";
import { programNames, stageBin, type KeptFile } from "./stage-bin.ts";
import { stateAfter } from "./state-after.ts";
import { refuseFindings } from "./refuse.ts";
import { knownTiles } from "./tiles.ts";
import { stageFile } from "./stage-file.ts";
import { fileSystemTime, keepUnits, plainGoEnvName, tilesName } from "./unit-files.ts";
import { versionLists } from "./version-lists.ts";

export interface StageRequest {
  host: Host;
  fs: HostFs;
  at: Layout;
  /** Absolute folder, empty, on the root's file system. */
  staging: string;
  before: State;
  options: InstallOptions;
  /** See policy.ts. */
  evidenceOf(before: State): EvidenceReport;
  /** Hears of the modules that go will not be able to look up in the checksum database. */
  onMissing(names: readonly string[]): void;
}

/** @returns null if the root has everything already */
export async function stageBundle(request: StageRequest): Promise<Prepared | null> {
  const { host, fs, at, staging, before, options, evidenceOf } = request;
  const { bundle } = options;
  // Another command may have come first while this one waited for the lock.
  checkSigners(bundle, before);
  const lastAudit = await lastAuditTime(fs, at.audit);
  const { exceptions } = options;
  const allowed = checkPolicy(bundle, before, { now: host.now(), lastAudit, exceptions });
  evidenceOf(before);
  const wanted = await demand(fs, at, options, host);
  const planned = stateAfter(before, { wanted, options, host });
  const staged = layout(staging);

  const bin = await besides(stageBin(request, planned), unpack(wanted, request));
  await stageCacheLock(request, staged);
  const sdkMoves = await configureSdks(request, wanted, planned);
  const lists = await versionLists({ fs, at, staged, state: planned, added: wanted.units });
  const logTree = await stageLogTree({ fs, at, staged, before, state: planned });
  const { edits: outside, registry } = await pathSetup(request, planned);
  const state = {
    ...withLookups(planned, logTree),
    outside: await recordOutside(fs, before.outside, outside),
    ...(await registryRecords(request, registry)),
  };
  const moves = await placeTree({ fs, from: staged.mod, to: at.mod, isOurs: await ownedPaths(request) });
  const unitEdits = await stageKept(request, bin.kept);
  const unitMoves = await placeTree({ fs, from: staged.units, to: at.units, isOurs: keptSums(before, at) });
  const edits = [
    ...(await goEnvEdits(fs, at, { sdks: before.sdks, state })),
    ...lists,
    ...(await changedLinks(fs, [
      ...bin.links,
      { path: at.current, link: currentTarget(state.current ?? "") },
    ])),
    ...outside,
    ...(await registryCopy({ registry: host.windows?.system.registry, at }, registry, state.generation)),
    ...unitEdits,
  ];
  request.onMissing(logTree.missing);
  const brought = [...sdkMoves, ...moves, ...unitMoves];
  const place = [...brought, ...logTree.place];
  if (place.length + bin.replace.length + edits.length + registry.length === 0 && !wanted.changesSomething)
    return null;
  return {
    state,
    place,
    remove: [...logTree.remove, ...(await leftovers(request, brought))],
    replace: bin.replace,
    edits,
    registry,
    synced: fs.syncsEachFile ? wanted.units.map((unit) => unitTree(staged, unit)) : [],
    audit: {
      action: "install",
      subject: `${bundle.contents.name} serial ${bundle.contents.serial} (${options.bundleFile})${pinned(before, state)}${excepted(allowed)}`,
      result: "done",
      bundle: bundle.indexDigest,
      signers: bundle.signatures.map(({ fingerprint }) => fingerprint),
    },
  };
}

/** For the audit log: a decision of the administrator that came with the installation. */
function pinned(before: State, after: State): string {
  const added = after.privatePatterns.filter((pattern) => !before.privatePatterns.includes(pattern));
  return added.length === 0 ? "" : `, allowing private modules of ${added.join(" ")}`;
}

/** Likewise: what the policy of the root would have refused. */
function excepted(allowed: readonly Finding[]): string {
  return allowed
    .map(
      ({ code, expected = "", found = "" }) => `, in spite of ${code} (expected ${expected}, found ${found})`,
    )
    .join("");
}

function withLookups(state: State, { lookups }: LogTree): State {
  return state.log === null ? state : { ...state, log: { ...state.log, lookups } };
}

/** Waits for both, whatever becomes of one: nothing may write into staging when it is removed. Throws what `main` throws first. */
async function besides<T>(aside: Promise<T>, main: Promise<void>): Promise<T> {
  const [unpacked] = await Promise.allSettled([main, aside]);
  if (unpacked.status === "rejected") throw unpacked.reason;
  return await aside;
}

async function unpack(wanted: Demand, { host, fs, staging, options }: StageRequest): Promise<void> {
  const { bundle, zips, signal, onProgress } = options;
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    onProgress?.({ stage: "stage", done, total: wanted.layerBytes });
  };
  const { cores, workerSource } = host;
  const { units, layers } = wanted;
  const { units: folder } = layout(staging);
  const from = Math.floor(await fileSystemTime(staging)) - 1;
  const sums = await extractLayers(bundle, {
    folder: staging,
    layers,
    units,
    zips,
    sync: fs.syncsEachFile,
    cores,
    workerSource,
    signal,
    onBytes,
  });
  const tiles = sums.get(TILES);
  sums.delete(TILES);
  if (tiles !== undefined) sums.set(tilesName(bundle.indexDigest), tiles);
  keepUnits(folder, sums, { from, to: Math.ceil(await fileSystemTime(staging)) });
}

/**
 * The empty file that every go command takes its lock on. Made here, because the self-test would make it in a folder
 * that a rollback wants to remove.
 */
async function stageCacheLock({ fs, at }: StageRequest, staged: Layout): Promise<void> {
  const file = join(staged.mod, "cache", "lock");
  const isWanted =
    (await fs.lstat(staged.mod)) !== null && (await fs.lstat(join(at.mod, "cache", "lock"))) === null;
  if (isWanted) await fs.createFile(file, new Uint8Array(), { mode: 0o644 });
}

/** Writes our settings into each new GOROOT while it is still in staging. */
async function configureSdks(
  { fs, at, staging }: StageRequest,
  { units }: Demand,
  state: State,
): Promise<Move[]> {
  const staged = layout(staging);
  const moves: Move[] = [];
  for (const unit of units) {
    if (unit.kind !== "toolchain") continue;
    const file = goEnvFile(staged, unit.go);
    try {
      const plain = await readFile(file, "utf8");
      stageFile(join(staged.units, plainGoEnvName(unitName(unit))), plain);
      // The tree that it is in passes for synced.
      await writeFile(file, editGoEnv(plain, settingsFor(at, state)), { flush: fs.syncsEachFile });
    } catch (error) {
      throw ioError(error, "write", file);
    }
    moves.push({ from: sdkFolder(staged, unit.go), to: sdkFolder(at, unit.go) });
  }
  return moves;
}

async function stageKept(
  { fs, at, staging }: StageRequest,
  files: readonly KeptFile[],
): Promise<EditRequest[]> {
  const edits: EditRequest[] = [];
  for (const { name, text } of files) {
    const path = join(at.units, name);
    if ((await fs.lstat(path)) !== null) edits.push({ path, file: Buffer.from(text) });
    else stageFile(join(layout(staging).units, name), text);
  }
  return edits;
}

async function changedLinks(
  fs: HostFs,
  links: readonly { path: string; link: string }[],
): Promise<EditRequest[]> {
  const changed: EditRequest[] = [];
  for (const { path, link } of links) {
    const status = await fs.lstat(path);
    if (status?.kind !== "link" || (await fs.readLink(path)) !== link) changed.push({ path, link });
  }
  return changed;
}

async function pathSetup({ fs, host, at, options }: StageRequest, state: State): Promise<PathSetup> {
  const programs = await programNames({ fs, at, host, hasGo: state.sdks.length > 0 });
  const setup = await planPath(host, { root: at.root, path: options.path, programs });
  // It was possible a moment ago; what is not any more shall not be told as done.
  refuseFindings(setup.findings);
  return setup;
}

async function registryRecords(
  { host: { windows }, before }: StageRequest,
  changes: PathSetup["registry"],
): Promise<Pick<State, "registry">> {
  if (windows === undefined || changes.length === 0) return {};
  return { registry: await recordRegistry(windows.system, before.registry ?? [], changes) };
}

/** Paths that this state's installations put there, so that finding them is no surprise. */
async function ownedPaths({ fs, at, before }: StageRequest): Promise<(path: string) => boolean> {
  const owned = ownPaths(at, [before]);
  // Tiles never change, and a bundle's were proven before they came here.
  for (const tile of (await knownTiles(fs, at)).keys()) owned.add(join(at.root, tile));
  return (path) => owned.has(path);
}

/** The sums of what stays as it is. Tiles never change, so neither do theirs. */
function keptSums(before: State, at: Layout): (path: string) => boolean {
  const owned = ownPaths(at, [before]);
  const tiles = join(at.units, "tiles");
  return (path) => owned.has(path) || isBelow(tiles, path);
}

/**
 * Of what shall be placed, the paths where something lies that this state has not, and another generation has or had: what
 * was rolled back or uninstalled. It is replaced, because nobody vouches for it since.
 */
async function leftovers({ fs, at, before }: StageRequest, place: readonly Move[]): Promise<string[]> {
  const owned = ownPaths(at, [before]);
  const others = ownPaths(at, await readGenerations(fs, at));
  const left: string[] = [];
  for (const { to } of place) {
    // Where go may write, it keeps tiles that it was answered with.
    const isOld = others.has(to) || isBelow(at.units, to) || isBelow(join(at.download, "sumdb"), to);
    if (isOld && !owned.has(to) && (await fs.lstat(to)) !== null) left.push(to);
  }
  return left;
}
