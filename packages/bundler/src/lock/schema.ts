// goferry.lock as a strict schema: what a bundle was made of, exactly, so that it can be made again with the same
// bytes and so that a change can be seen. It travels in the bundle and in version control, hence no absolute
// path, no user name, no address of a proxy and no secret has a place in it.

import { isModule } from "@goferry/core";
import * as z from "zod";

const DIGEST = z.string().regex(/^sha256:[0-9a-f]{64}$/u, { error: "sha256: and 64 hexadecimal digits" });
const H1 = z.string().regex(/^h1:[A-Za-z0-9+/]{43}=$/u, { error: "h1: and a SHA-256 in base64" });
const NAME = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/u, { error: "a name of goferry.yaml" });
const GO_RELEASE = z
  .string()
  .regex(/^[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)|(?:beta|rc)[1-9][0-9]*)$/u, {
    error: "an exact Go version such as 1.27.1",
  });
const PLATFORM = z.string().regex(/^[a-z0-9]+\/[a-z0-9]+$/u, { error: "GOOS/GOARCH" });
const PATH = z.string().min(1);
const VERSION = z.string().min(1);
const RESOLVED = z.string().regex(/^[^@\s]+@v[0-9][^@\s]*$/u, { error: "path@version" });
const TIME = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/u, {
  error: "a time such as 2026-11-21T05:00:00Z (RFC 3339, UTC, seconds)",
});

const REQUESTED_PROJECT = z.strictObject({
  name: NAME,
  /** Module path. */
  module: z.string().min(1),
  /** Digest of go.mod. */
  goMod: DIGEST,
  /** Digest of go.sum, if there is one. */
  goSum: DIGEST.optional(),
  platforms: z.array(PLATFORM).optional(),
  tags: z.array(z.string()),
  packages: z.array(z.string()),
  cgo: z.boolean().optional(),
});

const REQUEST = z.strictObject({
  go: z.array(z.string().min(1)).min(1),
  platforms: z.array(PLATFORM).min(1),
  projects: z.array(REQUESTED_PROJECT),
  modules: z.array(z.string()),
  tools: z.array(z.string()),
  expires: z.string().optional(),
});

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
    name: NAME,
    /** When the bundle was made. */
    created: TIME,
    /** `created` in seconds since 1970. */
    serial: z.int().nonnegative(),
    /** The spec, normalized: lists sorted, defaults filled in. */
    request: REQUEST,
    /** Exact Go versions, newest first. */
    go: z.array(GO_RELEASE).min(1),
    /** `path@version` of every `modules:` entry, sorted. */
    modules: z.array(RESOLVED),
    /** `path@version` of every `tools:` entry, sorted; the path is the package's, the version its module's. */
    tools: z.array(RESOLVED),
    /** The checksum database and the signed tree head that the units are proven in; absent if none is. */
    log: z.strictObject({ name: z.string().min(1), head: z.string().min(1) }).optional(),
    /** Sorted by kind, path, version, platform. */
    units: z.array(UNIT),
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
