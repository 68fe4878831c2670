// The contents document: what a bundle holds, unit by unit and layer by layer, and what proves it. It is the
// one document with information of its own; all other documents of a bundle follow from it (documents.ts), and
// a reader compares them with what follows. FORMAT.md section 4.

import * as z from "zod";
import { isModule } from "../gomodule/path.ts";
import { BUNDLE_NAME, COUNT, DIGEST, GO_RELEASE, H1, PLATFORM, SHA256, TIME } from "./fields.ts";
import { REQUEST_SCHEMA } from "./request.ts";

/** Bytes of a layer, compressed, that one chunk digest covers; the last chunk may be shorter. */
export const CHUNK_BYTES = 1 << 20;

const EVIDENCE = z.union([
  z.literal("private"),
  z.strictObject({
    /** Number of the record in the checksum database. */
    id: COUNT,
    /** Inclusion proof in the tree head of `log`: 32-byte hashes from leaf to root, joined, base64. */
    proof: z.base64().max(4096),
    /** The zip's hash, only for a gomod, whose record needs it. */
    h1: H1.optional(),
  }),
]);

const UNIT_FIELDS = {
  path: z.string().min(1).max(1024),
  version: z.string().min(1).max(256),
  /** Hash of the lone go.mod, the record's second line. */
  modH1: H1,
  /** Bytes and number of the files that unpack for this unit. */
  size: COUNT,
  files: COUNT,
  /** Indexes into `layers`, ascending. */
  layers: z.array(COUNT).min(1).max(2),
  evidence: EVIDENCE,
};

const UNIT = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("toolchain"),
      go: GO_RELEASE,
      platform: PLATFORM,
      h1: H1,
      ...UNIT_FIELDS,
    }),
    z.strictObject({ kind: z.literal("module"), h1: H1, ...UNIT_FIELDS }),
    z.strictObject({ kind: z.literal("gomod"), ...UNIT_FIELDS }),
  ])
  .refine(isModule, { error: "a module path and a version of it, as Go writes them" });

const LAYER = z.strictObject({
  /** sdk: files of one Go version, for one platform or, without `platform`, for all; mod: modules. */
  kind: z.enum(["sdk", "mod"]),
  go: GO_RELEASE.optional(),
  platform: PLATFORM.optional(),
  /** Of the compressed bytes; also the name of the blob. */
  digest: DIGEST,
  /** Compressed bytes. */
  size: COUNT,
  /** Digest and bytes of the tar stream. */
  diffId: DIGEST,
  tarSize: COUNT,
  entries: COUNT,
  /** SHA-256 of each CHUNK_BYTES of compressed bytes. */
  chunks: z.array(SHA256).min(1),
});

export const CONTENTS_SCHEMA = z
  .strictObject({
    contentsVersion: z.literal(1),
    name: BUNDLE_NAME,
    created: TIME,
    /** `created` in seconds since 1970; a host refuses one below the highest it has seen for this name. */
    serial: COUNT,
    expires: TIME.optional(),
    /** Go versions, newest first. */
    go: z.array(GO_RELEASE).min(1),
    /** In the order of the image manifests: sorted. */
    platforms: z.array(PLATFORM).min(1),
    /** What was asked for, as goferry.lock has it. */
    request: REQUEST_SCHEMA,
    /** The signed tree head that all proofs lead to; absent if every unit is private. */
    log: z.strictObject({ name: z.string().min(1).max(256), head: z.string().min(1).max(4096) }).optional(),
    /** In the order of the file. */
    layers: z.array(LAYER).min(1).max(1000),
    /** Sorted by kind, path, version. */
    units: z.array(UNIT).min(1).max(200_000),
  })
  .refine(({ created, serial }) => Date.parse(created) === serial * 1000, {
    path: ["serial"],
    error: "created in seconds since 1970",
  })
  .superRefine((contents, context) => {
    const problem = inconsistency(contents);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

export type Contents = z.infer<typeof CONTENTS_SCHEMA>;
export type Unit = Contents["units"][number];
export type ToolchainUnit = Extract<Unit, { kind: "toolchain" }>;
export type Layer = Contents["layers"][number];

/** `path@version`, as Go writes a module. */
export function unitName({ path, version }: { path: string; version: string }): string {
  return `${path}@${version}`;
}

/** The layers that a host of this platform needs, as indexes. */
export function layersFor({ layers }: Pick<Contents, "layers">, platform: string): number[] {
  return layers.flatMap((layer, i) =>
    layer.platform === undefined || layer.platform === platform ? [i] : [],
  );
}

/** The units that a host of this platform needs. */
export function unitsFor({ units }: Pick<Contents, "units">, platform: string): Unit[] {
  return units.filter((unit) => unit.kind !== "toolchain" || unit.platform === platform);
}

interface Shape {
  platforms: string[];
  go: string[];
  layers: z.infer<typeof LAYER>[];
  units: z.infer<typeof UNIT>[];
  log?: unknown;
}

/** What a schema of single fields cannot say: order, references, and that every number fits its neighbours. */
function inconsistency({ platforms, go, layers, units, log }: Shape): string | undefined {
  if (!isAscending(platforms)) return "platforms must be sorted, each once";
  if (!isAscending(units.map(({ kind, path, version }) => `${kind}\0${path}\0${version}`))) {
    return "units must be sorted by kind, path and version, each once";
  }
  for (const [i, layer] of layers.entries()) {
    if (layer.chunks.length !== Math.ceil(layer.size / CHUNK_BYTES)) return `layers.${i}: number of chunks`;
    if ((layer.kind === "sdk") !== (layer.go !== undefined)) return `layers.${i}: go stands with kind sdk`;
    if (layer.kind === "mod" && layer.platform !== undefined) return `layers.${i}: platform of a mod layer`;
    if (layer.platform !== undefined && !platforms.includes(layer.platform)) return `layers.${i}: platform`;
    if (layer.go !== undefined && !go.includes(layer.go)) return `layers.${i}: go`;
  }
  for (const [i, unit] of units.entries()) {
    if (unit.layers.some((index) => index >= layers.length)) return `units.${i}: layers`;
    if (unit.evidence !== "private" && log === undefined) return `units.${i}: evidence without a log`;
    const isOfUnit = (layer: z.infer<typeof LAYER> | undefined): boolean =>
      unit.kind === "toolchain"
        ? layer?.go === unit.go && (layer.platform ?? unit.platform) === unit.platform
        : layer?.kind === "mod";
    if (!unit.layers.every((index) => isOfUnit(layers[index]))) return `units.${i}: a layer of another kind`;
  }
  return undefined;
}

function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, i) => i === 0 || (texts[i - 1] ?? "") < text);
}
