// A bundle from a goferry.yaml. This file is the list of the stages; each has a file or folder of its own name.

import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { GoferryError, type ByteSource, type TrustedKey } from "@goferry/core";
import { fetchAll } from "./fetch.ts";
import { compareLocks, type LockChange } from "./lock/compare.ts";
import { readLockFile, renderLock } from "./lock/lock.ts";
import type { Lock } from "./lock/schema.ts";
import type { BuildContext, BuildMachine, Progress } from "./machine.ts";
import { openNetwork, type Network } from "./network.ts";
import { checkWritable, draftOf } from "./output.ts";
import { layerFolder } from "./cache/folders.ts";
import { layerCache } from "./pack/layer-cache.ts";
import { planLayers } from "./pack/layer-plan.ts";
import { layerPress, type LayerPress } from "./pack/layer-press.ts";
import { lockOf } from "./pack/lock-of.ts";
import { pack } from "./pack/pack.ts";
import { rememberedBegins, type PartBegins } from "./pack/toolchain-layers.ts";
import { SMALLEST_LEVEL, USUAL_LEVEL } from "./pack/write-layer.ts";
import { seal } from "./pack/seal.ts";
import { forecastPlan, type Forecast } from "./plan/forecast.ts";
import { makePlan, type Plan } from "./plan/plan.ts";
import { rehearsePacked } from "./rehearse/rehearse-packed.ts";
import type { Rehearsal } from "./rehearse/record.ts";
import type { Signer } from "./signer.ts";
import { readSpec } from "./spec/read.ts";
import type { FetchedUnit, Sealed } from "./stages.ts";
import { inWorkFolder } from "./work-folder.ts";

/** Installs the bundle, signed by the key (armored), in a new folder `root`. The command line hands in the installer's. */
export type RehearsalInstall = (bundle: ByteSource, options: RehearsalInstallOptions) => Promise<void>;

export interface RehearsalInstallOptions {
  /** Armored. */
  publicKey: string;
  root: string;
  /** Key of the checksum database, in the syntax of GOSUMDB. */
  logKey: string;
  /** The patterns that make units of the bundle private. */
  allowPrivate: readonly string[];
  signal?: AbortSignal | undefined;
}

export interface PlanOptions {
  /** goferry.yaml. */
  spec: string;
  /** goferry.lock; beside the spec if left out. */
  lock?: string | undefined;
  /** Follow the lock and refuse what drifted from it. */
  locked?: boolean | undefined;
  /** Where toolchains come from; in place of what the spec says. */
  from?: "proxy" | "dl" | undefined;
  /** Layers as small as they get, whatever time that takes; with `locked`, as the lock says if left out. */
  smallest?: boolean | undefined;
  /** Mirror of https://go.dev/dl. */
  dlUrl?: string | undefined;
  /** Keys that may have signed the archives there, beside Google's. */
  releaseKeys?: readonly TrustedKey[] | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface BuildOptions extends PlanOptions {
  /** The finished bundle; replaced if it exists. */
  out: string;
  /** Who signs, each with a key of their own. At least one. */
  signers: readonly Signer[];
  install: RehearsalInstall;
  /** Files that stay out of copies of projects, such as the keys of the signers. */
  exclude?: readonly string[] | undefined;
}

export interface Built {
  sealed: Sealed;
  rehearsals: Rehearsal[];
  lockFile: string;
  /** What is new since the lock that was there before. */
  changes: LockChange[];
}

/**
 * Builds a bundle. Nothing is left at `out` or in the lock unless every stage succeeded: both are whole on disk before
 * either gets its name.
 * @throws what the stages throw: SPEC_INVALID, NOT_FOUND, GO_SUM_MISMATCH, LOG_MISMATCH, REHEARSAL_FAILED, DISK_FULL…
 */
export async function buildBundle(options: BuildOptions, machine: BuildMachine): Promise<Built> {
  const out = resolve(options.out);
  return await inContext(options, machine, async (context) => {
    await checkWritable(out);
    const { plan, network, lockFile, before } = await preparePlan(options, context);
    if (plan.lock === undefined) await checkWritable(lockFile);
    const exclude = [out, machine.cacheDir, ...(options.exclude ?? []).map((file) => resolve(file))];
    const packing = packProgress(context);
    const level = plan.request.smallest === true ? SMALLEST_LEVEL : USUAL_LEVEL;
    await using press = openPress(context, { level, onBytes: packing.count });
    const begins = rememberedBegins(layerFolder(machine.cacheDir), machine.userAgent);
    const onToolchains = (units: FetchedUnit[]): Promise<void> => beginLayers(units, press, begins);
    const fetched = await fetchAll(plan, network, { ...context, exclude, onToolchains });
    packing.show();
    const packed = await pack(fetched, press, begins);
    const lock = lockOf(packed, plan.lock);
    const rehearsals = await rehearsePacked(packed, { context, network, install: options.install });
    context.onProgress({ stage: "seal" });
    await using lockDraft = plan.lock === undefined ? draftOf(lockFile) : undefined;
    await lockDraft?.write([Buffer.from(renderLock(lock))]);
    await using draft = draftOf(out);
    const { signers } = options;
    const sealed = await seal(packed, { draft, out, signers, now: machine.now(), signal: context.signal });
    await draft.place();
    await lockDraft?.place();
    return { sealed, rehearsals, lockFile, changes: before === undefined ? [] : compareLocks(before, lock) };
  });
}

/** Decides everything that a build decides before it downloads, and says what that will cost. Throws as the stages `readSpec` and `makePlan` do. */
export async function planBundle(options: PlanOptions, machine: BuildMachine): Promise<Forecast> {
  return await inContext(options, machine, async (context) => {
    const { plan, network, lockFile, before } = await preparePlan(options, context);
    const { signal } = context;
    return await forecastPlan(plan, { source: network.toolchains, lockFile, before, signal });
  });
}

interface Prepared {
  plan: Plan;
  network: Network;
  lockFile: string;
  before: Lock | undefined;
}

async function preparePlan(options: PlanOptions, context: BuildContext): Promise<Prepared> {
  context.onProgress({ stage: "plan" });
  const specFile = resolve(options.spec);
  const spec = await readSpec(options.spec, readFile);
  const lockFile = resolve(options.lock ?? join(dirname(specFile), "goferry.lock"));
  const before = await readLock(lockFile, { isNeeded: options.locked === true });
  // Who asked for a source, or for small layers, by a flag need not repeat it with --locked: the lock has it.
  const locked = options.locked === true ? before?.request : undefined;
  const from = options.from ?? spec.from ?? locked?.from ?? "proxy";
  const smallest = options.smallest ?? locked?.smallest;
  const { dlUrl, releaseKeys } = options;
  const network = await openNetwork(context, { from, dlUrl, releaseKeys });
  const plan = await makePlan(spec, {
    readFile,
    specDir: dirname(specFile),
    buildPlatform: context.machine.platform,
    now: context.machine.now(),
    lock: options.locked === true && before !== undefined ? { file: lockFile, lock: before } : undefined,
    lockBefore: before,
    from,
    smallest,
    ...network.toolchains,
  });
  return { plan, network, lockFile, before };
}

/** Throws as readLockFile, but that a lock which is not needed may be absent. */
async function readLock(file: string, { isNeeded }: { isNeeded: boolean }): Promise<Lock | undefined> {
  return await readLockFile(file).catch((error: unknown) => {
    if (isNeeded || !(error instanceof GoferryError) || error.code !== "NOT_FOUND") throw error;
    return undefined;
  });
}

/** Layers of toolchains are begun while modules are fetched, and that stage is the one to be shown then. */
function packProgress({ onProgress }: BuildContext): { count: (bytes: number) => void; show: () => void } {
  let done = 0;
  let isShown = false;
  const tell = (): void => {
    if (isShown) onProgress({ stage: "pack", done, unit: "bytes" });
  };
  return {
    count(bytes) {
      done += bytes;
      tell();
    },
    show() {
      isShown = true;
      tell();
    },
  };
}

function openPress(
  { machine, workDir, signal }: BuildContext,
  { level, onBytes }: { level: number; onBytes: (bytes: number) => void },
): LayerPress {
  const { cacheDir, userAgent, runtime } = machine;
  return layerPress({
    workDir: join(workDir, "layers"),
    level,
    cache: layerCache({ folder: layerFolder(cacheDir), program: `${userAgent}, ${runtime}`, level }),
    signal,
    onBytes,
  });
}

/** While modules are fetched, the processors have little to do. What fails here fails again when the layers are asked for. */
async function beginLayers(units: FetchedUnit[], press: LayerPress, begins: PartBegins): Promise<void> {
  for (const layer of await planLayers(units, { begins })) press.layer(layer).catch(() => undefined);
}

async function inContext<T>(
  { onProgress = () => undefined, signal }: PlanOptions,
  machine: BuildMachine,
  work: (context: BuildContext) => Promise<T>,
): Promise<T> {
  return await inWorkFolder(machine, (workDir) => work({ machine, workDir, onProgress, signal }));
}
