// Hostile bundles as text: one file a case, named after it, in test/hostile/cases. The file says in which layer of the
// bundle something is wrong, by which code it must be refused, and how the bundle is made from a good one:
//
//   # Why this is hostile, for people.
//   layer: inner tar
//   refused: ENTRY_REFUSED
//   because: parts with one / between them
//
//   file name="{own}/../../evil" content="evil\n"
//
// `layer` is one of LAYERS. `refused` is the code for the signed bundle, in which every digest fits, or `nothing` for the
// good ones that show what the others differ in. `because` must stand in what the refusal expected, found or said, so
// that no other rule refuses it by chance. `unsigned` is the code without a signature: SIGNATURE_MISSING if left out.
//
// Then each line is a step: a verb and key=value pairs. A value is text in JSON's quotes, `hex:` and digits, or a bare
// word; `*N` behind it repeats it, `+` joins two. {own}, {sdk} and {outside} stand for a tree, a GOROOT, and a folder
// beside the root. The verbs are in inner.ts, documents.ts and outer.ts.

import { CODES, type ErrorCode } from "../../../packages/core/src/index.ts";

const LAYERS = ["outer tar", "document", "inner tar", "frame"] as const;

export interface HostileCase {
  name: string;
  layer: (typeof LAYERS)[number];
  refused: ErrorCode | "nothing";
  unsigned: ErrorCode;
  because: string;
  steps: Step[];
}

export interface Step {
  verb: string;
  /** The values as bytes; text is in UTF-8. */
  values: ReadonlyMap<string, Buffer>;
}

/** What placeholders stand for. */
export type Places = Readonly<Record<string, string>>;

/** Reads a case. @throws Error with the line, for a file that is none */
export function parseCase(name: string, text: string, places: Places): HostileCase {
  const [head = "", ...body] = text.split("\n\n");
  const fields = new Map(
    lines(head).map((line): [string, string] => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  const layer = LAYERS.find((each) => each === fields.get("layer"));
  if (layer === undefined) throw new Error(`${name}: no layer`);
  const steps = lines(body.join("\n")).map((line) => parseStep(line, places));
  const refused = fields.get("refused") === "nothing" ? "nothing" : codeOf(name, fields.get("refused"));
  const unsigned = codeOf(name, fields.get("unsigned") ?? "SIGNATURE_MISSING");
  const because = fields.get("because") ?? "";
  if (because === "" && refused !== "nothing") throw new Error(`${name}: no because`);
  return { name, layer, refused, unsigned, because, steps };
}

/** The value of a key, or an error that names the step. */
export function need({ verb, values }: Step, key: string): Buffer {
  const value = values.get(key);
  if (value === undefined) throw new Error(`${verb} needs ${key}`);
  return value;
}

export function textOf(step: Step, key: string): string {
  return need(step, key).toString();
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function codeOf(name: string, code: string | undefined): ErrorCode {
  if (code === undefined || !Object.hasOwn(CODES, code)) throw new Error(`${name}: no code ${code}`);
  return code as ErrorCode;
}

const TERM = /(?:"(?:[^"\\]|\\.)*"|[^\s"+*]+)(?:\*\d+)?/.source;
const PAIR = new RegExp(`([a-zA-Z]+)=(${TERM}(?:\\+${TERM})*)(?:\\s+|$)`, "y");

function parseStep(line: string, places: Places): Step {
  const [verb = ""] = line.split(" ", 1);
  const values = new Map<string, Buffer>();
  PAIR.lastIndex = verb.length + 1;
  while (PAIR.lastIndex < line.length) {
    const at = PAIR.lastIndex;
    const [, key = "", value] = PAIR.exec(line) ?? [];
    if (value === undefined) throw new Error(`no key=value: ${line.slice(at)}`);
    const terms = value.match(new RegExp(TERM, "g")) ?? [];
    values.set(key, Buffer.concat(terms.map((term) => termBytes(term, places))));
  }
  return { verb, values };
}

function termBytes(term: string, places: Places): Buffer {
  const [, what = "", times = "1"] = /^(".*"|[^*]+)(?:\*(\d+))?$/su.exec(term) ?? [];
  const once = what.startsWith("hex:") ? Buffer.from(what.slice(4), "hex") : Buffer.from(plain(what, places));
  return Buffer.alloc(once.length * Number(times), once);
}

function plain(what: string, places: Places): string {
  const text = what.startsWith('"') ? (JSON.parse(what) as string) : what;
  return text.replace(/\{(\w+)\}/g, (all, name: string) => places[name] ?? all);
}
