// What a check has found, in the shape of a GoferryError that was not thrown: a person wants all of it at once, and
// some of it is no reason to stop.

import type { ErrorCode } from "@goferry/core";

export interface Finding {
  code: ErrorCode;
  /** "refuse" stops the command, "warn" is told at the end. */
  level: "refuse" | "warn";
  /** What it is about: a folder, a setting. */
  subject: string;
  /** One sentence without a full stop. */
  message: string;
  expected?: string;
  found?: string;
  /** What to do, as a sentence or a command that can be typed. */
  next?: string;
}
