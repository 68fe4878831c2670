// One thing in a root that is not as it was verified, or as goferry made it.

import type { Finding } from "../findings.ts";

export type Aspect = "content" | "size" | "time" | "mode" | "owner" | "kind" | "target" | "missing" | "extra";

export interface Difference extends Finding {
  code: "FILE_CHANGED" | "FILE_MISSING" | "FILE_EXTRA";
  /** The absolute path of a file, link or folder. */
  subject: string;
  aspect: Aspect;
  /** `path@version` of the unit that it belongs to, where it does to one. */
  unit: string | null;
}

export interface Place {
  path: string;
  unit: string | null;
}

/** Anything but a missing or an extra file. */
export function changed(
  { path, unit }: Place,
  aspect: Exclude<Aspect, "missing" | "extra">,
  { expected, found }: { expected: string; found: string },
): Difference {
  const message = CHANGED[aspect];
  return { code: "FILE_CHANGED", level: "refuse", subject: path, message, expected, found, aspect, unit };
}

const CHANGED = {
  content: "its content is not what was installed",
  size: "its size is not what was installed",
  time: "it was written after it was installed, or its time was set",
  mode: "its mode is not what was installed",
  owner: "it belongs to another user than the root, who can change it",
  kind: "it is another kind of thing than what was installed",
  target: "this link leads somewhere else",
} as const;

export function missing({ path, unit }: Place, expected: string): Difference {
  const message = "it was installed, and is not there";
  return {
    code: "FILE_MISSING",
    level: "refuse",
    subject: path,
    message,
    expected,
    found: "nothing",
    aspect: "missing",
    unit,
  };
}

/** @param level "warn" where it does no harm: what go itself, or somebody, put beside what was installed */
export function extra({ path, unit }: Place, found: string, level: "refuse" | "warn" = "refuse"): Difference {
  return {
    code: "FILE_EXTRA",
    level,
    subject: path,
    message: "it was not installed by goferry",
    expected: "nothing",
    found,
    aspect: "extra",
    unit,
  };
}

/** A mode as chmod takes it. */
export function modeText(mode: number): string {
  return `mode 0${(mode & 0o7777).toString(8).padStart(3, "0")}`;
}

/** A difference if the file or folder belongs to somebody who could change it. */
export function ownerDifferences(
  place: Place,
  { owners, uid }: { owners: readonly number[]; uid: number },
): Difference[] {
  if (owners.includes(uid)) return [];
  const expected = `owner uid ${owners.join(" or ")}`;
  return [changed(place, "owner", { expected, found: `owner uid ${uid}` })];
}

/** A difference if others may write to a folder. */
export function folderModeDifferences(place: Place, mode: number): Difference[] {
  if ((mode & 0o022) === 0) return [];
  return [changed(place, "mode", { expected: modeText(0o755), found: modeText(mode) })];
}
