// What somebody makes of a real bundle who has the signing key and changes one file: every hash that the bundle itself holds
// fits again, from the unit's h1 to the signature. Only what the rest of the world knows of the unit is left to refuse it.

import { constants } from "node:zlib";
import {
  CONTENTS_SCHEMA,
  dirhash,
  modulePlace,
  parseCanonicalJson,
  sdkPlace,
  sha256Hex,
  toolchainHashName,
  unitName,
  zipHashFile,
  zipPrefix,
  type Contents,
  type Unit,
} from "../../packages/core/src/index.ts";
import { layerFacts, readTestLayer, testTar, testZstd, type LayerFile } from "./changed-bundle.ts";
import { contentOf, entryOf, type OuterTar } from "./outer-tar.ts";
import { resigned } from "./tampered.ts";

export interface Forgery {
  /** `path@version` of the unit; a toolchain or a module. */
  unit: string;
  /** The file to be changed, by its path in the layer, and what becomes of it. */
  path: string;
  change: (content: Uint8Array) => Uint8Array;
  /** Armored private keys. */
  keys: readonly string[];
}

export interface Forged {
  bytes: Buffer;
  /** The h1 that the unit has now. */
  h1: string;
}

export async function forgedBundle(
  outer: OuterTar,
  { unit: name, path, change, keys }: Forgery,
): Promise<Forged> {
  const old = parseCanonicalJson(contentOf(outer, entryOf(outer, "contents")), CONTENTS_SCHEMA, "contents");
  const unit = old.units.find((each) => unitName(each) === name);
  if (unit === undefined || unit.kind === "gomod") throw new Error(`the bundle has no ${name}`);
  const layers = unit.layers.map((index) => ({
    index,
    files: readTestLayer(contentOf(outer, entryOf(outer, `layer ${index}`))),
  }));
  const changed = layers.find(({ files }) => files.some((file) => file.path === path));
  if (changed === undefined) throw new Error(`${name} has no file ${path}`);
  changed.files = replaced(changed.files, path, change);
  const h1 = hashOf(
    unit,
    layers.flatMap(({ files }) => files),
  );
  if (unit.kind === "module") {
    changed.files = replaced(changed.files, modulePlace(unit).ziphash, () => zipHashFile(h1));
  }
  const tar = testTar(changed.files);
  const bytes = testZstd(tar, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const facts = layerFacts(bytes, tar, changed.files.length);
  const size = layers
    .flatMap(({ files }) => files.filter(belongsTo(unit)))
    .reduce((sum, file) => sum + file.content.length, 0);
  const contents: Contents = {
    ...old,
    layers: old.layers.map((layer, i) => (i === changed.index ? { ...layer, ...facts } : layer)),
    units: old.units.map((each) => (each === unit ? { ...unit, h1, size } : each)),
  };
  const blobs = new Map([[facts.digest, bytes]]);
  return { bytes: await resigned(outer, keys, { change: () => contents, blobs }), h1 };
}

function replaced(
  files: readonly LayerFile[],
  path: string,
  change: (content: Uint8Array) => Uint8Array,
): LayerFile[] {
  return files.map((file) => (file.path === path ? { ...file, content: change(file.content) } : file));
}

/** The files that unpack for a unit. */
function belongsTo(unit: Unit): (file: LayerFile) => boolean {
  if (unit.kind === "toolchain") return () => true;
  const { tree, info, mod, ziphash } = modulePlace(unit);
  return ({ path }) => path.startsWith(tree) || [info, mod, ziphash].includes(path);
}

function hashOf(unit: Unit, files: readonly LayerFile[]): string {
  const prefix = zipPrefix(unit);
  if (unit.kind === "toolchain") {
    const below = sdkPlace(unit.go).length;
    return dirhash(
      files.map(({ path, content }) => ({
        name: prefix + toolchainHashName(path.slice(below)),
        sha256: sha256Hex(content),
      })),
    );
  }
  const { tree } = modulePlace(unit);
  return dirhash(
    files
      .filter(({ path }) => path.startsWith(tree))
      .map(({ path, content }) => ({ name: prefix + path.slice(tree.length), sha256: sha256Hex(content) })),
  );
}
