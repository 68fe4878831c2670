// The lock that a packed bundle follows from: with it, the same goferry makes the same bytes again.

import type { Unit } from "@goferry/core";
import type { Lock } from "../lock/schema.ts";
import { refuseChangedUnits } from "../lock/compare.ts";
import { sortUnits } from "../lock/lock.ts";
import type { FetchedLog, FetchedUnit, Packed } from "../stages.ts";

/**
 * @param locked the lock that the build followed; what was fetched must be what it names
 * @throws LOCK_DRIFT
 */
export function lockOf({ fetched }: Packed, locked: Lock | undefined): Lock {
  const { plan, units, log, modules, tools } = fetched;
  const lock: Lock = {
    lockVersion: 1,
    name: plan.name,
    created: plan.created,
    serial: plan.serial,
    request: plan.request,
    go: plan.goVersions,
    modules,
    tools,
    ...(log === undefined ? {} : { log: lockLog(log) }),
    units: sortUnits(units.map(lockUnit)),
  };
  if (locked !== undefined) refuseChangedUnits(locked, lock);
  return lock;
}

function lockLog({ name, head, earlier }: FetchedLog): NonNullable<Lock["log"]> {
  const notes = earlier.map((each) => each.head);
  return { name, head, ...(notes.length === 0 ? {} : { earlier: notes }) };
}

/** A unit as a lock has it; the contents of a bundle say no less of one. */
export function lockUnit(unit: FetchedUnit | Unit): Lock["units"][number] {
  const { path, version, modH1, evidence } = unit;
  const vouched = evidence === "private" ? { private: true as const } : { id: evidence.id };
  switch (unit.kind) {
    case "toolchain":
      return { kind: unit.kind, path, version, platform: unit.platform, h1: unit.h1, modH1, ...vouched };
    case "module":
      return { kind: unit.kind, path, version, h1: unit.h1, modH1, ...vouched };
    case "gomod":
      return { kind: unit.kind, path, version, modH1, ...vouched };
  }
}
