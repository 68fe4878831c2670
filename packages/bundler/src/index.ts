// What the command line uses of the bundler.

export {
  buildBundle,
  planBundle,
  type BuildOptions,
  type Built,
  type PlanOptions,
  type RehearsalInstall,
  type RehearsalInstallOptions,
} from "./build.ts";
export { CACHE_KINDS, readInventory, type CacheItem, type CacheKind } from "./cache/inventory.ts";
export { trimCache } from "./cache/trim.ts";
export { verifyCache } from "./cache/verify.ts";
export { countersign, type Countersigned } from "./countersign.ts";
export { diffInventories, type Change, type Difference, type ModuleChange } from "./diff/diff.ts";
export { bundleInventory, lockInventory, type Inventory } from "./diff/inventory.ts";
export type { Environment } from "./go/environment.ts";
export { createRunner } from "./go/spawn.ts";
export { gpgSigner } from "./gpg-signer.ts";
export { draftSpec, writeSpec, type InitDraft } from "./init/init.ts";
export { generateKey, unlockKey, writeKeyPair, type KeyPair, type UnlockedKey } from "./keys.ts";
export { changeText, type LockChange } from "./lock/compare.ts";
export { readLockFile } from "./lock/lock.ts";
export type { Lock } from "./lock/schema.ts";
export type { BuildMachine, Progress } from "./machine.ts";
export { makeSelfContained } from "./pack/self-contained.ts";
export { findExecutables, placeExecutables, programFor } from "./pack/with-executables.ts";
export type { Forecast } from "./plan/forecast.ts";
export type { Plan } from "./plan/plan.ts";
export type { Rehearsal } from "./rehearse/record.ts";
export { keySigner, type Signer } from "./signer.ts";
export { specSchemaText } from "./spec/json-schema.ts";
export type { Sealed } from "./stages.ts";
export { makeUpdate, readUpdateFile, signUpdate, writeUpdateFile } from "./trust-update.ts";
