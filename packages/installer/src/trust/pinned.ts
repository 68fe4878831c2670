// Whose keys count for a command: those that it names, else those of the root, else those of the user. One place alone
// decides, so that nobody has to add up three lists to know what a host believes; only revocations add up.

import { GoferryError, refuseRevoked, type OpenedBundle, type Trust, type TrustedKey } from "@goferry/core";
import type { Host } from "../host.ts";
import { shellQuote } from "../shell-quote.ts";
import { openRoot } from "../site.ts";
import type { State } from "../transaction/state.ts";
import { readTrust } from "./change.ts";
import { NO_TRUST } from "./store.ts";

export interface TrustQuestion {
  /** Keys that the command names; none: those that are trusted already. */
  named: readonly TrustedKey[];
  /** How many signatures the command asks for. */
  minSignatures: number | undefined;
  /** The root whose trusted keys come first; absolute. */
  root: string | undefined;
  /** The user's folder for configuration; undefined where there is none. */
  config: string | undefined;
  /**
   * install: into that root, so the bundle must have the signatures that the root asks for in any case, and what an
   * interrupted command left there is put in order first. sign: the bundle is to get one of those that it lacks, so only
   * what the command itself asks for counts.
   */
  purpose: "install" | "verify" | "sign";
  dryRun?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface PinnedTrust extends Pick<Trust, "keys"> {
  /** Fingerprints of keys that never count. */
  revoked: readonly string[];
  minSignatures: number;
  /** Where the keys come from. */
  from: "named" | "root" | "user";
}

/**
 * @throws ARGUMENT_INVALID when no key is named and none is trusted; KEY_REVOKED for a named key that was revoked here;
 * KEYS_TOO_FEW when more signatures are asked for than there are keys; what readTrust throws
 */
export async function pinnedTrust(host: Host, question: TrustQuestion): Promise<PinnedTrust> {
  const { named, root, config, purpose, dryRun = false, signal } = question;
  if (purpose === "install" && root !== undefined)
    await openRoot(host, root, { command: "install", dryRun, unwritable: "tell", signal });
  const ofRoot = root === undefined ? NO_TRUST : await readTrust(host, { root });
  const ofUser = config === undefined ? NO_TRUST : await readTrust(host, { config });
  const revoked = [...new Set([...ofRoot.revoked, ...ofUser.revoked])];
  const asked = question.minSignatures ?? 1;
  const floor = purpose === "install" ? ofRoot.minSignatures : 1;
  if (named.length > 0) {
    for (const key of named) refuseRevoked(key, revoked);
    return enough({ keys: named, revoked, minSignatures: Math.max(asked, floor), from: "named" }, root);
  }
  // A root that asks for two signatures has its keys, or had: the user's are no substitute.
  const isRoot = ofRoot.keys.length > 0 || ofRoot.minSignatures > 1;
  const store = isRoot ? ofRoot : ofUser;
  const keys = store.keys.filter(({ fingerprint }) => !revoked.includes(fingerprint));
  if (keys.length === 0) throw noKeys(root, revoked);
  const minSignatures = purpose === "sign" ? asked : Math.max(asked, store.minSignatures, floor);
  return enough({ keys, revoked, minSignatures, from: isRoot ? "root" : "user" }, root);
}

/**
 * What the root itself demands of who signed, whatever the command named: looked at again under its lock, because a key
 * may have been revoked since the bundle was opened.
 * @throws KEY_REVOKED, SIGNATURE_MISSING
 */
export function checkSigners(
  { signatures, source }: Pick<OpenedBundle, "signatures" | "source">,
  { root, trust }: Pick<State, "root" | "trust">,
): void {
  const [lost, ...others] = signatures.filter(({ fingerprint }) => trust.revoked.includes(fingerprint));
  const good = signatures.length - others.length - (lost === undefined ? 0 : 1);
  // That there is one signature, openBundle has seen to.
  if (good >= trust.minSignatures || (lost === undefined && trust.minSignatures === 1)) return;
  if (lost !== undefined) {
    throw new GoferryError("KEY_REVOKED", {
      subject: source.name,
      message: "a key that signed the bundle was revoked in this root",
      expected: `${trust.minSignatures} signatures by keys that are not revoked`,
      found: lost.fingerprint,
      next: "Have the bundle signed with another trusted key",
    });
  }
  throw new GoferryError("SIGNATURE_MISSING", {
    subject: source.name,
    message: `${root} asks for more signatures than the bundle has by trusted keys`,
    expected: `${trust.minSignatures} signatures by different trusted keys`,
    found: `${good}: ${signatures.map(({ fingerprint }) => fingerprint).join(", ")}`,
    next: "Have it signed with another trusted key: goferry sign BUNDLE --sign-key FILE --key FILE",
  });
}

function enough(trust: PinnedTrust, root: string | undefined): PinnedTrust {
  const count = new Set(trust.keys.map(({ fingerprint }) => fingerprint)).size;
  if (count >= trust.minSignatures) return trust;
  const found = trust.keys.map(({ fingerprint }) => fingerprint).join(", ");
  throw new GoferryError("KEYS_TOO_FEW", {
    subject:
      trust.from === "named" ? "--key" : `trusted keys of ${trust.from === "root" ? root : "this user"}`,
    message: `${trust.minSignatures} trusted keys must have signed, and only ${count} can`,
    expected: `${trust.minSignatures} or more keys`,
    found,
    next:
      trust.from === "named"
        ? "Name more keys with --key, or none, if the root has trusted keys"
        : "Trust another key: goferry trust add FILE --fingerprint FPR; or see what is asked for: goferry trust list",
  });
}

function noKeys(root: string | undefined, revoked: readonly string[]): GoferryError {
  const where = root === undefined ? "--user" : `--root ${shellQuote(root)}`;
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "--key",
    message: "nobody has said which keys are trusted",
    expected: "--key FILE, GOFERRY_KEY, key: in a config file, or keys that are trusted already",
    found: revoked.length === 0 ? "nothing" : `only keys that are revoked here: ${revoked.join(", ")}`,
    next: `Get the signer's public key and its fingerprint by another way than the bundle; then name it with --key FILE, or once for all: goferry trust add FILE --fingerprint FPR ${where}`,
  });
}
