// Which Go a first goferry.yaml asks for. What the files of the repository name comes first, because the people there
// build with it; go.mod is added where that would be too old for a project. A version that was only tried beside a newer
// one, as in a CI matrix, is written as a comment: every version costs some 50 MB for each platform.

import { compareGoVersions, goLineOf, isFinishedGo, isGoLine, isSupportedGo } from "@goferry/core";
import type { GoHint } from "./go-hint.ts";

export interface GoChoice {
  entry: string;
  /** Why it is there, or why it is left out. */
  reason: string;
  isActive: boolean;
}

/** A project, as its go.mod tells: how it is called, and the Go that it needs at least. */
export interface GoNeed {
  subject: string;
  goVersion: string;
}

/** The entries of `go:`, the active ones first; at least one is active. */
export function chooseGo(hints: readonly GoHint[], needs: readonly GoNeed[]): GoChoice[] {
  const choices = [...Map.groupBy(hints, ({ entry }) => entry)].map(([entry, same]): GoChoice => {
    const where = [...new Set(same.map((hint) => hint.where))].join(", ");
    const isAlternative = same.every((hint) => hint.isAlternative);
    if (isVersion(entry) && !isSupportedGo(entry)) {
      return { entry, reason: `${where}: too old to be carried, Go 1.21 is the first`, isActive: false };
    }
    const reason = isAlternative ? `${where} tries it as well` : where;
    return { entry, reason, isActive: !isAlternative };
  });
  const newest = needs.toSorted((a, b) => compareGoVersions(b.goVersion, a.goVersion))[0];
  const asked = choices.find(({ entry }) => entry === "go.mod");
  const all = choices.filter((choice) => choice !== asked).map(withoutRepeatedLine);
  const active = all.filter(({ isActive }) => isActive).map(({ entry }) => entry);
  if (newest !== undefined && isSupportedGo(newest.goVersion)) {
    const cover = active.find((entry) => covers(entry, newest.goVersion));
    const demand = `${newest.subject} asks for Go ${newest.goVersion}`;
    const reason = asked === undefined ? demand : `${asked.reason}: ${demand}`;
    if (cover === undefined) all.push({ entry: "go.mod", reason, isActive: true });
    else if (asked !== undefined) {
      all.push({ entry: "go.mod", reason: `${reason}, which ${cover} covers`, isActive: false });
    }
  }
  if (all.every(({ isActive }) => !isActive)) {
    const reason =
      newest === undefined
        ? "nothing here names a version"
        : `a newer Go builds ${newest.subject}, which asks for ${newest.goVersion}`;
    all.push({ entry: "stable", reason, isActive: true });
  }
  return all.toSorted((a, b) => Number(b.isActive) - Number(a.isActive) || compareEntries(b.entry, a.entry));
}

/** A line beside an exact version of it would mostly lead to the same Go twice. */
function withoutRepeatedLine(choice: GoChoice, _: number, choices: readonly GoChoice[]): GoChoice {
  const exact = choices.find(
    ({ entry, isActive }) =>
      isActive && isVersion(entry) && !isGoLine(entry) && goLineOf(entry) === choice.entry,
  );
  if (exact === undefined || !choice.isActive) return choice;
  return { ...choice, reason: `${choice.reason}: the line of ${exact.entry}`, isActive: false };
}

/** Whether a Go that an entry leads to is surely new enough, as far as that is known before a proxy is asked. */
function covers(entry: string, needed: string): boolean {
  if (entry === "stable") return isFinishedGo(needed);
  if (entry === "oldstable") return false;
  return isGoLine(entry)
    ? isFinishedGo(needed) && compareGoVersions(entry, goLineOf(needed)) >= 0
    : compareGoVersions(entry, needed) >= 0;
}

const WORDS = ["go.mod", "oldstable", "", "stable"];

/** Newer is greater, words that are resolved later around the versions. */
export function compareEntries(a: string, b: string): number {
  const rank = (entry: string): number => WORDS.indexOf(isVersion(entry) ? "" : entry);
  return rank(a) - rank(b) || compareGoVersions(a, b);
}

function isVersion(entry: string): boolean {
  return /^[0-9]/u.test(entry);
}
