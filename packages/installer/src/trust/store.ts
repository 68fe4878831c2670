// Which keys sign for a host, and how that may change: rules without a file system, the same for a root and for a user.
// A key enters by its full fingerprint that somebody typed, or by a trust update that trusted keys have signed; never
// from a bundle. A change that is refused has changed nothing.

import {
  armoredKey,
  digestOf,
  GoferryError,
  mergeTrustedKeys,
  parseUpdateFile,
  refuseRevoked,
  updateBytes,
  verifyTrustUpdate,
  type TrustedKey,
  type VerifiedSignature,
} from "@goferry/core";

export interface TrustStore {
  /** Sorted by fingerprint. */
  keys: readonly TrustedKey[];
  /** How many of them must have signed a bundle. */
  minSignatures: number;
  /** Fingerprints of keys that never count again, sorted. */
  revoked: readonly string[];
  /** The last trust update that was applied, and the digest of its signed bytes. */
  update: { sequence: number; digest: string } | null;
}

export const NO_TRUST: TrustStore = { keys: [], minSignatures: 1, revoked: [], update: null };

/** Fingerprints are 40 upper-case hex digits. */
export type TrustChange =
  | { action: "add"; key: TrustedKey }
  | { action: "remove" | "revoke"; fingerprint: string }
  | { action: "require"; minSignatures: number }
  /** `bytes` of the update's file, which errors call `file`. */
  | { action: "update"; bytes: Uint8Array; file: string };

export interface StoreChange {
  store: TrustStore;
  /** For the audit log: "sequence 2: +FPR -FPR". */
  subject: string;
  /** Who vouched for it, of an update. */
  signatures: VerifiedSignature[];
}

export interface ChangeContext {
  /** The clock of this machine. */
  now: Date;
  /** What every command about this store ends with: "--root /opt/goferry" or "--user". */
  where: string;
}

/**
 * The store with the change made; null when it is so already.
 * @throws KEY_INVALID for an expired key, KEY_REVOKED, KEYS_TOO_FEW, NOT_FOUND, TRUST_UPDATE_OLD; what
 * verifyTrustUpdate throws
 */
export async function changeStore(
  store: TrustStore,
  change: TrustChange,
  context: ChangeContext,
): Promise<StoreChange | null> {
  switch (change.action) {
    case "add":
      return await withKey(store, change.key, context);
    case "remove":
      return withoutKey(store, change.fingerprint, context);
    case "revoke":
      return withRevoked(store, change.fingerprint);
    case "require":
      return withMinimum(store, change.minSignatures, context);
    case "update":
      return await withUpdate(store, change, context);
  }
}

async function withKey(
  store: TrustStore,
  key: TrustedKey,
  context: ChangeContext,
): Promise<StoreChange | null> {
  const keys = await addedKeys(store, [key]);
  if (keys === null) return null;
  for (const each of keys) if (each.fingerprint === key.fingerprint) refuseExpired(each, context.now);
  return { store: { ...store, keys }, subject: keyText(key), signatures: [] };
}

/** A key that is there already is merged with what the other file knows of it. Null when that brings nothing new. */
async function addedKeys(
  { keys, revoked }: TrustStore,
  added: readonly TrustedKey[],
): Promise<TrustedKey[] | null> {
  const all = new Map(keys.map((key) => [key.fingerprint, key]));
  let isNew = false;
  for (const key of added) {
    refuseRevoked(key, revoked);
    const known = all.get(key.fingerprint);
    const whole = known === undefined ? key : await mergeTrustedKeys(known, key);
    if (known !== undefined && armoredKey(known) === armoredKey(whole)) continue;
    all.set(key.fingerprint, whole);
    isNew = true;
  }
  return isNew ? [...all.values()].toSorted(byFingerprint) : null;
}

function withoutKey(store: TrustStore, fingerprint: string, { where }: ChangeContext): StoreChange {
  const key = store.keys.find((each) => each.fingerprint === fingerprint);
  if (key === undefined) throw unknownKey(fingerprint, store, where);
  const keys = store.keys.filter((each) => each !== key);
  // Without any key every command asks for --key again: that is no store in which k of n cannot be reached.
  if (keys.length > 0 || store.minSignatures > 1) refuseTooFew(keys, store.minSignatures, where);
  return { store: { ...store, keys }, subject: keyText(key), signatures: [] };
}

/** Of a stolen key too few others may be left: then nothing is accepted until there are enough again. */
function withRevoked(store: TrustStore, fingerprint: string): StoreChange | null {
  if (store.revoked.includes(fingerprint)) return null;
  const key = store.keys.find((each) => each.fingerprint === fingerprint);
  const keys = store.keys.filter((each) => each !== key);
  const revoked = [...store.revoked, fingerprint].toSorted();
  return {
    store: { ...store, keys, revoked },
    subject: key === undefined ? fingerprint : keyText(key),
    signatures: [],
  };
}

function withMinimum(store: TrustStore, minSignatures: number, { where }: ChangeContext): StoreChange | null {
  if (store.minSignatures === minSignatures) return null;
  if (minSignatures > 1) refuseTooFew(store.keys, minSignatures, where);
  return {
    store: { ...store, minSignatures },
    subject: `${signaturesText(minSignatures)}, ${minSignatures < store.minSignatures ? "lowered" : "raised"} from ${store.minSignatures}`,
    signatures: [],
  };
}

async function withUpdate(
  store: TrustStore,
  { bytes, file }: { bytes: Uint8Array; file: string },
  context: ChangeContext,
): Promise<StoreChange | null> {
  const { where, now } = context;
  if (store.keys.length === 0) throw noKeysYet(file, where);
  // Before the signatures, because an update may have revoked the keys that signed it: nothing can come of what it says.
  if (isApplied(bytes, file, store.update)) return null;
  const update = await verifyTrustUpdate(bytes, { ...store, now }, file);
  const added = (await addedKeys(store, update.keys)) ?? store.keys;
  const keys = added.filter(({ fingerprint }) => !update.revoke.includes(fingerprint));
  const minSignatures = update.minSignatures ?? store.minSignatures;
  refuseTooFew(keys, minSignatures, where);
  const { sequence, digest } = update;
  const signs = [
    ...update.keys.map(({ fingerprint }) => `+${fingerprint}`),
    ...update.revoke.map((fingerprint) => `-${fingerprint}`),
    ...(minSignatures === store.minSignatures ? [] : [signaturesText(minSignatures)]),
  ];
  return {
    store: {
      keys,
      minSignatures,
      revoked: [...new Set([...store.revoked, ...update.revoke])].toSorted(),
      update: { sequence, digest },
    },
    subject: `sequence ${sequence}: ${signs.join(" ")}`,
    signatures: update.signatures,
  };
}

/** True for the last update that was applied. @throws TRUST_UPDATE_OLD for another one that is not later */
function isApplied(bytes: Uint8Array, file: string, last: TrustStore["update"]): boolean {
  const { update } = parseUpdateFile(bytes, file);
  if (last === null || update.sequence > last.sequence) return false;
  const digest = digestOf(updateBytes(update));
  if (digest === last.digest) return true;
  throw oldUpdate(file, { sequence: update.sequence, digest }, last);
}

function byFingerprint(a: TrustedKey, b: TrustedKey): number {
  return a.fingerprint < b.fingerprint ? -1 : 1;
}

function signaturesText(count: number): string {
  return count === 1 ? "1 signature" : `${count} signatures`;
}

function keyText({ fingerprint, userIds }: TrustedKey): string {
  return `${fingerprint} ${userIds[0] ?? ""}`.trim();
}

function refuseExpired({ fingerprint, expires }: TrustedKey, now: Date): void {
  if (expires === undefined || expires > now) return;
  throw new GoferryError("KEY_INVALID", {
    subject: fingerprint,
    message: "the key has expired, so nothing new can be signed with it",
    expected: `an expiry after ${now.toISOString()}, the clock of this machine`,
    found: expires.toISOString(),
    next: `Ask its owner for the renewed key (gpg --quick-set-expire ${fingerprint} 2y); what it signed before can be checked with --key FILE`,
  });
}

function refuseTooFew(keys: readonly TrustedKey[], minSignatures: number, where: string): void {
  if (keys.length >= minSignatures) return;
  throw new GoferryError("KEYS_TOO_FEW", {
    subject: "trusted keys",
    message: `only ${keys.length} keys would be trusted, and ${minSignatures} of them must have signed`,
    expected: `${minSignatures} or more trusted keys`,
    found: keys.length === 0 ? "none" : keys.map(({ fingerprint }) => fingerprint).join(", "),
    next: `Trust another key first: goferry trust add FILE --fingerprint FPR ${where}; or ask for fewer signatures: goferry trust require ${Math.max(1, keys.length)} ${where}`,
  });
}

function unknownKey(fingerprint: string, { keys }: TrustStore, where: string): GoferryError {
  return new GoferryError("NOT_FOUND", {
    subject: fingerprint,
    message: "this key is not trusted here, so it cannot be removed",
    expected: keys.length === 0 ? "no key is" : `one of: ${keys.map((key) => key.fingerprint).join(", ")}`,
    next: `Write it as goferry trust list ${where} shows it; to refuse a key for ever: goferry trust revoke ${fingerprint} ${where}`,
  });
}

function noKeysYet(file: string, where: string): GoferryError {
  return new GoferryError("KEYS_TOO_FEW", {
    subject: file,
    message:
      "an update is believed because keys that are trusted already have signed it, and none is trusted here",
    expected: "one trusted key or more",
    found: "none",
    next: `Trust the first key by hand: goferry trust add FILE --fingerprint FPR ${where}`,
  });
}

function oldUpdate(
  file: string,
  { sequence, digest }: { sequence: number; digest: string },
  last: { sequence: number; digest: string },
): GoferryError {
  const isOther = sequence === last.sequence;
  return new GoferryError("TRUST_UPDATE_OLD", {
    subject: file,
    message: isOther
      ? "another update with this sequence number was applied here"
      : "an update that is newer than this one was applied here already",
    expected: isOther
      ? `${last.digest}, or a sequence above ${last.sequence}`
      : `a sequence above ${last.sequence}`,
    found: isOther ? digest : `${sequence}`,
    next: "Apply the newest update; whoever makes one continues the last: goferry trust make-update --after LAST",
  });
}
