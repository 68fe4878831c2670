// A first goferry.yaml as text: every value with a comment that says where it came from, every other key as a comment
// that shows how it is written. Names of files and folders are somebody else's: they are quoted, and none can end a
// comment or begin a key.

import type { GoChoice } from "./choose-go.ts";

/** A value, and why it is there. */
export interface Entry {
  value: string;
  reason: string;
  /** False: written as a comment. */
  isActive: boolean;
}

export interface SpecDraft {
  name: Entry;
  go: GoChoice[];
  platforms: Entry[];
  /** The value is a path, or a path and a name. */
  projects: (Entry & { name: string | undefined })[];
  /** What a person should look at. */
  notes: string[];
}

/** @param schema what the first line names for editors: a path or an address; undefined: no such line */
export function renderSpec(
  { name, go, platforms, projects, notes }: SpecDraft,
  schema: string | undefined,
): string {
  const sections = [
    [
      ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
      "# What a goferry bundle carries across the air gap. Drawn up by goferry init from what it found here: correct it,",
      "# then look at goferry plan.",
      ...notes.map((note) => `# Note: ${oneLine(note)}`),
    ],
    [
      "# A host remembers the newest bundle of each name: keep it from one build to the next.",
      `name: ${scalar(name.value)} # ${oneLine(name.reason)}`,
    ],
    [
      "# Go versions: exact (1.27.1), the newest of a line (1.27), stable, oldstable, go.mod (what the projects ask for).",
      ...list(
        "go",
        go.map(({ entry, ...rest }) => ({ text: quote(entry), ...rest })),
      ),
    ],
    [
      "# Platforms of the hosts, as GOOS/GOARCH.",
      ...list(
        "platforms",
        platforms.map(({ value, ...rest }) => ({ text: scalar(value), ...rest })),
      ),
    ],
    [
      "# Folders of Go projects, relative to this file; everything they need to build, vet and test is carried.",
      ...list(
        "projects",
        projects.map(({ value, name: own, ...rest }) => {
          const path = scalar(value);
          return { text: own === undefined ? path : `{ path: ${path}, name: ${scalar(own)} }`, ...rest };
        }),
      ),
    ],
    ["# Further modules, each with what it needs.", "# modules:", "#   - golang.org/x/sync@v0.15.0"],
    [
      "# Commands, as go install takes them: what they need to be installed is carried.",
      "# tools:",
      "#   - golang.org/x/tools/gopls@latest",
    ],
    [
      "# When hosts start to refuse the bundle: days after it was made, or a date such as 2027-06-30.",
      "# expires: 180d",
    ],
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

interface Item {
  text: string;
  reason: string;
  isActive: boolean;
}

/** A key with its items; only comments if none is active. */
function list(key: string, items: readonly Item[]): string[] {
  const hasActive = items.some(({ isActive }) => isActive);
  return [
    hasActive ? `${key}:` : `# ${key}:`,
    ...items.map(({ text, reason, isActive }) => {
      const begin = isActive ? "  - " : hasActive ? "  # - " : "#   - ";
      return `${begin}${text} # ${oneLine(reason)}`;
    }),
  ];
}

/** As it is where that is surely read as the same text, else in quotes. */
function scalar(text: string): string {
  const isPlain = /^(?:\.{1,2}(?=\/|$))?[A-Za-z0-9/][A-Za-z0-9_./-]*$|^\.$/u.test(text);
  return isPlain && !/^(?:[0-9].*|true|false|null|yes|no|on|off|y|n)$/iu.test(text) ? text : quote(text);
}

/** A JSON string is a YAML string; characters that end a line for YAML or hide text are escaped as well. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`,
  );
}

/** What stands in a comment cannot end it. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, " ");
}
