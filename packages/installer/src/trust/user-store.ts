// The trusted keys of a user, for commands that have no root: one file in the user's folder for configuration, replaced
// as a whole. Whoever may write it decides what the user believes, so it must be the user's alone.

import { join } from "node:path";
import { armoredKey, FINGERPRINT, GoferryError, readTrustedKey, type TrustedKey } from "@goferry/core";
import * as z from "zod/mini";
import { makeFolders, writeFileAtomic, type HostFs } from "../fs.ts";
import { layout } from "../layout.ts";
import { parseDocument, writeDocument } from "../transaction/document.ts";
import { acquireLock, type LockHost } from "../transaction/lock.ts";
import { NO_TRUST, type TrustStore } from "./store.ts";

const TRUST_VERSION = 1;

const userTrustSchema = z.strictObject({
  trustVersion: z.literal(TRUST_VERSION),
  /** The folder it was made for. */
  root: z.string(),
  keys: z.array(z.strictObject({ fingerprint: FINGERPRINT, armored: z.string() })),
  minSignatures: z.int().check(z.minimum(1)),
  revoked: z.array(FINGERPRINT),
  update: z.nullable(
    z.strictObject({
      sequence: z.int().check(z.minimum(1)),
      digest: z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/)),
    }),
  ),
});

/** Where a user's trusted keys are, below the user's folder for configuration. */
export function userStoreFolder(config: string): string {
  return join(config, "trust");
}

/**
 * What the user trusts; nothing if there is no file.
 * @param uid of the user; undefined where files have no such owner
 * @throws PERMISSION_DENIED for a file that others can change; STATE_DAMAGED, STATE_NEWER, ROOT_MOVED; KEY_INVALID
 */
export async function readUserStore(
  fs: HostFs,
  folder: string,
  uid: number | undefined,
): Promise<TrustStore> {
  const path = storeFile(folder);
  if (uid !== undefined) await refuseForeign(fs, path, uid);
  const bytes = await fs.readFile(path);
  if (bytes === null) return NO_TRUST;
  const {
    keys: files,
    minSignatures,
    revoked,
    update,
  } = parseDocument(bytes, {
    schema: userTrustSchema,
    version: { key: "trustVersion", known: TRUST_VERSION },
    path,
    root: folder,
    damaged: "STATE_DAMAGED",
  });
  const keys: TrustedKey[] = [];
  for (const { fingerprint, armored } of files) {
    const key = await readTrustedKey(Buffer.from(armored), `${fingerprint} in ${path}`);
    if (key.fingerprint === fingerprint) keys.push(key);
    else throw otherKey(path, fingerprint, key);
  }
  return { keys, minSignatures, revoked, update };
}

/**
 * Changes what the user trusts, alone: another goferry that does so at the same time is LOCKED out.
 * @param change null when nothing is to be changed
 */
export async function changeUserStore<T extends { store: TrustStore }>(
  host: LockHost & { uid: number | undefined },
  folder: string,
  change: (before: TrustStore) => Promise<T | null>,
): Promise<{ changed: T | null; store: TrustStore }> {
  const { fs } = host;
  const at = { ...layout(folder), state: folder, lock: join(folder, "lock"), stateFile: storeFile(folder) };
  const lock = await acquireLock(host, at, { command: "trust" });
  try {
    const before = await readUserStore(fs, folder, host.uid);
    const changed = await change(before);
    if (changed === null) return { changed, store: before };
    await makeFolders(fs, folder);
    await writeFileAtomic(fs, storeFile(folder), serialize(folder, changed.store), { mode: 0o644 });
    return { changed, store: changed.store };
  } finally {
    await lock.release();
  }
}

function storeFile(folder: string): string {
  return join(folder, "trust.json");
}

function serialize(folder: string, { keys, minSignatures, revoked, update }: TrustStore): Uint8Array {
  return writeDocument({
    trustVersion: TRUST_VERSION,
    root: folder,
    keys: keys.map((key) => ({ fingerprint: key.fingerprint, armored: armoredKey(key) })),
    minSignatures,
    revoked,
    update,
  });
}

/** `sudo` may leave HOME as it was: then root would believe what another user wrote. */
async function refuseForeign(fs: HostFs, path: string, uid: number): Promise<void> {
  const status = await fs.lstat(path);
  if (status === null) return;
  const isOwn = status.kind === "file" && (status.uid === uid || status.uid === 0);
  if (isOwn && (status.mode & 0o022) === 0) return;
  throw new GoferryError("PERMISSION_DENIED", {
    subject: path,
    message: "others than this user can say in this file which keys are trusted",
    expected: `a file of uid ${uid} that nobody else may write`,
    found: `${status.kind}, owner uid ${status.uid}, mode ${status.mode.toString(8)}`,
    next: isOwn
      ? `chmod 644 ${path}`
      : "run the command as its owner, or with a home folder of this user's own: sudo -H",
  });
}

function otherKey(path: string, fingerprint: string, key: TrustedKey): GoferryError {
  return new GoferryError("STATE_DAMAGED", {
    subject: path,
    message: "the file calls a key by the fingerprint of another one",
    expected: fingerprint,
    found: key.fingerprint,
    next: "restore it from a backup, or remove it and add the keys again",
  });
}
