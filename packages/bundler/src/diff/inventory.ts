// What diff compares: the part that a lock and the contents of a bundle have in common. The contents say what became of
// a lock, so every mix of the two can be compared.

import type { Contents, Request } from "@goferry/core";
import { lockUnit } from "../pack/lock-of.ts";
import type { Lock, LockUnit } from "../lock/schema.ts";

export interface Inventory {
  name: string;
  /** RFC 3339, UTC, seconds. */
  created: string;
  serial: number;
  /** Exact Go versions. */
  go: readonly string[];
  request: Request;
  /** Name of the checksum database; undefined if every unit is private. */
  log: string | undefined;
  units: readonly LockUnit[];
}

export function lockInventory({ name, created, serial, go, request, log, units }: Lock): Inventory {
  return { name, created, serial, go, request, log: log?.name, units };
}

export function bundleInventory(contents: Contents): Inventory {
  const { name, created, serial, go, request, log, units } = contents;
  return { name, created, serial, go, request, log: log?.name, units: units.map(lockUnit) };
}
