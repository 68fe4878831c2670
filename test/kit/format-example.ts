// The worked example of packages/core/FORMAT.md: its code blocks, and how all others follow from a few of them. The test
// beside the format compares; scripts/format-example.ts writes them anew.

import { outerEntries, readTestLayer } from "./changed-bundle.ts";
import {
  blob,
  blobPath,
  canonicalJson,
  dirhashLines,
  EMPTY_CONFIG,
  layoutIndex,
  OCI_LAYOUT,
  sdkPlace,
  sha256Hex,
  signatureManifest,
  signedDocuments,
  toolchainHashName,
  zipPrefix,
  type Contents,
  type Unit,
} from "../../packages/core/src/index.ts";
import { encodeHeader } from "../../packages/core/src/archive/ustar.ts";
import { modulePlace } from "../../packages/core/src/bundle/place.ts";
import { recordText } from "../../packages/core/src/sumdb/record.ts";
import { joinOuter, outerEntry } from "./changed-bundle.ts";

/** What the example begins with; everything else can be computed. */
export interface ExampleParts {
  /** Verifier key of the checksum database. */
  logKey: string;
  /** Armored. */
  publicKey: string;
  readme: string;
  contents: Contents;
  /** Compressed. */
  layers: Uint8Array[];
  /** Armored. */
  signature: string;
}

/** The code blocks of a Markdown text that have a name: ```json name=contents */
export function namedBlocks(markdown: string): Map<string, string> {
  const blocks = markdown.matchAll(/^```\w+ name=(\S+)\n([\s\S]*?)^```$/gm);
  return new Map(Array.from(blocks, ([, name = "", text = ""]) => [name, text]));
}

/** The Markdown text with other contents in its named code blocks. */
export function withBlocks(markdown: string, blocks: ReadonlyMap<string, string>): string {
  return markdown.replace(
    /^(```\w+ name=(\S+)\n)([\s\S]*?)^```$/gm,
    (_, head: string, name: string, old: string) => {
      return `${head}${blocks.get(name) ?? old}\`\`\``;
    },
  );
}

/** The parts in the blocks of FORMAT.md. */
export function readParts(blocks: ReadonlyMap<string, string>): ExampleParts {
  const get = (name: string): string => {
    const text = blocks.get(name);
    if (text === undefined) throw new Error(`FORMAT.md has no block named ${name}`);
    return text;
  };
  const contents = JSON.parse(get("contents")) as Contents;
  return {
    logKey: get("log-key").trim(),
    publicKey: get("public-key"),
    readme: get("readme"),
    contents,
    layers: contents.layers.map((_, i) => Buffer.from(get(`layer-${i}`), "base64")),
    signature: get("signature"),
  };
}

/** The example's file. */
export function exampleFile({ contents, readme, layers, signature }: ExampleParts): Uint8Array {
  const { index, documents } = signedDocuments(contents, Buffer.from(readme));
  const signed = blob(Buffer.from(signature));
  const manifest = signatureManifest(index, signed);
  const blobs = [index, EMPTY_CONFIG, manifest, signed, ...documents, ...layers.map(blob)];
  return joinOuter([
    outerEntry("README.txt", Buffer.from(readme)),
    outerEntry("oci-layout", OCI_LAYOUT),
    outerEntry("index.json", layoutIndex(contents.name, index, [manifest])),
    ...blobs.map(({ digest, bytes }) => outerEntry(blobPath(digest), bytes)),
  ]);
}

/** Every block of the example, those of the parts too. */
export function exampleBlocks(parts: ExampleParts): Map<string, string> {
  const { contents, readme, layers, signature } = parts;
  const { index, documents } = signedDocuments(contents, Buffer.from(readme));
  const [contentsManifest, , imageManifest, imageConfig] = documents;
  const signed = blob(Buffer.from(signature));
  const manifest = signatureManifest(index, signed);
  const file = exampleFile(parts);
  const pretty = (bytes: Uint8Array | undefined): string =>
    `${JSON.stringify(JSON.parse(Buffer.from(bytes ?? "null").toString()), null, 2)}\n`;
  return new Map([
    ["log-key", `${parts.logKey}\n`],
    ["public-key", parts.publicKey],
    ["readme", readme],
    ["contents", pretty(canonicalJson(contents))],
    ...layers.map((bytes, i): [string, string] => [`layer-${i}`, base64Lines(bytes)]),
    ...layers.map((bytes, i): [string, string] => [`files-${i}`, listFiles(bytes)]),
    ["signature", signature],
    ["record", recordOf(contents.units)],
    ["dirhash-module", linesOf(contents.units, "module", layers)],
    ["dirhash-toolchain", linesOf(contents.units, "toolchain", layers)],
    ["header", hexDump(encodeHeader({ path: `${sdkPlace("1.27.1")}VERSION`, size: 9, mode: 0o644 }))],
    ["contents-manifest", pretty(contentsManifest?.bytes)],
    ["image-manifest", pretty(imageManifest?.bytes)],
    ["image-config", pretty(imageConfig?.bytes)],
    ["bundle-index", pretty(index.bytes)],
    ["signature-manifest", pretty(manifest.bytes)],
    ["index.json", pretty(layoutIndex(contents.name, index, [manifest]))],
    ["entries", listEntries(file)],
    ["file", `${file.length} bytes, SHA-256 ${sha256Hex(file)}\n`],
  ]);
}

function base64Lines(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("base64")
    .replace(/.{1,76}/g, "$&\n");
}

/** Mode, bytes and path of every file of a layer. */
function listFiles(compressed: Uint8Array): string {
  return readTestLayer(compressed)
    .map(({ path, mode, content }) => `0${mode.toString(8)} ${String(content.length).padStart(4)} ${path}\n`)
    .join("");
}

function recordOf(units: readonly Unit[]): string {
  const unit = units.find(({ kind }) => kind === "module");
  return unit?.kind === "module" ? recordText(unit) : "";
}

/** The text that the h1 of the first unit of a kind is the hash of. */
function linesOf(
  units: readonly Unit[],
  kind: "module" | "toolchain",
  layers: readonly Uint8Array[],
): string {
  const unit = units.find((each) => each.kind === kind);
  if (unit === undefined) return "";
  const tree = unit.kind === "toolchain" ? sdkPlace(unit.go) : modulePlace(unit).tree;
  const files = unit.layers
    .flatMap((i) => readTestLayer(layers[i] ?? new Uint8Array()))
    .filter(({ path }) => path.startsWith(tree))
    .map(({ path, content }) => ({ name: path.slice(tree.length), sha256: sha256Hex(content) }));
  const hashed =
    kind === "toolchain"
      ? files.map(({ name, sha256 }) => ({ name: toolchainHashName(name), sha256 }))
      : files;
  return dirhashLines(hashed.map(({ name, sha256 }) => ({ name: zipPrefix(unit) + name, sha256 })));
}

/** Offset of the content, its bytes, and the name, of every entry of the file. */
function listEntries(file: Uint8Array): string {
  return outerEntries(file)
    .map(({ path, content }) => {
      const offset = content.byteOffset - file.byteOffset;
      return `${String(offset).padStart(6)} ${String(content.length).padStart(5)} ${path}\n`;
    })
    .join("");
}

/** As `hexdump -C` prints it, with a star for lines that repeat the one before. */
function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  let previous = "";
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Buffer.from(bytes.subarray(at, at + 16));
    const hex = row.toString("hex").replace(/../g, "$& ").trim();
    if (hex !== previous) {
      const halves = `${hex.slice(0, 23)}  ${hex.slice(24)}`;
      const text = row.toString("latin1").replace(/[^ -~]/g, ".");
      lines.push(`${at.toString(16).padStart(8, "0")}  ${halves}  |${text}|`);
    } else if (lines.at(-1) !== "*") lines.push("*");
    previous = hex;
  }
  return `${lines.join("\n")}\n${bytes.length.toString(16).padStart(8, "0")}\n`;
}
