// Whether a version was retracted is asked for every module, which takes longer than all else in a build that has nothing to
// do. An author may take a version back at any time, so what was answered holds for a day.

import * as z from "zod";
import { keepRecord, keptRecord, recordKey } from "../cache/records.ts";
import type { KeptRetractions } from "./retractions.ts";

/** Milliseconds. */
const HOLDS_FOR = 24 * 60 * 60 * 1000;

const RETRACTION_RECORD = z.strictObject({
  /** When it was asked, in milliseconds since 1970. */
  asked: z.number(),
  notes: z.array(z.string()),
});

export interface RetractionCacheOptions {
  folder: string;
  now: Date;
  /** Where go asks: its settings. */
  asked: unknown;
}

export function retractionCache({ folder, now, asked }: RetractionCacheOptions): KeptRetractions {
  const keyOf = (names: readonly string[]): ReturnType<typeof recordKey> => recordKey({ asked, names });
  return {
    async find(names) {
      const kept = await keptRecord(folder, keyOf(names), RETRACTION_RECORD);
      if (kept === undefined) return undefined;
      const age = now.getTime() - kept.asked;
      return age >= 0 && age < HOLDS_FOR ? kept.notes : undefined;
    },

    async keep(names, notes) {
      await keepRecord(folder, keyOf(names), { asked: now.getTime(), notes });
    },
  };
}
