// Collects log evidence: for each module of a bundle its record in Go's checksum database, and the proof that
// the record is in one signed tree. Nothing that the network says is believed: every head is signed, all heads
// are shown to be of one history, and every hash comes from a tile that the newest head proves.
//
// The answers to lookups come with different heads, each from the day on which a proxy stored the answer. The
// largest becomes the head of the bundle; a lock brings the head it was made with, and so gets the same proofs.

import {
  checkConsistency,
  encodeProof,
  escapePath,
  escapeVersion,
  GoferryError,
  openTreeHead,
  parseLookup,
  parseVerifier,
  proveConsistency,
  proveInclusion,
  tileHashReader,
  TOOLCHAIN_PATH,
  verifyEvidence,
  MAX_EARLIER_HEADS,
  type EarlierHead,
  type HashReader,
  type Lookup,
  type ModuleVersion,
  type TreeHead,
} from "@goferry/core";
import { namePrivate } from "../go/failure.ts";
import { logSource, logTileSource, type LogCache, type LogFetch, type LogSource } from "./source.ts";

/** What the log holds about one module, with its proof in the bundle's tree head. */
export interface CollectedRecord {
  /** Number of the record in the log. */
  id: number;
  /** Hash of the zip, `h1:…`. */
  h1: string;
  /** Hash of the go.mod, `h1:…`. */
  modH1: string;
  /** Inclusion proof, as LogEvidence has it. */
  proof: string;
}

export interface CollectedEvidence {
  /** The signed note of the one tree head that all proofs lead to. */
  head: string;
  /** Earlier heads that it was shown to continue, largest first. */
  earlier: EarlierHead[];
  /** By `path@version`, in the order of the modules asked for. */
  records: Map<string, CollectedRecord>;
}

export interface CollectOptions {
  /** Throws NOT_FOUND for what is not there. */
  fetch: LogFetch;
  cache?: LogCache | undefined;
  /** Verifier key of the database, `name+hash+base64key` as in GOSUMDB. */
  vkey: string;
  modules: readonly ModuleVersion[];
  /** The signed note in a lock: the proofs lead to this head, and a record beyond it is refused. */
  head?: string | undefined;
  /** Signed notes of heads that earlier bundles used. */
  earlier?: readonly string[] | undefined;
  /** Requests at a time; 16 unless given. */
  concurrency?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Told of each step; every module has two, its lookup and its proof. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Collects the evidence for all modules. Throws LOG_MISMATCH for whatever does not agree with the log,
 * NOT_FOUND, with the module as subject, for one that the database does not know, and what `fetch` throws.
 */
export async function collectEvidence(options: CollectOptions): Promise<CollectedEvidence> {
  const { fetch, cache, vkey, concurrency = 16 } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
  const source = logSource({ fetch, cache, name: parseVerifier(vkey).name, concurrency, signal });
  const modules = new Map(options.modules.map((module) => [nameOf(module), module]));
  let done = 0;
  const step = (): void => options.onProgress?.({ done: ++done, total: 2 * modules.size });
  try {
    const answers = await Promise.all(Array.from(modules.values(), (module) => lookUp(module, source, step)));
    const history = await openHistory(options, answers, source);
    const records = await Promise.all(answers.map((answer) => prove(answer, history, source, step)));
    return { head: history.note, earlier: await connect(history, options), records: new Map(records) };
  } finally {
    // After a refusal, the requests still under way are of no use.
    stop.abort();
  }
}

/** The answer to the lookup of a module, of which nothing is verified yet. */
interface Answer {
  module: ModuleVersion;
  path: string;
  bytes: Uint8Array;
  lookup: Lookup;
}

async function lookUp(module: ModuleVersion, source: LogSource, step: () => void): Promise<Answer> {
  const path = `lookup/${escapePath(module.path)}@${escapeVersion(module.version)}`;
  try {
    const bytes = await source.read(path);
    step();
    return { module, path, bytes, lookup: parseLookup(bytes, module) };
  } catch (error) {
    if (!(error instanceof GoferryError) || error.code !== "NOT_FOUND") throw error;
    throw new GoferryError("NOT_FOUND", {
      subject: nameOf(module),
      message: "the checksum database, or the proxy before it, has no record of this module",
      expected: "a record of every module that is not private",
      found: error.found ?? error.message,
      next:
        module.path === TOOLCHAIN_PATH
          ? "Ask the database itself: export GOSUMDB='sum.golang.org https://sum.golang.org'. Else check the version."
          : `${namePrivate([module.path])}. Else check path and version.`,
      cause: error,
    });
  }
}

/** The heads of one log, shown to follow each other. */
interface History {
  /** The head that the proofs lead to, and its signed note. */
  head: TreeHead;
  note: string;
  /** Hashes of the newest tree; those of an older tree are among them. */
  read: HashReader;
}

async function openHistory(
  { vkey, head: locked, earlier = [] }: CollectOptions,
  answers: readonly Answer[],
  source: LogSource,
): Promise<History> {
  const notes = new Set(answers.map(({ lookup }) => lookup.note));
  if (locked !== undefined) notes.add(locked);
  else if (notes.size === 0) notes.add(Buffer.from(await source.read("latest")).toString("utf8"));

  for (const note of earlier) notes.add(note);
  const heads = Array.from(notes, (note) => ({ note, head: openTreeHead(note, vkey) }));
  const newest = heads.reduce((a, b) => (b.head.size > a.head.size ? b : a));
  const read = tileHashReader(newest.head, logTileSource(source));
  await Promise.all(
    heads.map(async ({ head }) => {
      if (head === newest.head) return;
      checkConsistency(await proveConsistency(newest.head.size, head.size, read), newest.head, head);
    }),
  );
  const chosen = heads.find(({ note }) => note === locked) ?? newest;
  return { ...chosen, read };
}

/** Proofs from the earlier heads to the chosen one; a lock may choose a head that is older than some of them. */
async function connect(
  { head, read }: History,
  { earlier = [], vkey }: CollectOptions,
): Promise<EarlierHead[]> {
  const sized = new Map(earlier.map((note) => [openTreeHead(note, vkey).size, note]));
  const older = [...sized].filter(([size]) => size < head.size).sort(([a], [b]) => b - a);
  return await Promise.all(
    older.slice(0, MAX_EARLIER_HEADS).map(async ([size, note]) => ({
      head: note,
      proof: encodeProof(await proveConsistency(head.size, size, read)),
    })),
  );
}

async function prove(
  { module, path, bytes, lookup }: Answer,
  { head, read }: History,
  source: LogSource,
  step: () => void,
): Promise<[string, CollectedRecord]> {
  const { id, record } = lookup;
  checkCovered(module, id, head);
  const evidence = { id, proof: encodeProof(await proveInclusion(head.size, id, read)) };
  // The host will ask exactly this; and only here is it seen whether the answer to the lookup was true.
  verifyEvidence({ unit: record, evidence, head });
  await source.keep(path, bytes);
  step();
  return [nameOf(module), { ...evidence, h1: record.h1, modH1: record.modH1 }];
}

function checkCovered(module: ModuleVersion, id: number, head: TreeHead): void {
  if (id < head.size) return;
  throw new GoferryError("LOG_MISMATCH", {
    subject: nameOf(module),
    message: "the record of this module is not covered by the tree head",
    expected: `a record number below ${head.size}`,
    found: `record ${id}`,
    next: "If the head comes from a lock, resolve again, so that the lock gets a newer one",
  });
}

function nameOf({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}
