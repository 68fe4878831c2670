// What a bundle says of itself, as build, verify and inspect tell it.

import { countText, unitName, type Contents, type VerifiedSignature } from "@goferry/core";
import { amountText, timeText } from "./output/units.ts";
import { type Row } from "./output/rows.ts";

export interface BundleFacts {
  name: string;
  /** Digest of the bundle index, which is what is signed. */
  indexDigest: string;
  serial: number;
  created: string;
  /** null: never. */
  expires: string | null;
  go: string[];
  platforms: string[];
  projects: string[];
  /** `gomods`: versions of which only the go.mod is carried. */
  counts: { toolchains: number; modules: number; gomods: number; private: number };
  /** `path@version` of the units that only the bundle's signature vouches for. */
  private: string[];
  /** The checksum database and the number of records in the tree that proofs lead to; null if no unit is in it. */
  log: { name: string; treeSize: number } | null;
}

export function bundleFacts(contents: Contents, indexDigest: string): BundleFacts {
  const { name, serial, created, expires, go, platforms, request, units, log } = contents;
  const count = (kind: string): number => units.filter((unit) => unit.kind === kind).length;
  const unlogged = units.filter(({ evidence }) => evidence === "private").map(unitName);
  return {
    name,
    indexDigest,
    serial,
    created,
    expires: expires ?? null,
    go,
    platforms,
    projects: request.projects.map((project) => project.name),
    counts: {
      toolchains: count("toolchain"),
      modules: count("module"),
      gomods: count("gomod"),
      private: unlogged.length,
    },
    private: unlogged,
    // The second line of a tree head (FORMAT.md section 4); verify has checked the signature on it.
    log:
      log === undefined ? null : { name: log.name, treeSize: Number(log.head.split("\n")[1] ?? Number.NaN) },
  };
}

/** The rows of a result that tell these facts. @param privateLines what is known of its private units */
export function factRows(facts: BundleFacts, privateLines: readonly string[]): Row[] {
  const { toolchains, modules, gomods } = facts.counts;
  const { log, projects } = facts;
  return [
    ["index", facts.indexDigest],
    ["serial", `${facts.serial}, created ${facts.created}`],
    ["expires", facts.expires ?? "never"],
    ["Go", `${facts.go.join(", ")} for ${facts.platforms.join(", ")}`],
    ["projects", projects.length === 0 ? undefined : projects.join(", ")],
    [
      "units",
      [
        amountText(toolchains, "toolchain"),
        amountText(modules, "module"),
        `${countText(gomods)} of which only go.mod is needed`,
      ].join(", "),
    ],
    [
      "log",
      log === null
        ? "no unit is in a checksum database"
        : `${log.name}, tree of ${countText(log.treeSize)} records`,
    ],
    ["private", privateLines],
  ];
}

/** A signature on a line. */
export function signatureText({ fingerprint, userId, created }: VerifiedSignature): string {
  return `${fingerprint} ${userId}, ${timeText(created)}`;
}

/** A signature for `--json`. */
export function signatureJson({
  fingerprint,
  signingFingerprint,
  userId,
  created,
}: VerifiedSignature): object {
  return { fingerprint, signingFingerprint, userId, created: timeText(created) };
}

/** The warning that a bundle has expired, if it has. */
export function expiryWarning({ name, expires }: BundleFacts, now: Date): string[] {
  if (expires === null || Date.parse(expires) > now.getTime()) return [];
  return [`${name} expired at ${expires}; hosts will refuse it. Build it again.`];
}
