// Two locks, or a lock and the spec of today, compared: `--locked` refuses what drifted, `plan` shows what is new
// since the last lock, `diff` shows all. One list of changes serves the three.

import { GoferryError } from "@goferry/core";
import { unitKey } from "./lock.ts";
import type { Lock, LockRequest, LockUnit } from "./schema.ts";

/** Something that was added (no `before`), removed (no `after`) or changed. */
export interface LockChange {
  /** "request" is what the spec and the projects say, the others are what it led to. */
  area: "request" | "go" | "module" | "tool" | "unit";
  /** What it is about, such as "platform linux/arm64", "project app go.mod", "golang.org/x/sync". */
  subject: string;
  before?: string | undefined;
  after?: string | undefined;
}

/** What differs between two locks apart from their times and tree heads, in a fixed order. */
export function compareLocks(before: Lock, after: Lock): LockChange[] {
  return [
    ...compareRequests(before, after),
    ...pairUp("go", before.go.map(goItem), after.go.map(goItem)),
    ...pairUp("module", before.modules.map(versionItem), after.modules.map(versionItem)),
    ...pairUp("tool", before.tools.map(versionItem), after.tools.map(versionItem)),
    ...compareUnits(before.units, after.units),
  ];
}

/** What is decided before anything is fetched. */
export interface Planned extends Requested {
  /** Exact Go versions. */
  go: readonly string[];
  toolchains: readonly { path: string; version: string; platform: string }[];
}

/** What a plan changes of a lock, as far as that is known before anything is fetched, in the order of compareLocks. */
export function comparePlan(before: Lock, plan: Planned): LockChange[] {
  const then = before.units.filter(({ kind }) => kind === "toolchain").map(unitItem);
  const now = plan.toolchains.map(({ path, version, platform }) => {
    return { group: `toolchain ${path} for ${platform}`, value: version };
  });
  return [
    ...compareRequests(before, plan),
    ...pairUp("go", before.go.map(goItem), plan.go.map(goItem)),
    ...pairUp("unit", then, now),
  ];
}

/** The part of a lock that a spec and its projects determine. */
export type Requested = Pick<Lock, "name" | "request">;

/** Refuses a spec that asks for something else than the lock `file` was made for. Throws LOCK_DRIFT. */
export function refuseDrift(file: string, lock: Requested, now: Requested): void {
  const changes = compareRequests(lock, now);
  if (changes.length === 0) return;
  throw new GoferryError("LOCK_DRIFT", {
    subject: file,
    message: ["the spec or a project changed since the lock was written", ...changes.map(changeText)].join(
      "; ",
    ),
    expected: "the request that the lock was made for",
    found: `${changes.length} ${changes.length === 1 ? "difference" : "differences"}`,
    next: "build without --locked to write a new lock, or take the changes back",
  });
}

/** Refuses units that are not those of the lock `file`. Throws LOCK_DRIFT. */
export function refuseChangedUnits(before: Lock, after: Lock): void {
  const changes = compareLocks(before, after);
  if (changes.length === 0) return;
  throw new GoferryError("LOCK_DRIFT", {
    subject: "goferry.lock",
    message: ["what was fetched is not what the lock names", ...changes.map(changeText)].join("; "),
    expected: "the units of the lock",
    found: `${changes.length} ${changes.length === 1 ? "difference" : "differences"}`,
    next: "build without --locked to write a new lock, and look at what changed with git diff",
  });
}

/** A change on one line: `module golang.org/x/sync: v0.14.0 -> v0.15.0`. */
export function changeText({ area, subject, before, after }: LockChange): string {
  const what = area === "request" ? subject : `${area} ${subject}`;
  if (before === undefined) return `${what}: added ${after}`;
  return after === undefined ? `${what}: removed ${before}` : `${what}: ${before} -> ${after}`;
}

/** What differs between what was asked for then and what is asked for now. */
export function compareRequests(before: Requested, after: Requested): LockChange[] {
  const then = requestItems(before);
  const now = requestItems(after);
  return pairUp("request", then, now);
}

/** One value of a group; groups that have one value before and one after show as a change. */
interface Item {
  group: string;
  value: string;
}

function requestItems({ name, request }: Requested): Item[] {
  return [
    { group: "name", value: name },
    ...itemsOf("expires", request.expires === undefined ? [] : [request.expires]),
    ...itemsOf("go", request.go),
    ...itemsOf("platform", request.platforms),
    ...itemsOf("toolchains from", request.from === undefined ? [] : [request.from]),
    ...itemsOf("layers", request.smallest === true ? ["smallest"] : []),
    ...request.projects.flatMap(projectItems),
    ...request.modules.map(versionItem).map(({ group, value }) => ({ group: `module ${group}`, value })),
    ...request.tools.map(versionItem).map(({ group, value }) => ({ group: `tool ${group}`, value })),
  ];
}

function itemsOf(group: string, values: readonly string[]): Item[] {
  return values.map((value) => ({ group, value }));
}

function projectItems({ name, modules, files, ...parts }: LockRequest["projects"][number]): Item[] {
  const group = (part: string): string => `project ${name} ${part}`;
  return [
    ...itemsOf(group("module"), modules),
    ...files.map(({ path, digest }) => ({ group: group(path), value: digest })),
    ...Object.entries(parts).map(([part, value]) => ({
      group: group(part),
      value: typeof value === "string" ? value : JSON.stringify(value),
    })),
  ];
}

function goItem(version: string): Item {
  return { group: "version", value: version };
}

function versionItem(text: string): Item {
  const at = text.lastIndexOf("@");
  return { group: text.slice(0, at), value: text.slice(at + 1) };
}

function compareUnits(before: readonly LockUnit[], after: readonly LockUnit[]): LockChange[] {
  const then = new Map(before.map((unit) => [unitKey(unit), unit]));
  const now = new Map(after.map((unit) => [unitKey(unit), unit]));
  const both = [...then.keys()].filter((key) => now.has(key));
  const contents = (units: typeof then): Item[] =>
    both.map((key) => ({ group: key.trim(), value: contentText(units.get(key)) }));
  const rest = (units: typeof then, others: typeof then): Item[] =>
    [...units].filter(([key]) => !others.has(key)).map(([, unit]) => unitItem(unit));
  return [
    ...pairUp("unit", contents(then), contents(now)),
    ...pairUp("unit", rest(then, now), rest(now, then)),
  ];
}

function contentText(unit: LockUnit | undefined): string {
  if (unit === undefined) return "";
  const hashes = unit.kind === "gomod" ? [unit.modH1] : [unit.h1, unit.modH1];
  return [...hashes, ...(unit.private === true ? ["private"] : [])].join(" ");
}

function unitItem(unit: LockUnit): Item {
  const platform = unit.kind === "toolchain" ? ` for ${unit.platform}` : "";
  return { group: `${unit.kind} ${unit.path}${platform}`, value: unit.version };
}

function pairUp(area: LockChange["area"], before: readonly Item[], after: readonly Item[]): LockChange[] {
  const [then, now] = [groupItems(before), groupItems(after)];
  return [...new Set([...then.keys(), ...now.keys()])].flatMap((subject): LockChange[] => {
    const [old, current] = [then.get(subject) ?? [], now.get(subject) ?? []];
    const gone = old.filter((value) => !current.includes(value));
    const come = current.filter((value) => !old.includes(value));
    if (gone.length === 1 && come.length === 1) {
      return [{ area, subject, before: gone[0], after: come[0] }];
    }
    return [
      ...gone.map((value) => ({ area, subject, before: value })),
      ...come.map((value) => ({ area, subject, after: value })),
    ];
  });
}

function groupItems(items: readonly Item[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, value } of items) groups.set(group, [...(groups.get(group) ?? []), value]);
  return groups;
}
