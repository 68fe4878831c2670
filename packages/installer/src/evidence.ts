// What vouches for each unit of an installed root: the report that an auditor reads without the bundles at hand. All of it
// was proven when it was installed, and is told from state.json; whether the files are so still is another question.

import { matchingPattern, openTreeHead, parseVerifier, toolchainModule, type Unit } from "@goferry/core";
import type { State } from "./transaction/state.ts";

export interface RootEvidence {
  /** What the root knows of the checksum database; null before the first unit that is in one. */
  log: {
    name: string;
    /** In the syntax of GOSUMDB. */
    key: string;
    /** Records in the largest tree whose signed head was verified, and its hash, base64. */
    treeSize: number;
    treeHash: string;
    /** Sizes of the trees that it was shown to continue, largest first. */
    continues: number[];
  } | null;
  counts: { logged: number; private: number };
  units: UnitEvidence[];
}

export interface UnitEvidence {
  kind: Unit["kind"];
  path: string;
  version: string;
  /** Null for a gomod: only its go.mod is there. */
  h1: string | null;
  /** Number of its record in the checksum database; null if only the signatures of bundles vouch for it. */
  record: number | null;
  /** For a private unit, the pattern of the root that covers it now; null if none does any more. */
  pattern: string | null;
  /** Those that brought it or held it too. */
  bundles: BundleEvidence[];
}

/** A bundle, as far as the root still has it; of others only the digest is known. */
export interface BundleEvidence {
  indexDigest: string;
  name: string | null;
  serial: number | null;
  /** Records in the tree that its proofs led to. */
  treeSize: number | null;
  /** Fingerprints of the keys that vouched for it. */
  signers: string[] | null;
}

/** Throws LOG_MISMATCH for a tree head in the state that its log has not signed. */
export function rootEvidence(state: State): RootEvidence {
  const bundles = new Map(
    state.bundles.map(({ indexDigest, name, serial, treeSize, signers }) => [
      indexDigest,
      { indexDigest, name, serial, treeSize, signers },
    ]),
  );
  const by = (digests: readonly string[]): BundleEvidence[] =>
    digests.map(
      (indexDigest) =>
        bundles.get(indexDigest) ?? { indexDigest, name: null, serial: null, treeSize: null, signers: null },
    );
  const sdks = state.sdks.map(({ version: go, platform, h1, record, bundles: digests }): UnitEvidence => ({
    kind: "toolchain",
    ...toolchainModule(go, platform),
    h1,
    record: record.id,
    pattern: null,
    bundles: by(digests),
  }));
  const modules = state.units.map(({ kind, path, version, h1, record, bundles: digests }): UnitEvidence => ({
    kind,
    path,
    version,
    h1,
    record: record?.id ?? null,
    pattern: record === null ? (matchingPattern(state.privatePatterns, path) ?? null) : null,
    bundles: by(digests),
  }));
  const units = [...sdks, ...modules];
  const logged = units.filter(({ record }) => record !== null).length;
  return { log: knownLog(state), counts: { logged, private: units.length - logged }, units };
}

function knownLog({ log }: State): RootEvidence["log"] {
  if (log === null) return null;
  const [largest, ...earlier] = log.heads.map((note) => openTreeHead(note, log.key));
  if (largest === undefined) return null;
  return {
    name: parseVerifier(log.key).name,
    key: log.key,
    treeSize: largest.size,
    treeHash: Buffer.from(largest.hash).toString("base64"),
    continues: earlier.map(({ size }) => size),
  };
}
