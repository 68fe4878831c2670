// YAML text to a plain value and a way back from a path in that value to line and column. YAML 1.2 core schema,
// one document, no duplicate keys, aliases only as far as they cannot be used to blow up the value.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node, Pair } from "yaml";

/** Keys and indexes from the top of the document, such as ["projects", 0, "path"]. */
export type YamlPath = readonly (string | number)[];

export interface Position {
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 code units. */
  column: number;
}

/** Where in the text a fault of the YAML itself stands, and what it is. */
export interface YamlFault {
  position: Position;
  message: string;
}

export interface ParsedYaml {
  /** The document as plain values; keys with nothing behind them (`modules:`) are undefined. */
  value: unknown;
  /** The first thing that is no valid YAML; then there is no value. */
  fault: YamlFault | undefined;
  /** Position of the value at `path`, or with `of: "key"` of its key; of the nearest that exists above it. */
  locate(path: YamlPath, options?: { of: "key" | "value" }): Position;
}

/** How often the values behind anchors may be repeated; a goferry.yaml that shares lists stays far below. */
const MAX_ALIASES = 100;

/**
 * Parses the text of a YAML file. Numbers under one of `textKeys` at the top level stay the text they were
 * written as: a Go version `1.20` is a number to YAML, which would make it 1.2.
 */
export function parseYaml(text: string, options: { textKeys: readonly string[] }): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const locate: ParsedYaml["locate"] = (path, { of } = { of: "value" }) =>
    positionAt(offsetOf(document, path, of));

  const broken = (offset: number, message: string): ParsedYaml => {
    return { value: undefined, fault: { position: positionAt(offset), message }, locate };
  };

  // Of several syntax errors only the first is sure to be one; the rest often follow from it.
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    return broken(fault.pos[0], fault.code === "DUPLICATE_KEY" ? "the same key stands twice" : fault.message);
  }
  const lost = aliasToNothing(document);
  if (lost !== undefined) return broken(lost, "an alias without an anchor before it");
  keepNumbersAsText(document, options.textKeys);
  try {
    const value = withoutNulls(document.toJS({ maxAliasCount: MAX_ALIASES }));
    return { value, fault: undefined, locate };
  } catch (error) {
    // yaml refuses too many aliases by a ReferenceError; an alias to its own container has no end.
    if (error instanceof ReferenceError || error instanceof RangeError) return broken(0, "too many aliases");
    throw error;
  }
}

/** Offset of the first alias whose anchor does not stand before it. */
function aliasToNothing(document: Document.Parsed): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = startOf(alias) ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function keepNumbersAsText(document: Document.Parsed, keys: readonly string[]): void {
  if (!isMap(document.contents)) return;
  for (const pair of document.contents.items) {
    if (!isScalar(pair.key) || !keys.includes(String(pair.key.value))) continue;
    visit(pair.value, {
      Scalar(_, scalar) {
        if (typeof scalar.value === "number" && scalar.source !== undefined) {
          scalar.value = scalar.source;
        }
      },
    });
  }
}

/** `modules:` with every line below it commented out is an empty value in YAML, and means "not given". */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutNulls(item) ?? undefined]),
  );
}

function offsetOf(document: Document.Parsed, path: YamlPath, of: "key" | "value"): number {
  let node: Node | null = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    let next: unknown;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (pair === undefined) break;
      const key = startOf(pair.key);
      next = pair.value;
      offset = (of === "key" && depth === path.length - 1 ? key : startOf(next)) ?? key ?? offset;
    } else if (isSeq(node)) {
      next = node.items[Number(step)];
      offset = startOf(next) ?? offset;
    }
    if (!isMap(next) && !isSeq(next) && !isAlias(next)) break;
    node = next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (!isMap(node) && !isSeq(node) && !isScalar(node) && !isAlias(node)) return undefined;
  return node.range?.[0];
}
