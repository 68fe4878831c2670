// The types that lead from one stage of a build to the next: Spec -> Plan -> Fetched -> Packed -> Sealed. A stage
// takes what the previous one made, so nothing can be packed that was not fetched and checked, or signed that
// was not packed.

import type { Contents, EarlierHead, Layer, LogEvidence, PatternUse, Signed } from "@goferry/core";
import type { Plan } from "./plan/plan.ts";
import type { ResolvedEntry } from "./go/entry-closure.ts";
import type { ProjectBuild } from "./go/modules.ts";
import type { TileFile } from "./sumdb/tiles.ts";

/** What vouches for a unit beside the bundle's signature. */
export type Evidence = LogEvidence | "private";

interface FetchedBase {
  path: string;
  version: string;
  modH1: string;
  evidence: Evidence;
}

export type FetchedUnit =
  | (FetchedBase & { kind: "toolchain"; go: string; platform: string; h1: string; zip: string })
  | (FetchedBase & {
      kind: "module";
      h1: string;
      zip: string;
      mod: string;
      neededBy: number[];
      /** Bytes of what is in the zip, if an earlier build has counted them. */
      unpacked?: number | undefined;
    })
  | (FetchedBase & { kind: "gomod"; mod: string; neededBy: number[] });

/** What the bundle says of the checksum database, and the files of its log layer. */
export interface FetchedLog {
  name: string;
  /** Signed note. */
  head: string;
  earlier: EarlierHead[];
  tiles: TileFile[];
}

/** Everything is on this machine, and every hash is the one that the checksum database or go.sum has. */
export interface Fetched {
  plan: Plan;
  /** Sorted by kind, path and version, as the contents are. */
  units: FetchedUnit[];
  log: FetchedLog | undefined;
  /** Which patterns of the user make units private. */
  patterns: PatternUse[];
  /** `path@version` of the entries of the spec. */
  modules: string[];
  tools: string[];
  /** What stands behind them, for the rehearsal. */
  entries: ResolvedEntry[];
  /** Copies of the projects, and how they are to be built. */
  projects: ProjectBuild[];
  /** What may not work on the host, a sentence each. */
  notes: string[];
}

/** A layer in a file of its own, and what the contents say of it. */
export interface PackedLayer {
  file: string;
  layer: Layer;
}

/** All bytes of the bundle but its signatures. */
export interface Packed {
  fetched: Fetched;
  contents: Contents;
  readme: Uint8Array;
  documents: Signed;
  layers: PackedLayer[];
}

export interface Sealed {
  packed: Packed;
  /** The finished bundle. */
  file: string;
  /** Bytes. */
  size: number;
  signers: string[];
}
