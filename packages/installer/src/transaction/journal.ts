// state/journal.json: everything a running transaction is about to change, with the old and the new bytes. It is
// durable before the first change and removed after the last, so whoever finds one knows that a transaction was
// interrupted, and has all that is needed to finish it or to take it back (recover.ts).
//
// Five kinds of change:
// - place: something big and new, renamed out of staging to a name that was free.
// - aside: something big and no longer wanted, renamed into staging, where it waits for the commit.
// - replace: a big file under a name that must never be missing (bin/goferry, 127 MB): the old one gets a second
//   name in staging before the journal is written, the new one is renamed over it.
// - edit: something small, a file or a link, with its bytes before and after in the journal itself.
// - registry: the same for values of Windows' registry (registry-edits.ts); other systems have none.

import { isAbsolute, join, normalize } from "node:path";
import * as z from "zod/mini";
import { isBelow } from "../fs.ts";
import type { HostFs } from "../fs.ts";
import type { Layout } from "../layout.ts";
import { parseDocument, writeDocument } from "./document.ts";
import { registryJournalSchema } from "./registry-edits.ts";

export const JOURNAL_VERSION = 1;

const path = z
  .string()
  .check(z.refine((one) => isAbsolute(one) && normalize(one) === one, "not an absolute path"));
const base64 = z.base64();

const contentSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("link"), target: z.string().check(z.minLength(1)) }),
  z.strictObject({
    kind: z.literal("file"),
    data: base64,
    mode: z.int().check(z.minimum(0), z.maximum(0o7777)),
    /** Null for a file that is new: it belongs to whoever runs goferry. */
    owner: z.nullable(z.strictObject({ uid: z.int().check(z.minimum(0)), gid: z.int().check(z.minimum(0)) })),
  }),
]);

const moveSchema = z.strictObject({ from: path, to: path });

const journalSchema = z.strictObject({
  journalVersion: z.literal(JOURNAL_VERSION),
  id: z.string().check(z.regex(/^[0-9A-Za-z-]+$/)),
  command: z.string(),
  root: path,
  startedAt: z.iso.datetime(),
  /** Folders that the changes below need and that are not there yet, outermost first. */
  folders: z.array(path),
  aside: z.array(moveSchema),
  place: z.array(moveSchema),
  replace: z.array(z.strictObject({ from: path, to: path, old: path })),
  edits: z.array(
    z.strictObject({
      path,
      /** Null: nothing was, or shall be, at this path. */
      before: z.nullable(contentSchema),
      after: z.nullable(contentSchema),
    }),
  ),
  registry: z.optional(registryJournalSchema),
  /** The bytes of state.json; null when there was none. */
  stateBefore: z.nullable(base64),
  stateAfter: base64,
  /** Folders outside of the root that go once the change is committed, if nothing is in them; outermost first. */
  emptied: z.array(path),
  /** Nothing is left once the change is committed: state/ goes too, state.json among the last of it. */
  removesRoot: z.boolean(),
  /** The line that goes to the audit log once the change is committed. */
  auditLine: z.string(),
});

export type Journal = z.infer<typeof journalSchema>;
export type Content = z.infer<typeof contentSchema>;
export type Move = z.infer<typeof moveSchema>;
export type Replacement = Journal["replace"][number];
export type Edit = Journal["edits"][number];

/** Which way edits go. */
export type Direction = "before" | "after";

/**
 * The journal of an interrupted transaction; null when there is none. Throws JOURNAL_DAMAGED, STATE_NEWER, or
 * ROOT_MOVED: a journal that came with a copied root would otherwise change the root it was copied from.
 */
export async function readJournal(fs: HostFs, at: Layout): Promise<Journal | null> {
  const bytes = await fs.readFile(at.journal);
  if (bytes === null) return null;
  const inRoot = (one: string): boolean => isBelow(at.root, one);
  const schema = journalSchema.check(
    z.refine(
      ({ aside, place, replace }) =>
        [...aside, ...place, ...replace].every((move) => Object.values(move).every(inRoot)),
      { error: "moves something outside the root" },
    ),
  );
  return parseDocument(bytes, {
    schema,
    version: { key: "journalVersion", known: JOURNAL_VERSION },
    path: at.journal,
    root: at.root,
    damaged: "JOURNAL_DAMAGED",
    remedy: `keep it for who looks into this (goferry status --archive FILE), remove it, then run goferry check and goferry repair BUNDLE, which bring all in line with ${at.stateFile}`,
  });
}

export function serializeJournal(journal: Journal): Uint8Array {
  return writeDocument(journal);
}

/** The staging folder of a transaction. */
export function stagingFolder(at: Layout, id: string): string {
  return join(at.staging, id);
}

/** Where one of the two contents of an edit inside the root waits. */
export function stagedEdit(at: Layout, id: string, direction: Direction, index: number): string {
  return join(stagingFolder(at, id), `${direction}-${index}`);
}

/** Where the state waits for the commit. */
export function stagedState(at: Layout, id: string): string {
  return join(stagingFolder(at, id), "state.json");
}

/** Where the same waits to become the file of its generation. */
export function stagedGeneration(at: Layout, id: string): string {
  return join(stagingFolder(at, id), "generation.json");
}
