// What is wrong inside of a layer: its tar stream and its zstd frame. The steps change the layer of modules, unless `in`
// names another one; the private module in it, for which no log vouches, is then given the h1, the size and the number of
// files that it has, so that nothing but the rule in question can refuse the bundle.
//
//   file name= content= mode=        an entry in goferry's own form, whatever its name; in its place by name, or after=
//   entry name= type= size= …        one with a header by hand (raw-header.ts); x, g, L and K stay before the next one
//   change at= …                     fields of the header of an entry that is there
//   remove at=   content at= with=   pad at= with=
//   trailer with=   tail with=       in place of the two zero blocks, and behind them
//   announce tarSize= entries=       what the contents say of the layer      unit size= files= h1=  … of the module
//   frame KEY=VALUE                  see frame.ts

import {
  dirhash,
  encodeHeader,
  modulePlace,
  paddingAfter,
  sha256Hex,
  zipHashFile,
  zipPrefix,
  type TarMode,
} from "../../../packages/core/src/index.ts";
import { layerFacts, readTestLayer, withContents, withLayer } from "../changed-bundle.ts";
import type { SmallBundle } from "../small-bundle.ts";
import { need, textOf, type Step } from "./case.ts";
import { frameOf, plainFrame, type MadeFrame } from "./frame.ts";
import { rawHeader, withFields } from "./raw-header.ts";

/** The private module of the bundle. */
export const OWN = { path: "git.example.com/own", version: "v0.1.0" };

const LAYERS = ["common", "platform", "modules", "log"];

const INNER_VERBS = /^(?:file|entry|change|remove|content|pad|trailer|tail|announce|unit|frame)$/;

export function isInner({ verb }: Step): boolean {
  return INNER_VERBS.test(verb);
}

interface Entry {
  name: string;
  header: Uint8Array;
  content: Uint8Array;
  padding: Uint8Array;
  /** Goes where the next one goes. */
  leads: boolean;
}

/** The bundle with one of its layers changed by the steps. */
export function withInner(small: SmallBundle, steps: readonly Step[]): SmallBundle {
  if (steps.length === 0) return small;
  const named = steps.map(({ values }) => values.get("in")?.toString()).find((each) => each !== undefined);
  const index = LAYERS.indexOf(named ?? "modules");
  const entries = readTestLayer(small.layers[index] ?? new Uint8Array()).map(({ path, mode, content }) =>
    canonical(path, content, mode),
  );
  for (const step of steps) applyTo(entries, step);
  const fitted = named === undefined ? fitOwn(small, entries) : small;
  const ends = Buffer.concat([
    steps.find(({ verb }) => verb === "trailer")?.values.get("with") ?? Buffer.alloc(1024),
    ...steps.flatMap(({ verb, values }) => (verb === "tail" ? [values.get("with") ?? Buffer.alloc(0)] : [])),
  ]);
  const tar = Buffer.concat([
    ...entries.flatMap(({ header, content, padding }) => [header, content, padding]),
    ends,
  ]);
  const frame = steps.find(({ verb }) => verb === "frame");
  const made: MadeFrame =
    frame === undefined ? { bytes: plainFrame(tar), tarSize: tar.length } : frameOf(frame, tar);
  const facts = {
    ...layerFacts(made.bytes, tar, entries.length + (made.more ?? 0)),
    tarSize: made.tarSize,
    ...numbers(steps, "announce"),
  };
  return withOwn(withLayer(fitted, index, made.bytes, facts), numbers(steps, "unit"));
}

function canonical(name: string, content: Uint8Array, mode: TarMode = 0o644): Entry {
  const header = encodeHeader({ path: name, size: content.length, mode });
  return { name, header, content, padding: paddingAfter(content.length), leads: false };
}

function applyTo(entries: Entry[], step: Step): void {
  const { verb, values } = step;
  const content = values.get("content") ?? Buffer.alloc(0);
  const at = (): number => indexOf(entries, textOf(step, "at"));
  const change = (what: (entry: Entry) => Partial<Entry>): void => {
    const entry = entries[at()];
    if (entry !== undefined) Object.assign(entry, what(entry));
  };
  switch (verb) {
    case "file":
      return insert(
        entries,
        canonical(textOf(step, "name"), content, values.has("mode") ? 0o755 : 0o644),
        step,
      );
    case "entry":
      return insert(
        entries,
        {
          name: textOf(step, "name"),
          header: rawHeader(step, content.length),
          content,
          padding: paddingAfter(content.length),
          leads: /^[xgLK]$/.test(values.get("type")?.toString() ?? ""),
        },
        step,
      );
    case "change":
      return change(({ header }) => ({ header: withFields(header, step) }));
    case "content":
      return change(({ name }) => canonical(name, need(step, "with")));
    case "pad":
      return change(({ padding }) => ({
        padding: Buffer.concat([need(step, "with"), padding]).subarray(0, padding.length),
      }));
    case "remove":
      entries.splice(at(), 1);
  }
}

/** By name, as a packer would, or behind the entry that `after` names; what leads another stands before it. */
function insert(entries: Entry[], entry: Entry, { values }: Step): void {
  const after = values.get("after")?.toString();
  const leader = entries.findIndex(({ leads }) => leads);
  if (after !== undefined) return void entries.splice(indexOf(entries, after) + 1, 0, entry);
  if (entry.leads || leader === -1) {
    const next = entries.findIndex(
      ({ name }) => Buffer.compare(Buffer.from(name), Buffer.from(entry.name)) > 0,
    );
    return void entries.splice(next === -1 ? entries.length : next, 0, entry);
  }
  const last = entries.findLastIndex(({ leads }) => leads);
  entries.splice(last + 1, 0, entry);
}

function indexOf(entries: readonly Entry[], name: string): number {
  const found = entries.findIndex((entry) => entry.name === name);
  if (found === -1) throw new Error(`no entry ${name}`);
  return found;
}

/** Makes the hashes of the private module fit its tree as it is now. */
function fitOwn(small: SmallBundle, entries: Entry[]): SmallBundle {
  const place = modulePlace(OWN);
  const tree = entries.filter(({ name, leads }) => name.startsWith(place.tree) && !leads);
  let h1: string;
  try {
    h1 = dirhash(
      tree.map(({ name, content }) => ({
        name: zipPrefix(OWN) + name.slice(place.tree.length),
        sha256: sha256Hex(content),
      })),
    );
  } catch {
    // A name that no hash can be taken over; it must be refused long before.
    return small;
  }
  const hashed = entries.findIndex(({ name }) => name === place.ziphash);
  if (hashed !== -1) entries[hashed] = canonical(place.ziphash, zipHashFile(h1));
  const beside = entries.filter(({ name }) => [place.info, place.mod, place.ziphash].includes(name));
  const own = [...tree, ...beside];
  return withOwn(small, {
    h1,
    files: own.length,
    size: own.reduce((sum, { content }) => sum + content.length, 0),
  });
}

function withOwn(small: SmallBundle, change: object): SmallBundle {
  return withContents(small, (contents) => ({
    ...contents,
    units: contents.units.map((unit) => (unit.path === OWN.path ? { ...unit, ...change } : unit)),
  }));
}

function numbers(steps: readonly Step[], verb: string): Record<string, number | string> {
  const values = steps.flatMap((step) => (step.verb === verb ? [...step.values] : []));
  return Object.fromEntries(
    values.map(([key, value]) => [key, /^\d+$/.test(value.toString()) ? Number(value) : value.toString()]),
  );
}
