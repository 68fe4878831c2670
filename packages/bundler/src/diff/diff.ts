// Two inventories compared, for whoever has to say yes to the newer one: which Go and which modules come and go, and
// first of all whether anything changed that must not, a hash under a version that stayed the same.

import { compareVersions } from "@goferry/core";
import { compareRequests, type LockChange } from "../lock/compare.ts";
import { unitKey } from "../lock/lock.ts";
import type { LockUnit } from "../lock/schema.ts";
import type { Inventory } from "./inventory.ts";

export interface Difference {
  /** Nothing differs but times, serials and tree heads. */
  same: boolean;
  /** What no honest change explains: contents or log record of a published version are others than before. */
  alarms: Alarm[];
  go: Change<string>;
  platforms: Change<string>;
  /** Toolchains, as `1.27.1 linux/amd64`. */
  toolchains: Change<string>;
  /** Modules with all their files, sorted by path. */
  modules: ModuleChange[];
  /** Versions of which only the go.mod is carried, as `path@version`. */
  gomods: Change<string>;
  /** Units for which only the signature vouches on one side, and the checksum database on the other. */
  private: { unit: string; before: boolean; after: boolean }[];
  /** What the spec and its projects ask for. */
  request: LockChange[];
}

export interface Alarm {
  /** `kind path@version`. */
  unit: string;
  /** h1: files; modH1: go.mod; record: number in the checksum database. */
  what: "h1" | "modH1" | "record";
  before: string;
  after: string;
}

export interface Change<T> {
  added: T[];
  removed: T[];
}

export interface ModuleChange {
  path: string;
  /** changed: of several versions some came or went. */
  change: "added" | "removed" | "upgraded" | "downgraded" | "changed";
  /** Versions, oldest first. */
  before: string[];
  after: string[];
}

/** What differs from `before` to `after`. */
export function diffInventories(before: Inventory, after: Inventory): Difference {
  const difference = {
    alarms: alarmsOf(before, after),
    go: changeOf(before.go, after.go),
    platforms: changeOf(before.request.platforms, after.request.platforms),
    toolchains: changeOf(before.units.flatMap(toolchainText), after.units.flatMap(toolchainText)),
    modules: moduleChanges(before.units, after.units),
    gomods: changeOf(before.units.flatMap(gomodText), after.units.flatMap(gomodText)),
    private: privateChanges(before.units, after.units),
    request: compareRequests(before, after),
  };
  const same = Object.values(difference).every((each) =>
    Array.isArray(each) ? each.length === 0 : each.added.length + each.removed.length === 0,
  );
  return { same, ...difference };
}

function changeOf(before: readonly string[], after: readonly string[]): Change<string> {
  const [then, now] = [new Set(before), new Set(after)];
  return {
    added: [...now].filter((each) => !then.has(each)),
    removed: [...then].filter((each) => !now.has(each)),
  };
}

function unitText({ kind, path, version }: LockUnit): string {
  return `${kind} ${path}@${version}`;
}

function toolchainText(unit: LockUnit): string[] {
  if (unit.kind !== "toolchain") return [];
  const go = /-go(.*)\.[^.]*$/u.exec(unit.version)?.[1] ?? unit.version;
  return [`${go} ${unit.platform}`];
}

function gomodText(unit: LockUnit): string[] {
  return unit.kind === "gomod" ? [`${unit.path}@${unit.version}`] : [];
}

/**
 * A module and a version of which only the go.mod is carried are one thing with and without its files: what both sides
 * have of it must be the same.
 */
function alarmsOf(before: Inventory, after: Inventory): Alarm[] {
  const known = new Map(before.units.map((unit) => [identity(unit), unit]));
  return after.units.flatMap((unit) => {
    const old = known.get(identity(unit));
    if (old === undefined) return [];
    // A record has its number once and for all, in one database.
    const records = before.log === after.log ? [textOf(old.id), textOf(unit.id)] : [];
    const pairs: [Alarm["what"], string | undefined, string | undefined][] = [
      ["h1", "h1" in old ? old.h1 : undefined, "h1" in unit ? unit.h1 : undefined],
      ["modH1", old.modH1, unit.modH1],
      ["record", records[0], records[1]],
    ];
    return pairs.flatMap(([what, then, now]): Alarm[] =>
      then === undefined || now === undefined || then === now
        ? []
        : [{ unit: unitText(unit), what, before: then, after: now }],
    );
  });
}

function identity({ path, version }: LockUnit): string {
  return `${path}@${version}`;
}

function textOf(id: number | undefined): string | undefined {
  return id === undefined ? undefined : String(id);
}

function moduleChanges(before: readonly LockUnit[], after: readonly LockUnit[]): ModuleChange[] {
  const [then, now] = [versionsByPath(before), versionsByPath(after)];
  const paths = [...new Set([...then.keys(), ...now.keys()])].toSorted((a, b) => (a < b ? -1 : 1));
  return paths.flatMap((path): ModuleChange[] => {
    const [old, current] = [then.get(path) ?? [], now.get(path) ?? []];
    if (old.join(" ") === current.join(" ")) return [];
    return [{ path, change: kindOf(old, current), before: old, after: current }];
  });
}

function versionsByPath(units: readonly LockUnit[]): Map<string, string[]> {
  const modules = units.filter(({ kind }) => kind === "module");
  const groups = Map.groupBy(modules, ({ path }) => path);
  return new Map(
    [...groups].map(([path, list]) => [path, list.map(({ version }) => version).toSorted(compareVersions)]),
  );
}

function kindOf(before: readonly string[], after: readonly string[]): ModuleChange["change"] {
  const [old, ...moreOld] = before;
  const [current, ...moreNew] = after;
  if (old === undefined) return "added";
  if (current === undefined) return "removed";
  if (moreOld.length > 0 || moreNew.length > 0) return "changed";
  return compareVersions(old, current) < 0 ? "upgraded" : "downgraded";
}

function privateChanges(before: readonly LockUnit[], after: readonly LockUnit[]): Difference["private"] {
  const known = new Map(before.map((unit) => [unitKey(unit), unit.private === true]));
  return after.flatMap((unit) => {
    const then = known.get(unitKey(unit));
    const now = unit.private === true;
    return then === undefined || then === now ? [] : [{ unit: unitText(unit), before: then, after: now }];
  });
}
