// What is wrong in the outer tar. Entries go by the parts that they play: README.txt, oci-layout, index.json, bundle
// index, empty config, signature manifest, signature, contents manifest, contents, image manifest, image config, layer 0
// and so on, end. An unsigned bundle has no signature: steps about that part leave it as it is.
//
//   outer add=ROLE name= content= …   an entry before that part, its header by hand (raw-header.ts)
//   outer change=ROLE …               fields of its header
//   outer remove=ROLE   outer repeat=ROLE   outer swap=ROLE      (with the next)
//   outer pad=ROLE with=   outer trailer=… with=   outer append=… with=   outer cut=BYTES

import { encodeHeader, paddingAfter, blob, blobPath } from "../../../packages/core/src/index.ts";
import { need, type Step } from "./case.ts";
import type { Part } from "./documents.ts";
import { rawHeader, withFields } from "./raw-header.ts";

interface Entry {
  role: string;
  header: Uint8Array;
  content: Uint8Array;
  padding: Uint8Array;
}

const TRAILER_BYTES = 1024;

/** The bundle's file of these parts. */
export function hostileFile(parts: readonly Part[], steps: readonly Step[]): Buffer {
  const entries = parts.map(({ role, path, bytes }): Entry => ({
    role,
    header: encodeHeader({ path: path ?? blobPath(blob(bytes).digest), size: bytes.length, mode: 0o644 }),
    content: bytes,
    padding: paddingAfter(bytes.length),
  }));
  let trailer: Uint8Array = Buffer.alloc(TRAILER_BYTES);
  let cut = 0;
  for (const step of steps) {
    if (step.verb !== "outer") continue;
    const { values } = step;
    if (values.has("trailer")) trailer = need(step, "with");
    else if (values.has("append")) trailer = Buffer.concat([trailer, need(step, "with")]);
    else if (values.has("cut")) cut = Number(need(step, "cut"));
    else changeEntries(entries, step);
  }
  const file = Buffer.concat([
    ...entries.flatMap(({ header, content, padding }) => [header, content, padding]),
    trailer,
  ]);
  return file.subarray(0, file.length - cut);
}

function changeEntries(entries: Entry[], step: Step): void {
  const { values } = step;
  const [first] = values;
  if (first === undefined) throw new Error("outer needs a verb");
  const [verb, value] = first;
  const role = value.toString();
  const at = role === "end" ? entries.length : entries.findIndex((entry) => entry.role === role);
  if (at === -1 && role.startsWith("signature")) return;
  const entry = entries[at];
  const content = values.get("content") ?? Buffer.alloc(0);
  if (verb === "add") {
    const added = { header: rawHeader(step, content.length), content, padding: paddingAfter(content.length) };
    entries.splice(at, 0, { role: "added", ...added });
    return;
  }
  if (entry === undefined) throw new Error(`no part ${role}`);
  switch (verb) {
    case "change":
      entry.header = withFields(entry.header, step);
      return;
    case "remove":
      entries.splice(at, 1);
      return;
    case "repeat":
      entries.splice(at, 0, entry);
      return;
    case "swap":
      entries.splice(at, 2, ...entries.slice(at, at + 2).toReversed());
      return;
    case "pad":
      entry.padding = Buffer.concat([need(step, "with"), entry.padding]).subarray(0, entry.padding.length);
      return;
    default:
      throw new Error(`outer does not know ${verb}`);
  }
}
