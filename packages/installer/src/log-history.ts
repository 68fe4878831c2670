// What a host remembers of the checksum database: the largest tree head that it has verified, and those that this one was
// shown to continue. A bundle whose head cannot be of the same history is refused: then the database, or somebody with
// its key, shows this host something else than the world. A bundle of another name may have no head in common with those
// before; nothing is wrong with that, but it is told.

import {
  GoferryError,
  MAX_EARLIER_HEADS,
  openTreeHead,
  parseVerifier,
  relateHistory,
  type Contents,
  type HeadRelation,
} from "@goferry/core";
import type { Finding } from "./findings.ts";
import type { State } from "./transaction/state.ts";

type KnownLog = NonNullable<State["log"]>;

export interface LogStep {
  relation: HeadRelation;
  /** What the root knows once the bundle is installed. */
  after: KnownLog;
}

/**
 * How the bundle's head follows from what the root knows; undefined if the bundle has none.
 * @throws LOG_MISMATCH for two heads that cannot be of one log, and for another log than the root's
 */
export function followLog(
  { log }: Pick<Contents, "log">,
  before: Pick<State, "log" | "root">,
  logKey: string,
): LogStep | undefined {
  if (log === undefined) return undefined;
  const known = before.log;
  if (known !== null && known.key !== logKey) throw otherLog(known, before.root, logKey);
  const relation = relateHistory(log, known?.heads ?? [], logKey);
  const brought = [log.head, ...(log.earlier ?? []).map(({ head }) => head)];
  const after = { key: logKey, lookups: known?.lookups ?? null };
  return { relation, after: { ...after, heads: headsAfter(relation, brought, known?.heads ?? [], logKey) } };
}

/** A remark where the bundle's head and the root's could not be connected. */
export function historyFindings(step: LogStep | undefined, before: Pick<State, "log">): Finding[] {
  const [largest] = before.log?.heads ?? [];
  if (step?.relation !== "unconnected" || largest === undefined) return [];
  const { name } = parseVerifier(step.after.key);
  return [
    {
      code: "LOG_UNCONNECTED",
      level: "warn",
      subject: name,
      message:
        "each unit is proven in a signed tree of the checksum database, but no proof connects this tree with the one that this root has seen",
      expected: `a proof that leads from or to the tree of ${openTreeHead(largest, step.after.key).size} records`,
      found: "none in this bundle",
      next: "if it matters to you, have bundles for this root built from one goferry.lock, which keeps the earlier trees",
    },
  ];
}

/** A remark where go cannot look up all that is installed. */
export function missingFindings(names: readonly string[], root: string): Finding[] {
  if (names.length === 0) return [];
  const some = names.slice(0, 3).join(", ");
  return [
    {
      code: "LOOKUPS_MISSING",
      level: "warn",
      subject: root,
      message:
        "go cannot ask the checksum database about all modules here; they are proven, and projects whose go.sum names them build, but new go.sum lines for them cannot be made",
      expected: "tiles of the checksum database for every module",
      found: `none for ${names.length}: ${names.length > 3 ? `${some} …` : some}`,
      next: "install a bundle that is built from the newest goferry.lock of this root's bundles",
    },
  ];
}

/** Notes of one history, largest first. */
function headsAfter(
  relation: HeadRelation,
  brought: readonly string[],
  known: readonly string[],
  logKey: string,
): string[] {
  const sizeOf = (note: string): number => openTreeHead(note, logKey).size;
  const merge = (): string[] => {
    const bySize = new Map([...known, ...brought].map((note) => [sizeOf(note), note]));
    return [...bySize].sort(([a], [b]) => b - a).map(([, note]) => note);
  };
  const isLarger = (): boolean => sizeOf(brought[0] ?? "") > sizeOf(known[0] ?? "");
  const heads = relation !== "unconnected" ? merge() : isLarger() ? [...brought] : [...known];
  return heads.slice(0, MAX_EARLIER_HEADS + 1);
}

function otherLog({ key }: KnownLog, root: string, logKey: string): GoferryError {
  return new GoferryError("LOG_MISMATCH", {
    subject: root,
    message: "this root goes by another checksum database",
    expected: parseVerifier(key).name,
    found: parseVerifier(logKey).name,
    next: "Install the bundle in a root of its own with --root",
  });
}
