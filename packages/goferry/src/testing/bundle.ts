// A bundle small enough to be made for every test: real in its form, its hashes, its log proofs and its signature.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import {
  blob,
  blobPath,
  compareNames,
  digestOf,
  EMPTY_CONFIG,
  encodeHeader,
  encodeProof,
  fileMode,
  goModHash,
  infoFile,
  layoutIndex,
  logPlace,
  logTiles,
  modulePlace,
  noteText,
  OCI_LAYOUT,
  paddingAfter,
  parseTreeHead,
  proveInclusion,
  sdkPlace,
  signatureManifest,
  sha256Hex,
  signedDocuments,
  trailer,
  unitName,
  zipHashFile,
  type Contents,
  type HashReader,
  type Layer,
} from "@goferry/core";
import { generateKey, keySigner, unlockKey } from "@goferry/bundler";
import { hashFiles, TEST_GO, testToolchain, type TestFile } from "./toolchain.ts";

/** The part of a checksum database that is needed; test/kit has one. */
export interface TestLog {
  vkey: string;
  add(module: { path: string; version: string; h1?: string; modH1?: string }): number;
  head(): string;
  node(level: number, n: number): Uint8Array;
  fetch(path: string): Promise<Uint8Array>;
}

export interface TestBundle {
  file: string;
  publicKey: string;
  privateKey: string;
  fingerprint: string;
}

const CREATED = "2026-11-21T05:00:00Z";
const LOGGED = { path: "example.com/logged", version: "v1.2.3" };
const SECRET = { path: "corp.example.com/secret", version: "v0.1.0" };

export interface BundleOptions {
  /** GOOS/GOARCH. */
  platform: string;
  log: TestLog;
  /** Of the bundle and its file; "tiny" if left out. */
  name?: string;
  /** The one Go version that it has; TEST_GO if left out. */
  go?: string;
  /** RFC 3339, UTC; when it was signed too. CREATED if left out. */
  created?: string;
  expires?: string;
}

/** Writes NAME.tar, public.asc and private.asc, which needs no passphrase. */
export async function makeBundle(
  folder: string,
  { platform, log, name = "tiny", go = TEST_GO, created = CREATED, expires }: BundleOptions,
): Promise<TestBundle> {
  const { toolchain, files: goFiles } = testToolchain(platform, go);
  const own = goFiles.filter((file) => file.name.startsWith("bin/"));
  const common = goFiles.filter((file) => !own.includes(file));
  const logged = moduleFiles(LOGGED);
  const secret = moduleFiles(SECRET);
  const ids = [
    toolchain,
    logged.unit,
    { path: "a.example.com", version: "v1.0.0" },
    { path: "b.example.com", version: "v1.0.0" },
  ].map((each) => log.add(each));
  const { size } = parseTreeHead(noteText(log.head()));
  const read: HashReader = async (nodes) =>
    await Promise.resolve(nodes.map(({ level, n }) => log.node(level, n)));
  const evidence = async (i: number): Promise<{ id: number; proof: string }> => {
    const id = ids[i] ?? 0;
    return { id, proof: encodeProof(await proveInclusion(size, id, read)) };
  };
  const place = sdkPlace(go);
  const sdk = (files: TestFile[]): TestFile[] =>
    files.map((file) => ({ name: place + file.name, bytes: file.bytes, mode: fileMode(file.name) }));
  const layers = [
    makeLayer({ kind: "sdk", go }, sdk(common)),
    makeLayer({ kind: "sdk", go, platform }, sdk(own)),
    makeLayer({ kind: "mod" }, [...logged.files, ...secret.files]),
  ];
  const units: Contents["units"] = [
    {
      kind: "module",
      ...secret.unit,
      ...sizeOf(secret.files),
      neededBy: [0],
      layers: [2],
      evidence: "private",
    },
    {
      kind: "module",
      ...logged.unit,
      ...sizeOf(logged.files),
      neededBy: [0],
      layers: [2],
      evidence: await evidence(1),
    },
    {
      kind: "toolchain",
      go,
      platform,
      ...toolchain,
      ...sizeOf(goFiles),
      layers: [0, 1],
      evidence: await evidence(0),
    },
  ];
  const history = { name: "sum.example.com", head: log.head() };
  const tiles = logTiles(history, units).map(async ({ path }): Promise<TestFile> => {
    const bytes = Buffer.from(await log.fetch(path.slice(logPlace(history.name).length)));
    return { name: path, bytes, mode: 0o644 };
  });
  layers.push(makeLayer({ kind: "log" }, await Promise.all(tiles)));
  const contents: Contents = {
    contentsVersion: 1,
    name,
    created,
    serial: Date.parse(created) / 1000,
    ...(expires === undefined ? {} : { expires }),
    go: [go],
    platforms: [platform],
    request: {
      go: [go],
      platforms: [platform],
      projects: [
        {
          name: "app",
          modules: ["example.com/app"],
          files: [{ path: "go.mod", digest: digestOf(Buffer.from("")) }],
          tags: [],
          packages: [],
        },
      ],
      modules: [],
      tools: [],
    },
    log: history,
    layers: layers.map(({ layer }) => layer),
    units,
  };
  return await writeBundle(folder, contents, layers);
}

/** Changes one byte in the first layer of a bundle. */
export async function damageLayer(file: string): Promise<void> {
  const bytes = await readFile(file);
  const start = bytes.indexOf(ZSTD_MAGIC);
  bytes.writeUInt8(bytes.readUInt8(start + 20) ^ 1, start + 20);
  await writeFile(file, bytes);
}

/** RFC 8878, section 3.1.1. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

async function writeBundle(
  folder: string,
  contents: Contents,
  layers: readonly MadeLayer[],
): Promise<TestBundle> {
  const now = new Date(contents.created);
  const pair = await generateKey({ name: "Site builds", email: "builds@example.com", now });
  const made = {
    file: join(folder, `${contents.name}.tar`),
    publicKey: join(folder, "public.asc"),
    privateKey: join(folder, "private.asc"),
    fingerprint: pair.fingerprint,
  };
  const readme = Buffer.from("A bundle of the tests.\n");
  const { index, documents } = signedDocuments(contents, readme);
  const signature = blob(
    Buffer.from(await keySigner(await unlockKey(pair.privateKey)).sign(index.bytes, now)),
  );
  const manifest = signatureManifest(index, signature);
  const blobs = [index, EMPTY_CONFIG, manifest, signature, ...documents];
  const entries = [
    { path: "README.txt", bytes: readme },
    { path: "oci-layout", bytes: OCI_LAYOUT },
    { path: "index.json", bytes: layoutIndex(contents.name, index, [manifest]) },
    ...blobs.map(({ digest, bytes }) => ({ path: blobPath(digest), bytes })),
    ...layers.map(({ layer, bytes }) => ({ path: blobPath(layer.digest), bytes })),
  ];
  await writeFile(made.file, tarOf(entries.map(({ path, bytes }) => ({ name: path, bytes }))));
  await writeFile(made.publicKey, pair.publicKey);
  await writeFile(made.privateKey, pair.privateKey);
  return made;
}

interface MadeLayer {
  layer: Layer;
  bytes: Uint8Array;
}

function makeLayer(of: Pick<Layer, "kind" | "go" | "platform">, files: readonly TestFile[]): MadeLayer {
  const tar = tarOf(files.toSorted((a, b) => compareNames(a.name, b.name)));
  const bytes = zstdCompressSync(tar);
  const layer: Layer = {
    ...of,
    digest: digestOf(bytes),
    size: bytes.length,
    diffId: digestOf(tar),
    tarSize: tar.length,
    entries: files.length,
    chunks: [sha256Hex(bytes)],
  };
  return { layer, bytes };
}

function tarOf(files: readonly TestFile[]): Uint8Array {
  const parts = files.flatMap(({ name, bytes, mode = 0o644 }) => [
    encodeHeader({ path: name, size: bytes.length, mode }),
    bytes,
    paddingAfter(bytes.length),
  ]);
  return Buffer.concat([...parts, trailer()]);
}

/** A module of two files, and the files that lie beside its tree. */
function moduleFiles(module: { path: string; version: string }): {
  unit: { path: string; version: string; h1: string; modH1: string };
  files: TestFile[];
} {
  const goMod = Buffer.from(`module ${module.path}\n`);
  const tree = [
    { name: "go.mod", bytes: goMod },
    { name: "one.go", bytes: Buffer.from("package one\n") },
  ];
  const h1 = hashFiles(`${unitName(module)}/`, tree);
  const place = modulePlace(module);
  const files = [
    ...tree.map(({ name, bytes }) => ({ name: place.tree + name, bytes })),
    { name: place.info, bytes: infoFile(module) },
    { name: place.mod, bytes: goMod },
    { name: place.ziphash, bytes: zipHashFile(h1) },
  ];
  return { unit: { ...module, h1, modH1: goModHash(goMod) }, files };
}

function sizeOf(files: readonly TestFile[]): { size: number; files: number } {
  return { size: files.reduce((sum, { bytes }) => sum + bytes.length, 0), files: files.length };
}
