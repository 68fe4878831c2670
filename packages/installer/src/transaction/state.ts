// state.json: what is installed in a root. Its rename is the commit point of every change, so what this file says
// is, by definition, what the host has; everything else is brought in line with it.

import { isAbsolute } from "node:path";
import { FINGERPRINT, GO_RELEASE, GoferryError } from "@goferry/core";
import * as z from "zod/mini";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import { parseDocument, writeDocument } from "./document.ts";
import { registryKeySchema, registryValueSchema } from "./registry-edits.ts";

const STATE_VERSION = 1;

const count = z.int().check(z.minimum(0));
const fromOne = z.int().check(z.minimum(1));
const time = z.iso.datetime();
const text = z.string().check(z.minLength(1));
const h1 = z.string().check(z.regex(/^h1:[A-Za-z0-9+/]{43}=$/));
const digest = z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/));
/** Index digests of the bundles that brought it or held it too, in the order of their installation. */
const bundles = z.array(digest).check(z.minLength(1));

const sdkSchema = z.strictObject({
  version: GO_RELEASE,
  platform: z.string().check(z.regex(/^[a-z0-9]+\/[a-z0-9]+$/)),
  h1,
  /** Bytes of all its files, as the bundle has them. */
  size: count,
  /** Its record in the checksum database: no toolchain is without one. */
  record: z.strictObject({ id: count }),
  bundles,
});

const bundleSchema = z.strictObject({
  name: text,
  /** Seconds since 1970. */
  serial: count,
  indexDigest: digest,
  installedAt: time,
  /** Absent for one that never expires. */
  expires: z.optional(time),
  /** OpenPGP fingerprints of the pinned keys whose signatures counted. */
  signers: z.array(z.string().check(z.regex(/^[0-9A-Fa-f]{40,64}$/))),
  /** Records in the tree of the checksum database that its proofs led to; null if no unit of it is in one. */
  treeSize: z.nullable(fromOne),
  /** Those of its projects of which everything is there. */
  projects: z.array(z.string()),
  /** False when only a part of it was asked for. */
  complete: z.prefault(z.boolean(), true),
  zips: z.boolean(),
});

const unitSchema = z.strictObject({
  kind: z.enum(["module", "gomod"]),
  path: text,
  version: text,
  /** Null for a gomod: only its go.mod is there. */
  h1: z.nullable(h1),
  modH1: z.nullable(h1),
  /** Its record in the checksum database; null when only the bundle's signature vouches for it. */
  record: z.nullable(z.strictObject({ id: count, h1 })),
  /** Likewise; the zip that is made of a module comes on top. */
  size: count,
  bundles,
});

const serialSchema = z.strictObject({
  /** Of the bundle. */
  name: text,
  /** The highest that this root has had, and the bundle that had it. */
  serial: count,
  indexDigest: digest,
});

const logSchema = z.strictObject({
  /** Key of the checksum database, in the syntax of GOSUMDB. */
  key: text,
  /** Signed tree heads that were verified: the largest, then those that it was shown to continue. */
  heads: z.array(text).check(z.minLength(1)),
  /** The one that the lookups below mod/ name; null if there are none. */
  lookups: z.nullable(text),
});

/** Which keys sign for this root: the administrator's decision, which no rollback takes back (trust/store.ts). */
const trustSchema = z.strictObject({
  /** The key itself is state/trust/<fingerprint>.asc, and `digest` that of the file. */
  keys: z.array(z.strictObject({ fingerprint: FINGERPRINT, digest })),
  /** How many of them must have signed a bundle. */
  minSignatures: fromOne,
  /** Keys that never count again. */
  revoked: z.array(FINGERPRINT),
  /** The last trust update that was applied. */
  update: z.nullable(z.strictObject({ sequence: fromOne, digest })),
});

const outsideSchema = z.strictObject({
  /** Absolute, and outside of the root. */
  path: z.string().check(z.refine((one) => isAbsolute(one), "not an absolute path")),
  /** A link to a program in bin/, or the start-up file of a shell with goferry's block in it. */
  kind: z.enum(["link", "sh", "fish"]),
  /**
   * What stood there before the first change: where a link led, or the digest of a file. Null: nothing. Not the bytes: a
   * start-up file may hold secrets, this one is for everybody to read, and taking the block out gives them back.
   */
  before: z.nullable(text),
  /** Folders that were made for it, outermost first. */
  madeFolders: z.array(text),
});

const registrySchema = z.strictObject({
  key: registryKeySchema,
  name: z.string(),
  /** What stood there before the first change; null: no such value. */
  before: registryValueSchema,
  /** What goferry left there. */
  after: registryValueSchema,
  /** Keys that were made for it, outermost first. */
  madeKeys: z.array(registryKeySchema),
});

const stateSchema = z.strictObject({
  stateVersion: z.literal(STATE_VERSION),
  /** The absolute path it was made for; go.env and launchers name it. */
  root: text,
  /** Counts the changes; 0 is an empty root. Each generation stays as state/generations/N.json until gc. */
  generation: count,
  /** What made this generation, and when; null in an empty root. */
  change: z.nullable(z.strictObject({ command: text, at: time })),
  /** Id of the transaction that wrote it. Makes every committed state different from the one before. */
  transaction: z.nullable(text),
  current: z.nullable(GO_RELEASE),
  sdks: z.array(sdkSchema),
  bundles: z.array(bundleSchema),
  units: z.array(unitSchema),
  /**
   * The high-water mark of each bundle name. Never lowered: uninstalling a bundle, going back to an earlier generation and
   * `--allow-downgrade` leave it as it is, or an old bundle would be as good as new.
   */
  serials: z.array(serialSchema),
  /**
   * Patterns of all installations, as go.env has them in GONOSUMDB and, the second, also in GONOPROXY. Those of private
   * modules are what the administrator decided (trust.ts), no part of a bundle: what takes a root back to an earlier
   * generation must leave them as they are.
   */
  privatePatterns: z.array(text),
  direct: z.array(text),
  trust: trustSchema,
  /** What is known of the checksum database; null before the first bundle that has units in one. */
  log: z.nullable(logSchema),
  /** What was changed outside of the root, and is to be taken back when the root goes. No part of a generation. */
  outside: z.array(outsideSchema),
  /** Likewise values of Windows' registry; no other system has any. */
  registry: z.optional(z.array(registrySchema)),
  /** The root and the folders above it, as far as they were made for it; outermost first. */
  madeFolders: z.array(text),
  /** Digest of the last line that a transaction wrote to the audit log. */
  auditHead: z.nullable(digest),
});

export type State = z.infer<typeof stateSchema>;

export type RegistryRecord = z.infer<typeof registrySchema>;
export type OutsideChange = z.infer<typeof outsideSchema>;
export type SerialMark = z.infer<typeof serialSchema>;
export type RootTrust = State["trust"];
export type InstalledBundle = z.infer<typeof bundleSchema>;
export type InstalledUnit = z.infer<typeof unitSchema>;

/**
 * The state of a root; that of an empty root where there is none yet. Takes no lock: the file is only ever
 * replaced whole. Throws STATE_DAMAGED, STATE_NEWER, ROOT_MOVED, or an error of the file system.
 */
export async function readState(fs: HostFs, at: Layout): Promise<State> {
  const bytes = await fs.readFile(at.stateFile);
  return bytes === null ? emptyState(at.root) : parseState(bytes, at);
}

export function parseState(bytes: Uint8Array, at: Layout): State {
  const remedy = `the file of ${at.generations} with the highest number is what the last change left: copy it to ${at.stateFile}, then goferry check; or restore a backup`;
  return parseStateAt(bytes, at.stateFile, at.root, remedy);
}

/** The state in a file of this path, which errors name. Throws STATE_DAMAGED, STATE_NEWER, ROOT_MOVED. */
export function parseStateAt(bytes: Uint8Array, path: string, root: string, remedy?: string): State {
  return parseDocument(bytes, {
    schema: stateSchema,
    version: { key: "stateVersion", known: STATE_VERSION },
    path,
    root,
    damaged: "STATE_DAMAGED",
    remedy,
  });
}

export function emptyState(root: string): State {
  return {
    stateVersion: STATE_VERSION,
    root,
    generation: 0,
    change: null,
    transaction: null,
    current: null,
    sdks: [],
    bundles: [],
    units: [],
    serials: [],
    privatePatterns: [],
    direct: [],
    trust: { keys: [], minSignatures: 1, revoked: [], update: null },
    log: null,
    outside: [],
    madeFolders: [],
    auditHead: null,
  };
}

/**
 * The one way to write a state: the same content gives the same bytes, whatever order its lists had. Throws INTERNAL
 * for a state that `parseState` would refuse: it must not become the state of a host.
 */
export function serializeState(state: State): Uint8Array {
  const checked = stateSchema.safeParse(state);
  if (!checked.success) {
    throw new GoferryError("INTERNAL", {
      subject: "state.json",
      message: `the state to be written is not valid: ${z.prettifyError(checked.error)}`,
      next: "report this as a bug of goferry",
    });
  }
  return writeDocument({
    ...state,
    sdks: sortedBy(state.sdks, ({ version, platform }) => `${version} ${platform}`),
    bundles: sortedBy(state.bundles, ({ name, serial }) => `${name} ${String(serial).padStart(16, "0")}`),
    serials: sortedBy(state.serials, ({ name }) => name),
    privatePatterns: state.privatePatterns.toSorted(),
    direct: state.direct.toSorted(),
    outside: sortedBy(state.outside, ({ path }) => path),
    ...(state.registry === undefined
      ? {}
      : { registry: sortedBy(state.registry, ({ key, name }) => `${key}\\${name}`) }),
    trust: {
      ...state.trust,
      keys: sortedBy(state.trust.keys, ({ fingerprint }) => fingerprint),
      revoked: state.trust.revoked.toSorted(),
    },
    units: sortedBy(state.units, ({ path, version, kind }) => `${path} ${version} ${kind}`),
  });
}

function sortedBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}
