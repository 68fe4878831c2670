// CI files as trees of which only a few places matter. Scalars are taken as they were written, because `1.20` is the
// number 1.2 to YAML, and with their lines, because init says where each value comes from.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";

/** A place in a YAML file. What is not there is an empty place, so that steps can follow one another. */
export interface YamlNode {
  /** The text of a scalar as written, without quotes. */
  text: string | undefined;
  /** From 1. */
  line: number;
  /** The value of a key of a map. */
  get(key: string): YamlNode;
  /** The entries of a map. */
  entries(): [key: string, value: YamlNode][];
  /** The items of a list; a scalar is a list of itself. */
  items(): YamlNode[];
}

/** The top of a YAML text; undefined for what is no YAML. */
export function readYaml(text: string): YamlNode | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    prettyErrors: false,
    logLevel: "silent",
    lineCounter: lines,
  });
  if (document.errors.length > 0) return undefined;
  const nodeOf = (value: unknown, line: number): YamlNode => {
    // What an alias of an alias of itself would lead to is of no use here.
    const node = isAlias(value) ? value.resolve(document) : value;
    const at = lineOf(node, lines) ?? line;
    const entries = (): [string, YamlNode][] =>
      isMap(node)
        ? node.items.map((pair) => [
            isScalar(pair.key) ? String(pair.key.source ?? pair.key.value) : "",
            nodeOf(pair.value, lineOf(pair.key, lines) ?? at),
          ])
        : [];
    return {
      text: isScalar(node) && node.value !== null ? node.source : undefined,
      line: at,
      get: (key) => entries().find(([name]) => name === key)?.[1] ?? nodeOf(undefined, at),
      entries,
      items: () => {
        if (isSeq(node)) return node.items.map((item) => nodeOf(item, at));
        return isScalar(node) && node.value !== null ? [nodeOf(node, at)] : [];
      },
    };
  };
  return nodeOf(document.contents, 1);
}

function lineOf(node: unknown, lines: LineCounter): number | undefined {
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return undefined;
  return node.range === undefined || node.range === null ? undefined : lines.linePos(node.range[0]).line;
}
