// What a repair works with, and what it has gathered so far of the changes that its transaction will make.

import type { Place } from "../check/installed.ts";
import type { Host } from "../host.ts";
import type { EditRequest } from "../transaction/describe.ts";
import type { Move } from "../transaction/journal.ts";
import type { State } from "../transaction/state.ts";
import type { RepairOptions } from "./repair.ts";

export interface StageRepair {
  host: Host;
  place: Place;
  /** Absolute folder, empty, on the root's file system. */
  staging: string;
  state: State;
  options: RepairOptions;
}

export interface Changes {
  place: Move[];
  remove: string[];
  replace: Move[];
  edits: EditRequest[];
}

/** The new takes the place of what is there, which goes. */
export async function takePlace({ fs }: Place, move: Move, { place, remove }: Changes): Promise<void> {
  if ((await fs.lstat(move.to)) !== null) remove.push(move.to);
  place.push(move);
}
