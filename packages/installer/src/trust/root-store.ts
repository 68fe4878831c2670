// The trusted keys of a root: state.json says which, state/trust/ has each in a file of its own, so that gpg can show it.
// Both change by the transaction that changes everything else in a root.

import { basename, join } from "node:path";
import { armoredKey, digestOf, GoferryError, readTrustedKey, type TrustedKey } from "@goferry/core";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import { shellQuote } from "../shell-quote.ts";
import type { EditRequest } from "../transaction/describe.ts";
import type { RootTrust, State } from "../transaction/state.ts";
import type { TrustStore } from "./store.ts";

/**
 * What a root trusts.
 * @param mending fingerprint of a key that is to be added or revoked: that its file is damaged is no reason to refuse that
 * @throws STATE_DAMAGED for a key file that is not there or was changed; RECOVERY_PENDING where an interrupted command left
 * it so; KEY_INVALID; the errors of the file system
 */
export async function readRootStore(
  fs: HostFs,
  at: Layout,
  { trust }: Pick<State, "trust">,
  mending?: string,
): Promise<TrustStore> {
  const keys: TrustedKey[] = [];
  for (const { fingerprint, digest } of trust.keys) {
    const path = keyFile(at, fingerprint);
    const bytes = await fs.readFile(path);
    if (bytes === null || digestOf(bytes) !== digest) {
      if (fingerprint === mending) continue;
      throw await damaged(fs, at, path);
    }
    const key = await readTrustedKey(bytes, path);
    if (key.fingerprint !== fingerprint) throw await damaged(fs, at, path);
    keys.push(key);
  }
  const { minSignatures, revoked, update } = trust;
  return { keys, minSignatures, revoked, update };
}

/** How a root comes to trust what the store says: the edits of its files, and the part of its state. */
export function rootStoreEdits(
  at: Layout,
  before: RootTrust,
  { keys, minSignatures, revoked, update }: TrustStore,
): { trust: RootTrust; edits: EditRequest[] } {
  const files = keys.map((key) => ({
    fingerprint: key.fingerprint,
    bytes: Buffer.from(armoredKey(key)),
  }));
  const gone = before.keys.filter(
    ({ fingerprint }) => !files.some((file) => file.fingerprint === fingerprint),
  );
  return {
    trust: {
      keys: files.map(({ fingerprint, bytes }) => ({ fingerprint, digest: digestOf(bytes) })),
      minSignatures,
      revoked: [...revoked],
      update: update === null ? null : { ...update },
    },
    edits: [
      ...files.map(({ fingerprint, bytes }) => ({ path: keyFile(at, fingerprint), file: bytes })),
      ...gone.map(({ fingerprint }) => ({ path: keyFile(at, fingerprint), remove: true as const })),
    ],
  };
}

function keyFile(at: Layout, fingerprint: string): string {
  return join(at.trust, `${fingerprint}.asc`);
}

async function damaged(fs: HostFs, at: Layout, path: string): Promise<GoferryError> {
  if ((await fs.lstat(at.journal)) !== null) {
    return new GoferryError("RECOVERY_PENDING", {
      subject: at.root,
      message: "a command that changed what is trusted was interrupted",
      next: "run any command that changes this root, such as install, as its owner: it finishes or takes back what was begun",
    });
  }
  return new GoferryError("STATE_DAMAGED", {
    subject: path,
    message: "the file of a trusted key is gone, or is not as goferry wrote it",
    expected: "the file that goferry wrote",
    next: `trust that key again: goferry trust add KEYFILE --fingerprint ${basename(path, ".asc")} --root ${shellQuote(at.root)}`,
  });
}
