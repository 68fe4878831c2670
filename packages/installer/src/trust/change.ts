// The one way to change which keys are trusted, of a root or of a user.

import type { VerifiedSignature } from "@goferry/core";
import type { Host } from "../host.ts";
import { layout } from "../layout.ts";
import { hostFs } from "../host-fs.ts";
import { refuseFindings } from "../plan/refuse.ts";
import { inspectRoot, nameFindings } from "../preflight-root.ts";
import { ownerFindings } from "../root-owner.ts";
import { resolveRoot } from "../root-path.ts";
import { shellQuote } from "../shell-quote.ts";
import { openRoot, siteOf } from "../site.ts";
import { readState } from "../transaction/state.ts";
import { runTransaction } from "../transaction/transaction.ts";
import { readRootStore, rootStoreEdits } from "./root-store.ts";
import { changeStore, type StoreChange, type TrustChange, type TrustStore } from "./store.ts";
import { changeUserStore, readUserStore, userStoreFolder } from "./user-store.ts";

/** Whose trust: a root, by its absolute path; or a user, by his folder for configuration. */
export type TrustPlace = { root: string } | { config: string };

export interface TrustRequest {
  place: TrustPlace;
  change: TrustChange;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface TrustChanged {
  /** False when it was so already. */
  changed: boolean;
  /** The root, or the folder of the user's trusted keys. */
  place: string;
  /** What is trusted now. With `dryRun`, what would be. */
  store: TrustStore;
  /** What was done, as the audit log of a root has it; null when nothing was. */
  subject: string | null;
  /** Who vouched for it, of a trust update. */
  signatures: VerifiedSignature[];
}

/**
 * @throws what changeStore throws; of a root ROOT_NAME_REFUSED, ROOT_NOT_DIRECTORY, ROOT_NOT_OURS, ROOT_OWNER_OTHER,
 * ROOT_NOT_WRITABLE, READ_ONLY and what runTransaction throws; of a user LOCKED, PERMISSION_DENIED, STATE_DAMAGED
 */
export async function changeTrust(host: Host, request: TrustRequest): Promise<TrustChanged> {
  return "root" in request.place
    ? await changeRoot(host, request.place.root, request)
    : await changeUser(host, request.place.config, request);
}

/**
 * What a root or a user trusts. Of a root that belongs to somebody else nothing is believed, not even to look at a bundle.
 * @throws ROOT_OWNER_OTHER; what readState, readRootStore and readUserStore throw
 */
export async function readTrust(host: Host, place: TrustPlace): Promise<TrustStore> {
  const fs = hostFs(host);
  if ("config" in place) return await readUserStore(fs, userStoreFolder(place.config), host.uid);
  const at = layout(await resolveRoot(place.root));
  refuseFindings(await ownerFindings(at.root, host.uid));
  return await readRootStore(fs, at, await readState(fs, at));
}

async function changeRoot(host: Host, path: string, request: TrustRequest): Promise<TrustChanged> {
  const { change, dryRun = false, signal } = request;
  const command = `trust ${change.action}`;
  const { root, at, site } = await openRoot(host, path, { command, dryRun, signal });
  const { fs } = site;
  refuseFindings(nameFindings(root));
  refuseFindings((await inspectRoot(root, host.uid)).findings);
  const context = { now: host.now(), where: `--root ${shellQuote(root)}` };
  // Before the lock, which makes files: what is refused leaves no root behind.
  const mending = mendedKey(change);
  const before = await readRootStore(fs, at, await readState(fs, at), mending);
  const planned = await changeStore(before, change, context);
  if (dryRun || planned === null) return report(root, before, planned);
  let done: StoreChange | null = null;
  await runTransaction(site, root, {
    command,
    async stage(_staging, state) {
      const store = await readRootStore(fs, at, state, mending);
      done = await changeStore(store, change, context);
      if (done === null) return null;
      const { trust, edits } = rootStoreEdits(at, state.trust, done.store);
      const signers = done.signatures.map(({ fingerprint }) => fingerprint);
      return {
        state: { ...state, generation: state.generation + 1, trust },
        edits,
        audit: { action: command, subject: done.subject, result: "done", bundle: null, signers },
      };
    },
    signal,
  });
  return report(root, before, done);
}

/** The key whose file a change writes anew, or takes away, whatever is in it. */
function mendedKey(change: TrustChange): string | undefined {
  if (change.action === "add") return change.key.fingerprint;
  return change.action === "revoke" ? change.fingerprint : undefined;
}

async function changeUser(host: Host, config: string, request: TrustRequest): Promise<TrustChanged> {
  const folder = userStoreFolder(config);
  const { change, dryRun = false } = request;
  const context = { now: host.now(), where: "--user" };
  const before = await readUserStore(hostFs(host), folder, host.uid);
  const planned = await changeStore(before, change, context);
  if (dryRun || planned === null) return report(folder, before, planned);
  const { changed, store } = await changeUserStore({ ...siteOf(host), uid: host.uid }, folder, (now) =>
    changeStore(now, change, context),
  );
  return report(folder, store, changed);
}

function report(place: string, before: TrustStore, done: StoreChange | null): TrustChanged {
  return {
    changed: done !== null,
    place,
    store: done?.store ?? before,
    subject: done?.subject ?? null,
    signatures: done?.signatures ?? [],
  };
}
