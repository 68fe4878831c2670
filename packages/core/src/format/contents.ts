// The contents document: what a bundle holds, unit by unit and layer by layer, and what proves it. It is the
// one document with information of its own; all other documents of a bundle follow from it (documents.ts), and
// a reader compares them with what follows. FORMAT.md section 4.

import * as z from "zod/mini";
import { isModule } from "../gomodule/path.ts";
import { inconsistency } from "./consistency.ts";
import { BUNDLE_NAME, COUNT, DIGEST, GO_RELEASE, H1, PLATFORM, SHA256, TIME } from "./fields.ts";
import { MAX_EARLIER_HEADS, MAX_LAYER_ENTRIES, MAX_TOOLCHAIN_LAYERS, MAX_UNIT_BYTES } from "../limits.ts";
import { REQUEST_SCHEMA } from "./request.ts";

/**
 * Go versions, and platforms, of one bundle: Go itself has some 50 platforms. A manifest is made for each platform, with
 * every layer in it, so this bounds the memory that an unsigned document can make a reader use.
 */
const MAX_COMBINATIONS = 64;

const NOTE = z.string().check(z.minLength(1), z.maxLength(4096));

const EVIDENCE = z
  .union([
    z.literal("private"),
    z.strictObject({
      id: COUNT.check(z.describe("Number of the record in the checksum database, from 0.")),
      proof: z
        .base64()
        .check(
          z.maxLength(4096),
          z.describe(
            "Inclusion proof in the tree head of log: 32-byte hashes from leaf to root, joined, base64.",
          ),
        ),
      h1: z
        .optional(H1)
        .check(z.describe("The zip's hash; only for a gomod, whose record needs it and which has no zip.")),
    }),
  ])
  .check(
    z.describe(
      "What vouches for the unit: a record of the checksum database, or only the bundle's signature.",
    ),
  );

const UNIT_FIELDS = {
  path: z.string().check(z.minLength(1), z.maxLength(1024), z.describe("Module path.")),
  version: z.string().check(z.minLength(1), z.maxLength(256), z.describe("Module version.")),
  modH1: H1.check(z.describe("Hash of the lone go.mod, as in the second line of the module's go.sum.")),
  size: COUNT.check(z.maximum(MAX_UNIT_BYTES), z.describe("Bytes of the files that unpack for this unit.")),
  files: COUNT.check(z.describe("Number of the files that unpack for this unit.")),
  layers: z
    .array(COUNT)
    .check(
      z.minLength(1),
      z.maxLength(MAX_TOOLCHAIN_LAYERS),
      z.describe("Indexes into layers, ascending: all those of a toolchain, the one of a module or gomod."),
    ),
  evidence: EVIDENCE,
};

/** What an installation of some projects is chosen by. Toolchains have none: they are chosen by their version. */
const NEEDED_BY = z
  .array(COUNT)
  .check(
    z.minLength(1),
    z.describe(
      "What of the request needs it: indexes, ascending, into its projects, modules and tools as one list.",
    ),
  );

const UNIT = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("toolchain"),
      go: GO_RELEASE,
      platform: PLATFORM,
      h1: H1.check(z.describe("Hash of the toolchain as a module zip.")),
      ...UNIT_FIELDS,
    }),
    z.strictObject({
      kind: z.literal("module"),
      h1: H1.check(z.describe("Hash of the module zip.")),
      neededBy: NEEDED_BY,
      ...UNIT_FIELDS,
    }),
    z.strictObject({ kind: z.literal("gomod"), neededBy: NEEDED_BY, ...UNIT_FIELDS }),
  ])
  .check(
    z.refine(isModule, { error: "a module path and a version of it, as Go writes them" }),
    z.describe("A toolchain, a module, or a module version of which only the go.mod is carried."),
  );

const LOG = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(256), z.describe("Name of the checksum database.")),
  head: NOTE.check(z.describe("Its signed tree head, a note, to which all proofs lead.")),
  earlier: z
    .optional(
      z
        .array(
          z.strictObject({
            head: NOTE.check(z.describe("The signed tree head of an earlier bundle of this name.")),
            proof: z
              .base64()
              .check(
                z.maxLength(4096),
                z.describe("Consistency proof from it to head: 32-byte hashes, joined, base64."),
              ),
          }),
        )
        .check(z.maxLength(MAX_EARLIER_HEADS)),
    )
    .check(z.describe("Heads that a host may have seen before, newest first; absent if there are none.")),
});

export const LAYER_SCHEMA = z.strictObject({
  kind: z
    .enum(["sdk", "mod", "log"])
    .check(
      z.describe(
        "sdk: files of one Go version, for one platform or, without platform, for all; mod: modules; log: tiles of the checksum database.",
      ),
    ),
  go: z.optional(GO_RELEASE),
  platform: z.optional(PLATFORM),
  digest: DIGEST.check(z.describe("Of the compressed bytes; also the name of the blob.")),
  size: COUNT.check(z.describe("Compressed bytes.")),
  diffId: DIGEST.check(z.describe("Of the tar stream.")),
  tarSize: COUNT.check(z.describe("Bytes of the tar stream.")),
  entries: COUNT.check(z.maximum(MAX_LAYER_ENTRIES), z.describe("Files in the tar stream.")),
  chunks: z.array(SHA256).check(z.minLength(1), z.describe("SHA-256 of each MiB of compressed bytes.")),
});

export const CONTENTS_SCHEMA = z
  .strictObject({
    contentsVersion: z.literal(1),
    name: BUNDLE_NAME.check(
      z.describe("Name of the bundle. A host remembers the highest serial of each name."),
    ),
    created: TIME,
    serial: COUNT.check(z.describe("created in seconds since 1970.")),
    expires: z.optional(TIME).check(z.describe("When hosts start to refuse the bundle; never if absent.")),
    go: z
      .array(GO_RELEASE)
      .check(z.minLength(1), z.maxLength(MAX_COMBINATIONS), z.describe("Go versions, newest first.")),
    platforms: z
      .array(PLATFORM)
      .check(
        z.minLength(1),
        z.maxLength(MAX_COMBINATIONS),
        z.describe("Platforms of the toolchains, sorted."),
      ),
    request: REQUEST_SCHEMA,
    log: z.optional(LOG).check(z.describe("Absent if every unit is private.")),
    layers: z
      .array(LAYER_SCHEMA)
      .check(z.minLength(1), z.maxLength(1000), z.describe("In the order of the file.")),
    units: z
      .array(UNIT)
      .check(z.minLength(1), z.maxLength(200_000), z.describe("Sorted by kind, path and version.")),
  })
  .check(
    z.superRefine((contents, context) => {
      const problem = inconsistency(contents);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    }),
  );

export type Contents = z.infer<typeof CONTENTS_SCHEMA>;
export type Unit = Contents["units"][number];
export type ToolchainUnit = Extract<Unit, { kind: "toolchain" }>;
export type Layer = Contents["layers"][number];
