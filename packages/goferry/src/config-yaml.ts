// Config files and answer files: YAML with the long names of flags as keys. Strict, because a mistyped key would silently be
// a setting that is not in effect. Values are taken as they are written, without YAML's richer types.

import { dirname } from "node:path";
import { GoferryError, nearest, type ErrorDetail } from "@goferry/core";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from "yaml";
import { isList, type Option, type OptionTable } from "./option.ts";

export interface ConfigValue {
  value: boolean | string | string[];
  /** `file:line:column`, for messages. */
  place: string;
  /** The folder that relative paths start from: that of the file. */
  base: string;
}

/** By the name of the setting. */
export type Config = ReadonlyMap<string, ConfigValue>;

/** @throws ARGUMENT_INVALID */
export function parseConfig(text: string, file: string, settings: OptionTable): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: "core", prettyErrors: false, lineCounter: lines });
  const placeOf = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) throw invalid(placeOf(fault.pos[0]), { message: fault.message });
  const { contents } = document;
  const config = new Map<string, ConfigValue>();
  if (contents === null || (isScalar(contents) && contents.value === null)) return config;
  if (!isMap(contents)) throw invalid(placeOf(0), { message: "the file is not a map of keys and values" });
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : "";
    const option = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (option === undefined) throw unknownKey(placeOf(startOf(key)), name, settings);
    if (value === null || (isScalar(value) && value.value === null)) continue;
    const place = placeOf(startOf(value));
    config.set(name, { value: readValue(value, option, { name, place }), place, base: dirname(file) });
  }
  return config;
}

function readValue(
  node: unknown,
  option: Option,
  { name, place }: { name: string; place: string },
): boolean | string | string[] {
  const items = isSeq(node) && isList(option) ? node.items : [node];
  const scalars = items.map((item) => (isScalar(item) ? item.value : undefined));
  if (option.kind === "flag") {
    if (typeof scalars[0] === "boolean") return scalars[0];
  } else if (option.kind === "count" || (option.kind === "duration" && scalars[0] === 0)) {
    if (typeof scalars[0] === "number") return String(scalars[0]);
  } else {
    const texts = scalars.filter((value) => typeof value === "string");
    if (texts.length === items.length) return isList(option) ? texts : (texts[0] ?? "");
  }
  throw invalid(place, { message: `${name} has a value of the wrong kind`, expected: expectedOf(option) });
}

function expectedOf({ kind, choices }: Option): string {
  switch (kind) {
    case "flag":
      return "true or false";
    case "count":
      return "a whole number";
    case "duration":
      return "a time such as 30s or 10m";
    case "texts":
    case "paths":
      return "text, or a list of texts";
    case "text":
    case "path":
    case "choice":
      return choices === undefined ? "text" : `one of: ${choices.join(", ")}`;
  }
}

function unknownKey(place: string, name: string, settings: OptionTable): GoferryError {
  const names = Object.keys(settings).toSorted();
  const meant = nearest(name, names);
  return invalid(place, {
    message: `there is no setting of the name ${JSON.stringify(name)}`,
    expected: `one of: ${names.join(", ")}`,
    next: meant === undefined ? undefined : `Did you mean ${meant}?`,
  });
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}

function invalid(place: string, detail: Omit<ErrorDetail, "subject">): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", { subject: place, ...detail });
}
