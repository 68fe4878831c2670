// The contents document: what a bundle holds, unit by unit and layer by layer, and what proves it. It is the
// one document with information of its own; all other documents of a bundle follow from it (documents.ts), and
// a reader compares them with what follows. FORMAT.md section 4.

import * as z from "zod";
import { isModule } from "../gomodule/path.ts";
import { inconsistency } from "./consistency.ts";
import { BUNDLE_NAME, COUNT, DIGEST, GO_RELEASE, H1, PLATFORM, SHA256, TIME } from "./fields.ts";
import { MAX_EARLIER_HEADS, MAX_LAYER_ENTRIES, MAX_UNIT_BYTES } from "../limits.ts";
import { REQUEST_SCHEMA } from "./request.ts";

/**
 * Go versions, and platforms, of one bundle: Go itself has some 50 platforms. A manifest is made for each platform, with
 * every layer in it, so this bounds the memory that an unsigned document can make a reader use.
 */
const MAX_COMBINATIONS = 64;

const NOTE = z.string().min(1).max(4096);

const EVIDENCE = z
  .union([
    z.literal("private"),
    z.strictObject({
      id: COUNT.describe("Number of the record in the checksum database, from 0."),
      proof: z
        .base64()
        .max(4096)
        .describe(
          "Inclusion proof in the tree head of log: 32-byte hashes from leaf to root, joined, base64.",
        ),
      h1: H1.optional().describe(
        "The zip's hash; only for a gomod, whose record needs it and which has no zip.",
      ),
    }),
  ])
  .describe("What vouches for the unit: a record of the checksum database, or only the bundle's signature.");

const UNIT_FIELDS = {
  path: z.string().min(1).max(1024).describe("Module path."),
  version: z.string().min(1).max(256).describe("Module version."),
  modH1: H1.describe("Hash of the lone go.mod, as in the second line of the module's go.sum."),
  size: COUNT.max(MAX_UNIT_BYTES).describe("Bytes of the files that unpack for this unit."),
  files: COUNT.describe("Number of the files that unpack for this unit."),
  layers: z
    .array(COUNT)
    .min(1)
    .max(2)
    .describe("Indexes into layers, ascending: all those of a toolchain, the one of a module or gomod."),
  evidence: EVIDENCE,
};

/** What an installation of some projects is chosen by. Toolchains have none: they are chosen by their version. */
const NEEDED_BY = z
  .array(COUNT)
  .min(1)
  .describe(
    "What of the request needs it: indexes, ascending, into its projects, modules and tools as one list.",
  );

const UNIT = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("toolchain"),
      go: GO_RELEASE,
      platform: PLATFORM,
      h1: H1.describe("Hash of the toolchain as a module zip."),
      ...UNIT_FIELDS,
    }),
    z.strictObject({
      kind: z.literal("module"),
      h1: H1.describe("Hash of the module zip."),
      neededBy: NEEDED_BY,
      ...UNIT_FIELDS,
    }),
    z.strictObject({ kind: z.literal("gomod"), neededBy: NEEDED_BY, ...UNIT_FIELDS }),
  ])
  .refine(isModule, { error: "a module path and a version of it, as Go writes them" })
  .describe("A toolchain, a module, or a module version of which only the go.mod is carried.");

const LOG = z.strictObject({
  name: z.string().min(1).max(256).describe("Name of the checksum database."),
  head: NOTE.describe("Its signed tree head, a note, to which all proofs lead."),
  earlier: z
    .array(
      z.strictObject({
        head: NOTE.describe("The signed tree head of an earlier bundle of this name."),
        proof: z
          .base64()
          .max(4096)
          .describe("Consistency proof from it to head: 32-byte hashes, joined, base64."),
      }),
    )
    .max(MAX_EARLIER_HEADS)
    .optional()
    .describe("Heads that a host may have seen before, newest first; absent if there are none."),
});

export const LAYER_SCHEMA = z.strictObject({
  kind: z
    .enum(["sdk", "mod", "log"])
    .describe(
      "sdk: files of one Go version, for one platform or, without platform, for all; mod: modules; log: tiles of the checksum database.",
    ),
  go: GO_RELEASE.optional(),
  platform: PLATFORM.optional(),
  digest: DIGEST.describe("Of the compressed bytes; also the name of the blob."),
  size: COUNT.describe("Compressed bytes."),
  diffId: DIGEST.describe("Of the tar stream."),
  tarSize: COUNT.describe("Bytes of the tar stream."),
  entries: COUNT.max(MAX_LAYER_ENTRIES).describe("Files in the tar stream."),
  chunks: z.array(SHA256).min(1).describe("SHA-256 of each MiB of compressed bytes."),
});

export const CONTENTS_SCHEMA = z
  .strictObject({
    contentsVersion: z.literal(1),
    name: BUNDLE_NAME.describe("Name of the bundle. A host remembers the highest serial of each name."),
    created: TIME,
    serial: COUNT.describe("created in seconds since 1970."),
    expires: TIME.optional().describe("When hosts start to refuse the bundle; never if absent."),
    go: z.array(GO_RELEASE).min(1).max(MAX_COMBINATIONS).describe("Go versions, newest first."),
    platforms: z
      .array(PLATFORM)
      .min(1)
      .max(MAX_COMBINATIONS)
      .describe("Platforms of the toolchains, sorted."),
    request: REQUEST_SCHEMA,
    log: LOG.optional().describe("Absent if every unit is private."),
    layers: z.array(LAYER_SCHEMA).min(1).max(1000).describe("In the order of the file."),
    units: z.array(UNIT).min(1).max(200_000).describe("Sorted by kind, path and version."),
  })
  .superRefine((contents, context) => {
    const problem = inconsistency(contents);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

export type Contents = z.infer<typeof CONTENTS_SCHEMA>;
export type Unit = Contents["units"][number];
export type ToolchainUnit = Extract<Unit, { kind: "toolchain" }>;
export type Layer = Contents["layers"][number];
