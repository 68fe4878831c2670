// The Go of a Dockerfile: the tag of its golang images, with ARG defaults put in, and ARG or ENV lines that hold a Go
// version for a download. Source: Dockerfile reference, "Format", "FROM", "ARG" and "Environment replacement".

import { goEntry, goImageEntry, unknownVersion, type GoFindings } from "./go-hint.ts";

/** @param file its name for messages */
export function readDockerfile(text: string, file: string): GoFindings {
  const findings: GoFindings = { hints: [], notes: [] };
  const values = new Map<string, string>();
  for (const { line, instruction, rest } of instructions(text)) {
    const where = `${file}:${line}`;
    if (instruction === "FROM") addImage(expand(rest, values), { where, findings });
    if (instruction !== "ARG" && instruction !== "ENV") continue;
    for (const [name, value] of assignments(rest)) {
      values.set(name, expand(value, values));
      if (!/^(?:GO|GOLANG)_?VERSION$/u.test(name)) continue;
      const entry = goEntry(values.get(name) ?? "");
      if (entry === undefined) findings.notes.push(unknownVersion(where, value));
      else findings.hints.push({ entry, where, isAlternative: false });
    }
  }
  return findings;
}

function addImage(words: string, { where, findings }: { where: string; findings: GoFindings }): void {
  const image = words.split(/\s+/u).find((word) => !word.startsWith("--")) ?? "";
  const entry = goImageEntry(image);
  if (entry === undefined) findings.notes.push(unknownVersion(where, image));
  else if (entry !== "other") findings.hints.push({ entry, where, isAlternative: false });
}

interface Instruction {
  /** From 1. */
  line: number;
  /** In capitals. */
  instruction: string;
  rest: string;
}

/** Lines that end with \ go on in the next; comments and empty lines between them do not count. */
function* instructions(text: string): Generator<Instruction> {
  let begun: { line: number; text: string } | undefined;
  for (const [index, raw] of text.split(/\r?\n/u).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const goesOn = line.endsWith("\\");
    const part = goesOn ? line.slice(0, -1) : line;
    begun = { line: begun?.line ?? index + 1, text: `${begun?.text ?? ""}${part} ` };
    if (goesOn) continue;
    const [, instruction = "", rest = ""] = /^([A-Za-z]+)\s+(.*)$/u.exec(begun.text.trim()) ?? [];
    yield { line: begun.line, instruction: instruction.toUpperCase(), rest };
    begun = undefined;
  }
}

/** `NAME=value`, several on a line, values in quotes or not; also the old `ENV NAME value`. */
function* assignments(rest: string): Generator<[name: string, value: string]> {
  const [, oldName, oldValue] = /^([A-Za-z_]\w*)\s+([^=\s]+)\s*$/u.exec(rest) ?? [];
  if (oldName !== undefined && oldValue !== undefined) yield [oldName, oldValue];
  for (const [, name = "", double, single, bare = ""] of rest.matchAll(
    /([A-Za-z_]\w*)=(?:"([^"]*)"|'([^']*)'|(\S*))/gu,
  )) {
    yield [name, double ?? single ?? bare];
  }
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`. What is not known stays as it is, and is then no version. */
function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(
    /\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/gu,
    (whole, braced: string | undefined, byDefault: string | undefined, bare: string | undefined) =>
      values.get(braced ?? bare ?? "") ?? byDefault ?? whole,
  );
}
