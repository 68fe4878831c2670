// A whole bundle in memory, made in milliseconds, for tests of the format. The bundler plans, packs and signs it, out of
// module zips made on the fly, and the proofs lead to a checksum database of its own (checksum-log.ts). One thing is
// fake: the toolchains are ten files each that are no programs, because real ones have 12,000 files and 70 MB. They
// are real in form: zips of golang.org/toolchain with `_go.mod` files, from which the packer makes GOROOTs.
//
// changed-bundle.ts changes the parts and puts them together again, as a thief of the signing key could.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey, unlockKey } from "../../packages/bundler/src/keys.ts";
import { outerPieces } from "../../packages/bundler/src/pack/outer.ts";
import { layerPress } from "../../packages/bundler/src/pack/layer-press.ts";
import { pack } from "../../packages/bundler/src/pack/pack.ts";
import { makePlan } from "../../packages/bundler/src/plan/plan.ts";
import { keySigner, type Signer } from "../../packages/bundler/src/signer.ts";
import { parseSpec } from "../../packages/bundler/src/spec/read.ts";
import { collectTiles } from "../../packages/bundler/src/sumdb/tiles.ts";
import type { Fetched, FetchedUnit, Packed } from "../../packages/bundler/src/stages.ts";
import {
  dirhash,
  encodeProof,
  goModHash,
  patternUses,
  proveInclusion,
  readTrustedKey,
  sha256Hex,
  toolchainHashName,
  toolchainModule,
  truncated,
  zipPrefix,
  type ByteSource,
  type LogEvidence,
  type TrustedKey,
} from "../../packages/core/src/index.ts";
import { checksumLog, dirhash as hashOfText, type ChecksumLog } from "./checksum-log.ts";
import { makeZip } from "./make-zip.ts";

/** When the bundle is made and signed. */
export const SMALL_NOW = new Date("2026-11-21T05:00:00Z");

export interface SmallOptions {
  platforms?: readonly string[];
  go?: readonly string[];
  /** Paths of modules that are no records of the log. */
  private?: readonly string[];
  /** Further modules: their files by name. */
  modules?: readonly TestModule[];
  /** The files of a toolchain by their names below GOROOT; left out, ten files that are no programs. */
  toolchainFiles?: (go: string, platform: string) => Files;
}

export interface TestModule {
  path: string;
  version: string;
  files: Record<string, string>;
}

/** A bundle in its parts. */
export interface SmallBundle {
  packed: Packed;
  /** Compressed bytes of the layers, in the order of the contents. */
  layers: Uint8Array[];
  log: ChecksumLog;
}

/** Modules that are in every small bundle: upper case, a major version, names that need all forms of a tar header. */
const MODULES: readonly TestModule[] = [
  {
    path: "example.com/Greeting/v2",
    version: "v2.0.1",
    files: {
      "go.mod": "module example.com/Greeting/v2\n\ngo 1.21\n",
      "greeting.go": "package greeting\n",
      "empty.txt": "",
      "testdata/größe.txt": "eins\n",
      [`internal/${"deep/".repeat(20)}deep.go`]: "package deep\n",
    },
  },
  {
    path: "example.com/hello",
    version: "v1.2.0",
    files: {
      "go.mod": "module example.com/hello\n",
      "hello.go": 'package hello\n\nconst Hello = "Hello"\n',
      "sub/go.txt": "x".repeat(3000),
    },
  },
];

/** The module of which only the go.mod is there. */
const GRAPH = { path: "example.com/graph", version: "v0.1.0" };

export async function smallBundle(options: SmallOptions = {}): Promise<SmallBundle> {
  const folder = await mkdtemp(join(tmpdir(), "small-bundle-"));
  try {
    const { fetched, log } = await smallFetched(folder, options);
    const packed = await pack(fetched, layerPress({ workDir: join(folder, "layers") }));
    const layers = await Promise.all(packed.layers.map(({ file }) => readFile(file)));
    return { packed, layers, log };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What goes into a small bundle, as the packer gets it, with its zips in `folder`. */
export async function smallFetched(
  folder: string,
  options: SmallOptions = {},
): Promise<{ fetched: Fetched; log: ChecksumLog }> {
  const { go = ["1.27.1"], platforms = ["linux/amd64", "linux/arm64"] } = options;
  const log = checksumLog();
  const made = await makeUnits(folder, log, { ...options, go, platforms });
  const ownPaths = options.private ?? [];
  const units = await proven(made, log, ownPaths);
  const history = { name: "sum.example.com", head: log.head() };
  const tiles = await collectTiles({ fetch: log.fetch, vkey: log.vkey, log: history, units });
  const fetched = {
    plan: await smallPlan(go, platforms),
    units,
    patterns: patternUses(
      units.filter(({ evidence }) => evidence === "private"),
      ownPaths,
    ),
    log: { ...history, earlier: [], tiles },
    modules: [],
    tools: [],
    entries: [],
    projects: [],
    notes: [],
  };
  return { fetched, log };
}

async function smallPlan(go: readonly string[], platforms: readonly string[]): ReturnType<typeof makePlan> {
  const modules = [`${GRAPH.path}@${GRAPH.version}`];
  const yaml = JSON.stringify({ name: "small", go, platforms, modules });
  return await makePlan(parseSpec(Buffer.from(yaml), "goferry.yaml"), {
    readFile: async () => await Promise.reject(new Error("a small bundle has no projects")),
    specDir: "/",
    buildPlatform: platforms[0] ?? "",
    now: SMALL_NOW,
    listGoVersions: async () =>
      await Promise.resolve(
        go.flatMap((version) => platforms.map((platform) => toolchainModule(version, platform).version)),
      ),
    askToolchain: async () => await Promise.resolve({ served: true, answer: "200 OK" }),
  });
}

type UnprovenUnit = FetchedUnit & { evidence: "private" };

async function makeUnits(
  folder: string,
  log: ChecksumLog,
  {
    go,
    platforms,
    modules = [],
    toolchainFiles: filesOf = toolchainFiles,
  }: SmallOptions & { go: readonly string[]; platforms: readonly string[] },
): Promise<UnprovenUnit[]> {
  const units: UnprovenUnit[] = [];
  const write = async (bytes: Uint8Array | string): Promise<string> => {
    const file = join(folder, `${units.length}-${sha256Hex(Buffer.from(bytes)).slice(0, 8)}`);
    await writeFile(file, bytes);
    return file;
  };
  for (const version of go) {
    for (const platform of platforms) {
      const module = toolchainModule(version, platform);
      const files = inZip(filesOf(version, platform));
      const hashes = {
        h1: hashFiles(module, files),
        modH1: goModHash(Buffer.from("module golang.org/toolchain\n")),
      };
      const zip = await write(zipFiles(module, files));
      units.push({
        kind: "toolchain",
        ...module,
        ...hashes,
        zip,
        evidence: "private",
      });
    }
  }
  for (const { files, ...module } of [...MODULES, ...modules]) {
    const goMod = files["go.mod"] ?? `module ${module.path}\n`;
    const hashes = { h1: hashFiles(module, files), modH1: goModHash(Buffer.from(goMod)) };
    const [zip, mod] = [await write(zipFiles(module, files)), await write(goMod)];
    units.push({ kind: "module", ...module, ...hashes, zip, mod, neededBy: [0], evidence: "private" });
  }
  const goMod = `module ${GRAPH.path}\n`;
  const modH1 = goModHash(Buffer.from(goMod));
  const mod = await write(goMod);
  units.push({ kind: "gomod", ...GRAPH, modH1, mod, neededBy: [0], evidence: "private" });
  // Others' records, so that proofs have some length.
  for (let i = 0; i < 5; i++) log.add({ path: `example.com/other${i}`, version: "v1.0.0" });
  return units.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ kind, path, version }: FetchedUnit): string {
  return `${kind}\0${path}\0${version}`;
}

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Files by their names in the zip of a toolchain. */
function inZip(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [toolchainHashName(name), content]),
  );
}

/** The files of a toolchain by their names below GOROOT. All platforms share them but for bin/ and pkg/tool/. */
function toolchainFiles(go: string, platform: string): Record<string, string> {
  const tools = `pkg/tool/${platform.replace("/", "_")}`;
  return {
    LICENSE: "free\n",
    VERSION: `go${go}\ntime 2026-11-20T00:00:00Z\n`,
    "go.env": "GOPROXY=https://proxy.example.com,direct\nGOSUMDB=sum.golang.org\nGOTOOLCHAIN=auto\n",
    "src/go.mod": "module std\n\ngo 1.27\n",
    "src/all.bash": "#!/usr/bin/env bash\n",
    "src/cmd/go.mod": "module cmd\n\ngo 1.27\n",
    "src/fmt/print.go": "package fmt\n",
    "bin/go": `the go command of ${go} for ${platform}\n`,
    "bin/gofmt": `gofmt of ${go} for ${platform}\n`,
    [`${tools}/compile`]: `the compiler of ${go} for ${platform}\n`,
  };
}

function hashFiles(module: { path: string; version: string }, files: Files): string {
  const prefix = zipPrefix(module);
  return dirhash(
    Object.entries(files).map(([name, content]) => ({
      name: prefix + name,
      sha256: sha256Hex(Buffer.from(content)),
    })),
  );
}

function zipFiles(module: { path: string; version: string }, files: Files): Uint8Array {
  const prefix = zipPrefix(module);
  return makeZip(Object.entries(files).map(([name, content]) => ({ name: prefix + name, content })));
}

/** Puts the records into the log, and then proves them in its last head. */
async function proven(
  units: readonly UnprovenUnit[],
  log: ChecksumLog,
  privatePaths: readonly string[],
): Promise<FetchedUnit[]> {
  const ids = units.map((unit) => (privatePaths.includes(unit.path) ? -1 : log.add(unit)));
  const found: FetchedUnit[] = [];
  for (const [i, unit] of units.entries()) {
    const id = ids[i] ?? -1;
    found.push(id === -1 ? unit : { ...unit, evidence: await evidenceOf(log, id, unit) });
  }
  return found;
}

/** The evidence of a record in the last head of a log. */
export async function evidenceOf(
  log: ChecksumLog,
  id: number,
  unit: { kind: string; path: string; version: string },
): Promise<LogEvidence> {
  const proof = await proveInclusion(
    log.size(),
    id,
    async (nodes) => await Promise.resolve(nodes.map(({ level, n }) => log.node(level, n))),
  );
  const evidence = { id, proof: encodeProof(proof) };
  // The log made the hash of a zip that it was not given from the name.
  return unit.kind === "gomod" ? { ...evidence, h1: hashOfText(`${unit.path} ${unit.version}`) } : evidence;
}

/** A fresh key, to sign with and to pin. */
export interface TestKey {
  signer: Signer;
  trusted: TrustedKey;
  /** Armored. */
  publicKey: string;
}

export async function testKey(
  name = "Small bundles",
  now = new Date(SMALL_NOW.getTime() - 1000),
): Promise<TestKey> {
  const pair = await generateKey({ name, email: "builds@example.com", now });
  const trusted = await readTrustedKey(Buffer.from(pair.publicKey));
  const signer = keySigner(await unlockKey(pair.privateKey));
  return { signer, trusted, publicKey: pair.publicKey };
}

/** The file of a bundle, signed by these keys. */
export async function sealSmall(small: SmallBundle, keys: readonly TestKey[]): Promise<Uint8Array> {
  const signatures: string[] = [];
  for (const { signer } of keys)
    signatures.push(await signer.sign(small.packed.documents.index.bytes, SMALL_NOW));
  return assembleSmall(small, signatures);
}

/** The file of a bundle with whatever stands for its signatures. */
export function assembleSmall({ packed, layers }: SmallBundle, signatures: readonly string[]): Uint8Array {
  const files = new Map(packed.layers.map(({ file }, i) => [file, layers[i] ?? new Uint8Array()]));
  return Buffer.concat(
    outerPieces(packed, signatures).map((piece) =>
      piece instanceof Uint8Array ? piece : (files.get(piece.file) ?? new Uint8Array()),
    ),
  );
}

/** Bytes as a bundle's file. */
export function memorySource(bytes: Uint8Array, name = "small.tar"): ByteSource {
  return {
    name,
    size: bytes.length,
    file: () => undefined,
    async read(offset, length, memory) {
      if (offset + length > bytes.length) throw truncated(name, offset + length, bytes.length);
      const found = bytes.subarray(offset, offset + length);
      if (memory === undefined) return await Promise.resolve(found);
      memory.set(found);
      return await Promise.resolve(memory.subarray(0, length));
    },
  };
}
