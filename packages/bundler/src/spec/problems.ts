// What zod found wrong in a spec, in the words of the person who wrote the file: where it stands, what was
// expected, what was found, and the key or platform that was probably meant.

import { nearest, redactUrls } from "@goferry/core";
import type * as z from "zod";
import { nearestPlatform } from "./platforms.ts";
import type { YamlPath } from "./yaml.ts";

/** One thing that is wrong in a spec. */
export interface SpecProblem {
  path: YamlPath;
  /** Whether `path` names a key that should not be there, or a value. */
  of: "key" | "value";
  message: string;
  expected?: string | undefined;
  found?: string | undefined;
  /** What was probably meant. */
  meant?: string | undefined;
}

type Issue = z.core.$ZodIssue;

/** Every problem behind `issues`, which zod found in `value`; `keysAt` lists the keys known at a path. */
export function specProblems(
  issues: readonly Issue[],
  value: unknown,
  keysAt: (path: YamlPath) => readonly string[],
): SpecProblem[] {
  const problems = issues.flatMap((issue) => issueProblems(issue, [], value, keysAt));
  // A mistyped key is one mistake, though it makes an unknown key and leaves a known one missing.
  const meant = new Set(
    problems.flatMap(({ path, meant: key }) =>
      key === undefined ? [] : [pathText([...path.slice(0, -1), key])],
    ),
  );
  return problems.filter(({ path, found }) => found !== undefined || !meant.has(pathText(path)));
}

function issueProblems(
  issue: Issue,
  above: YamlPath,
  value: unknown,
  keysAt: (path: YamlPath) => readonly string[],
): SpecProblem[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === "number" ? step : String(step)))];
  const found = valueAt(value, path);
  if (issue.code === "invalid_union") {
    const branch = closestBranch(issue.errors);
    if (branch !== undefined) {
      return branch.flatMap((inner) => issueProblems(inner, path, value, keysAt));
    }
    const expected = issue.errors.flat().map(expectedWords).join(" or ");
    return [wrongValue(path, expected, found)];
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...path, key], key, keysAt(path)));
  }
  if (found === undefined || (found === null && path.length === 0)) {
    return [
      {
        path,
        of: "value",
        message: path.length === 0 ? "the file is empty" : `the key "${path.at(-1)}" is missing`,
        expected: expectedWords(issue),
      },
    ];
  }
  if (issue.code === "invalid_value") {
    const known = issue.values.map(String);
    const meant = typeof found === "string" ? nearestPlatform(found, known) : undefined;
    const expected = "a platform of `go tool dist list` that goferry carries, such as linux/amd64";
    return [{ ...wrongValue(path, expected, found), meant }];
  }
  return [wrongValue(path, expectedWords(issue), found)];
}

/** The alternative that the value was meant for: the one whose complaint is not the type of the whole value. */
function closestBranch(branches: readonly Issue[][]): Issue[] | undefined {
  return branches.find((issues) =>
    issues.every((issue) => issue.code !== "invalid_type" || issue.path.length > 0),
  );
}

function unknownKey(path: YamlPath, key: string, known: readonly string[]): SpecProblem {
  return {
    path,
    of: "key",
    message: `unknown key ${quoted(key)}`,
    expected: `one of ${known.join(", ")}`,
    found: quoted(key),
    meant: nearest(key, known),
  };
}

function wrongValue(path: YamlPath, expected: string, found: unknown): SpecProblem {
  const message = path.length === 0 ? "the file is not a map" : `${pathText(path)} cannot be understood`;
  return { path, of: "value", message, expected, found: describeValue(found) };
}

function expectedWords(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPE_WORDS[issue.expected] ?? issue.expected;
    case "invalid_value":
      return "a platform such as linux/amd64";
    case "too_small":
      return "at least one entry";
    default:
      return issue.message;
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  object: "a map of keys and values",
  string: "text (in quotes where YAML would take it for a number)",
};

/** `projects[0].path`. */
export function pathText(path: YamlPath): string {
  return path
    .map((step, depth) => (typeof step === "number" ? `[${step}]` : `${depth === 0 ? "" : "."}${step}`))
    .join("");
}

/** A value as a refusal may print it: short, on one line, without a password that stands in a URL. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? "a map" : JSON.stringify(value);
}

function quoted(text: string): string {
  const redacted = redactUrls(text);
  return JSON.stringify(redacted.length > 100 ? `${redacted.slice(0, 100)}…` : redacted);
}

function valueAt(value: unknown, path: YamlPath): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = Object.entries(current).find(([key]) => key === String(step))?.[1];
  }
  return current;
}
