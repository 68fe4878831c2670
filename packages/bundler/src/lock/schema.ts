// goferry.lock as a strict schema: what a bundle was made of, exactly, so that it can be made again with the same
// bytes and so that a change can be seen. It travels in the bundle and in version control, hence no absolute
// path, no user name, no address of a proxy and no secret has a place in it.

import {
  BUNDLE_NAME,
  GO_RELEASE,
  H1,
  isModule,
  MAX_EARLIER_HEADS,
  PLATFORM,
  REQUEST_SCHEMA,
  TIME,
} from "@goferry/core";
import * as z from "zod";

const PATH = z.string().min(1);
const VERSION = z.string().min(1);
const RESOLVED = z.string().regex(/^[^@\s]+@v[0-9][^@\s]*$/u, { error: "path@version" });

// Who vouches for a unit: a record of the checksum database (its number), or only the bundle's signature.
const EVIDENCE = {
  id: z.int().nonnegative().optional(),
  private: z.literal(true).optional(),
};

const UNIT = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("toolchain"),
      path: PATH,
      version: VERSION,
      platform: PLATFORM,
      h1: H1,
      modH1: H1,
      ...EVIDENCE,
    }),
    z.strictObject({
      kind: z.literal("module"),
      path: PATH,
      version: VERSION,
      h1: H1,
      modH1: H1,
      ...EVIDENCE,
    }),
    z.strictObject({
      kind: z.literal("gomod"),
      path: PATH,
      version: VERSION,
      modH1: H1,
      ...EVIDENCE,
    }),
  ])
  .refine(({ id, private: isPrivate }) => (id === undefined) !== (isPrivate === undefined), {
    error: "either id or private",
  })
  .refine(isModule, { error: "a module path and a version of it, as Go writes them" });

export const LOCK_SCHEMA = z
  .strictObject({
    lockVersion: z.literal(1),
    name: BUNDLE_NAME,
    created: TIME.check(z.describe("When the bundle was made.")),
    serial: z.int().nonnegative().describe("created in seconds since 1970."),
    request: REQUEST_SCHEMA,
    go: z.array(GO_RELEASE).min(1).describe("Exact Go versions, newest first."),
    modules: z.array(RESOLVED).describe("path@version of every modules: entry, sorted."),
    tools: z
      .array(RESOLVED)
      .describe(
        "path@version of every tools: entry, sorted; the path is the package's, the version its module's.",
      ),
    log: z
      .strictObject({
        name: z.string().min(1),
        head: z.string().min(1),
        earlier: z
          .array(z.string().min(1))
          .max(MAX_EARLIER_HEADS)
          .optional()
          .describe("Signed tree heads of earlier bundles, largest first."),
      })
      .optional()
      .describe("The checksum database and the signed tree head that the units are proven in."),
    units: z.array(UNIT).describe("Sorted by kind, path, version, platform."),
  })
  .refine(({ created, serial }) => Date.parse(created) === serial * 1000, {
    path: ["serial"],
    error: "created in seconds since 1970",
  })
  .refine(({ log, units }) => log !== undefined || units.every(({ id }) => id === undefined), {
    path: ["log"],
    error: "a log, because units name records of it",
  });

/** goferry.lock. */
export type Lock = z.infer<typeof LOCK_SCHEMA>;

/** What was asked for: the part of a lock that is compared with the spec. */
export type LockRequest = Lock["request"];

/** A toolchain, a module, or a version of which only the .mod is carried. */
export type LockUnit = Lock["units"][number];
