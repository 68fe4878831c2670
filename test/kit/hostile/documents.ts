// What is wrong in a document. Whatever names a changed document, by digest and size, is mended: up to the bundle index,
// which is then signed, and to index.json. So a reader gets as far as the document itself.
//
//   document at=ROLE whole=           other bytes in its place
//   document at=ROLE prepend= append=
//   document at=ROLE match= with=     the first match of a regular expression; it must be there

import {
  blob,
  canonicalJson,
  layoutIndex,
  OCI_LAYOUT,
  signatureManifest,
  type Blob,
  type Json,
} from "../../../packages/core/src/index.ts";
import { SMALL_NOW, type SmallBundle, type TestKey } from "../small-bundle.ts";
import { textOf, type Step } from "./case.ts";

/** A part of the bundle's file, with what tests call it. */
export interface Part {
  role: string;
  /** undefined for a blob, whose name is its digest. */
  path?: string;
  bytes: Uint8Array;
}

/** The documents of the bundle in the order of its file, changed by the steps, and signed if there is a key. */
export async function hostileDocuments(
  small: SmallBundle,
  steps: readonly Step[],
  key: TestKey | undefined,
): Promise<Part[]> {
  const { contents, readme, documents } = small.packed;
  const changed: Changed = new Map();
  const edit = (role: string, old: Uint8Array): Part => {
    const bytes = steps
      .filter((step) => step.verb === "document" && textOf(step, "at") === role)
      .reduce(editOnce, mended(old, changed));
    changed.set(blob(old).digest, blob(bytes));
    return { role, bytes };
  };
  const [manifest, document, ...images] = documents.documents;
  if (manifest === undefined || document === undefined) throw new Error("a bundle without contents");
  const text = { ...edit("README.txt", readme), path: "README.txt" };
  const ofContents = edit("contents", document.bytes);
  const ofManifest = edit("contents manifest", manifest.bytes);
  // Each manifest stands before its config, and names it.
  const ofImages = images
    .toReversed()
    .map(({ bytes }, i) => edit(i % 2 === 0 ? "image config" : "image manifest", bytes))
    .toReversed();
  const index = edit("bundle index", documents.index.bytes);
  const signed = key === undefined ? [] : await signatureParts(index, key, edit);
  const manifests = signed
    .filter(({ role }) => role === "signature manifest")
    .map(({ bytes }) => blob(bytes));
  const layout = layoutIndex(contents.name, blob(index.bytes), manifests);
  return [
    text,
    { ...edit("oci-layout", OCI_LAYOUT), path: "oci-layout" },
    { ...edit("index.json", layout), path: "index.json" },
    index,
    { role: "empty config", bytes: Buffer.from("{}") },
    ...signed,
    ofManifest,
    ofContents,
    ...ofImages,
  ];
}

/** What became of documents, by the digests that they had. */
type Changed = Map<string, Blob>;

async function signatureParts(
  index: Part,
  { signer }: TestKey,
  edit: (role: string, old: Uint8Array) => Part,
): Promise<Part[]> {
  const signature = edit("signature", Buffer.from(await signer.sign(index.bytes, SMALL_NOW)));
  const manifest = signatureManifest(blob(index.bytes), blob(signature.bytes));
  return [edit("signature manifest", manifest.bytes), signature];
}

function editOnce(bytes: Uint8Array, step: Step): Uint8Array {
  const { values } = step;
  const whole = values.get("whole");
  if (whole !== undefined) return whole;
  const around = [values.get("prepend"), bytes, values.get("append")].filter((each) => each !== undefined);
  if (!values.has("match")) return Buffer.concat(around);
  const text = Buffer.from(bytes).toString("latin1");
  const found = new RegExp(textOf(step, "match")).exec(text);
  if (found === null) throw new Error(`${textOf(step, "at")} does not match ${textOf(step, "match")}`);
  const [before, after] = [text.slice(0, found.index), text.slice(found.index + found[0].length)];
  const replacement = values.get("with") ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from(before, "latin1"), replacement, Buffer.from(after, "latin1")]);
}

/** The document with the digests and sizes of others as they are now; the very bytes if none of them changed. */
function mended(bytes: Uint8Array, changed: Changed): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const named = [...changed].filter(([old, { digest }]) => old !== digest && text.includes(old));
  if (named.length === 0) return bytes;
  return canonicalJson(replaceIn(JSON.parse(Buffer.from(bytes).toString()) as Json, new Map(named)));
}

function replaceIn(value: Json, named: Changed): Json {
  if (Array.isArray(value)) return value.map((each) => replaceIn(each, named));
  if (typeof value === "string") return named.get(value)?.digest ?? value;
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, each]): [string, Json] => [
    key,
    replaceIn(each ?? null, named),
  ]);
  const { digest } = value;
  const target = typeof digest === "string" ? named.get(digest) : undefined;
  return { ...Object.fromEntries(members), ...(target === undefined ? {} : { size: target.bytes.length }) };
}
