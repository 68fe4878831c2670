// The shape of a JSON document, looked at before it is parsed: how deep it goes, how many values it has, and how many
// members an object. The length of a document says little of what it takes: 16 MiB of `[],[],` became 900 MB of memory,
// and an object of a million keys took half a minute.

import { MAX_JSON_DEPTH, MAX_JSON_MEMBERS, MAX_JSON_VALUES } from "../limits.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The limit that a document passes, as what was expected and found, or undefined. It need not be JSON at all. */
export function beyondShape(bytes: Uint8Array): { expected: string; found: string } | undefined {
  const members = new Int32Array(MAX_JSON_DEPTH + 1);
  let depth = 0;
  let values = 1;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        i = endOfText(bytes, i);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        values += 1;
        if (depth > MAX_JSON_DEPTH)
          return { expected: `at most ${MAX_JSON_DEPTH} levels`, found: "one more" };
        // Those of a list do not count: it begins where even all of them are not too many.
        members[depth] = bytes[i] === OPEN_OBJECT ? 1 : -MAX_JSON_VALUES;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth = Math.max(0, depth - 1);
        break;
      case COMMA:
        values += 1;
        members[depth] = (members[depth] ?? 0) + 1;
        if ((members[depth] ?? 0) > MAX_JSON_MEMBERS)
          return { expected: `objects of at most ${MAX_JSON_MEMBERS} members`, found: "one more" };
    }
    if (values > MAX_JSON_VALUES) return { expected: `at most ${MAX_JSON_VALUES} values`, found: "one more" };
  }
  return undefined;
}

/** Where the text that begins at `i` ends. */
function endOfText(bytes: Uint8Array, i: number): number {
  let at = i + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
