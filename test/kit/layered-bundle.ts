// Opened bundles of a few small files, for tests of the installer: real layers in a real file, real hashes, and proofs
// from a log of the test's own, but without the documents around them, which are read and believed before the
// installer begins (small-bundle.ts has those). A toolchain's commands can be shell scripts that pass the self-test.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import {
  canonicalJson,
  CHUNK_BYTES,
  compareNames,
  CONTENTS_SCHEMA,
  digestOf,
  dirhash,
  encodedZipPrefix,
  encodeHeader,
  encodeProof,
  fileMode,
  goModHash,
  infoFile,
  modulePlace,
  openFileSource,
  paddingAfter,
  proveInclusion,
  sdkPlace,
  sha256Hex,
  signedDocuments,
  toolchainHashName,
  toolchainModule,
  trailer,
  unitName,
  zipHashFile,
  zipPrefix,
  type Contents,
  type Layer,
  type OpenedBundle,
  type Unit,
} from "../../packages/core/src/index.ts";
import { collectEvidence } from "../../packages/bundler/src/sumdb/client.ts";
import { collectTiles } from "../../packages/bundler/src/sumdb/tiles.ts";
import { checksumLog, dirhash as namedHash, type ChecksumLog } from "./checksum-log.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface LayeredModule {
  path: string;
  version: string;
  /** Of the tree; left out for a version of which only the go.mod is carried. */
  files?: Files;
  /** Of the .mod file; by default one with the path. */
  goMod?: string;
  /** Indexes into {@link LAYERED_PROJECTS}; by default the first. */
  neededBy?: readonly number[];
}

/** The projects of every layered bundle, by their names. */
const LAYERED_PROJECTS = ["app", "other"] as const;

export interface LayeredToolchain {
  go: string;
  platform: string;
  /** By the path below GOROOT. What is in bin/ and pkg/tool/ stands in the platform's layer. */
  files: Files;
}

export interface LayeredBundle extends OpenedBundle, AsyncDisposable {
  /** The file that holds the layers, one behind the other. */
  file: string;
  log: ChecksumLog;
}

export interface LayeredOptions {
  name?: string;
  /** The modules of one layer each. */
  modules?: readonly (readonly LayeredModule[])[];
  /** Their layers come first. Left out: one, behind the modules, because a bundle without is none. */
  toolchains?: readonly LayeredToolchain[];
  /** Seconds since 1970. */
  serial?: number;
  /** With a layer of the log's tiles; and heads of earlier bundles, largest first, that they connect. */
  tiles?: { earlier?: readonly string[] };
}

/** The database of all bundles of a test file: a root goes by one. It grows with every bundle. */
const LOG = checksumLog();

interface MadeLayer {
  layer: Layer;
  bytes: Uint8Array;
}

type Entry = [name: string, content: string | Uint8Array];

export async function layeredBundle(folder: string, options: LayeredOptions): Promise<LayeredBundle> {
  const { name = "layered", modules = [], toolchains, serial = 1_700_000_000 } = options;
  const layers: MadeLayer[] = [];
  const units: Unit[] = [];
  for (const toolchain of toolchains ?? []) units.push(addToolchain(toolchain, layers));
  for (const group of modules) units.push(...addModules(group, layers));
  const last = scriptedToolchain("1.27.1");
  if (toolchains === undefined) units.push(addToolchain(last, layers));
  const proof = await proven(units);
  const history = await historyOf(options.tiles?.earlier ?? []);
  if (options.tiles !== undefined) await addTiles(history, proof, layers);
  const all = toolchains ?? [last];
  const contents = CONTENTS_SCHEMA.parse({
    contentsVersion: 1,
    name,
    created: new Date(serial * 1000).toISOString().replace(".000", ""),
    serial,
    go: [...new Set(all.map(({ go }) => go))],
    platforms: [...new Set(all.map(({ platform }) => platform))].toSorted(compareNames),
    request: {
      go: ["1.27.1"],
      platforms: ["linux/amd64"],
      projects: LAYERED_PROJECTS.map((project) => ({
        name: project,
        modules: [`example.com/${project}`],
        files: [{ path: "go.mod", digest: digestOf(Buffer.from("")) }],
        tags: [],
        packages: [],
      })),
      modules: [],
      tools: [],
    },
    units: proof,
    log: history,
    layers: layers.map(({ layer }) => layer),
  });
  const file = join(folder, `${name}-${serial}.tar`);
  await writeFile(file, Buffer.concat(layers.map(({ bytes }) => bytes)));
  const source = await openFileSource(file);
  return {
    file,
    log: LOG,
    source,
    contents,
    indexDigest: digestOf(canonicalJson(contents)),
    readme: "",
    signatureCount: 0,
    parts: { readme: Buffer.of(), documents: signedDocuments(contents, Buffer.of()), signatures: [] },
    signatures: [],
    otherSignatures: [],
    layerOffsets: layers.map((_, i) => layers.slice(0, i).reduce((sum, { bytes }) => sum + bytes.length, 0)),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

async function historyOf(earlier: readonly string[]): Promise<NonNullable<Contents["log"]>> {
  const { head, earlier: connected } = await collectEvidence({
    fetch: LOG.fetch,
    vkey: LOG.vkey,
    modules: [],
    head: LOG.head(),
    earlier,
  });
  return { name: "sum.example.com", head, ...(connected.length === 0 ? {} : { earlier: connected }) };
}

async function addTiles(
  log: NonNullable<Contents["log"]>,
  units: readonly Unit[],
  layers: MadeLayer[],
): Promise<void> {
  const files = await collectTiles({ fetch: LOG.fetch, vkey: LOG.vkey, log, units });
  const entries = files.map(({ path, bytes }): Entry => [path, bytes]);
  layers.push(makeLayer({ kind: "log" }, entries, (name) => name));
}

/** Sorts the units as contents have them, puts all of them into the log, and proves them there. */
async function proven(units: readonly Unit[]): Promise<Unit[]> {
  const sorted = units.toSorted((a, b) =>
    compareNames(`${a.kind} ${unitName(a)}`, `${b.kind} ${unitName(b)}`),
  );
  // A gomod's record has the hash of a zip that is not carried.
  const hashes = sorted.map((unit) => (unit.kind === "gomod" ? namedHash(unitName(unit)) : unit.h1));
  const ids = sorted.map(({ path, version, modH1 }, i) =>
    LOG.add({ path, version, modH1, h1: hashes[i] ?? "" }),
  );
  return await Promise.all(
    sorted.map(async (unit, i): Promise<Unit> => {
      const id = ids[i] ?? 0;
      const read = async (nodes: readonly { level: number; n: number }[]): Promise<Uint8Array[]> =>
        await Promise.resolve(nodes.map(({ level, n }) => LOG.node(level, n)));
      const proof = encodeProof(await proveInclusion(LOG.size(), id, read));
      const h1 = unit.kind === "gomod" ? { h1: hashes[i] } : {};
      return { ...unit, evidence: { id, proof, ...h1 } };
    }),
  );
}

function addToolchain({ go, platform, files }: LayeredToolchain, layers: MadeLayer[]): Unit {
  const module = toolchainModule(go, platform);
  const entries = Object.entries(files);
  const isOwn = ([name]: Entry): boolean => /^(?:bin|pkg\/tool)\//.test(name);
  const place = (name: string): string => sdkPlace(go) + name;
  const shared = entries.filter((entry) => !isOwn(entry));
  const known = layers.findIndex(({ layer }) => layer.go === go && layer.platform === undefined);
  const common = known === -1 ? layers.push(makeLayer({ kind: "sdk", go }, shared, place)) - 1 : known;
  const own = layers.push(makeLayer({ kind: "sdk", go, platform }, entries.filter(isOwn), place)) - 1;
  return {
    kind: "toolchain",
    ...module,
    h1: hashFiles(entries.map(([name, content]) => [zipPrefix(module) + toolchainHashName(name), content])),
    modH1: goModHash(Buffer.from(`module ${module.path}`)),
    ...total(entries),
    layers: [common, own],
    evidence: "private",
  };
}

function addModules(modules: readonly LayeredModule[], layers: MadeLayer[]): Unit[] {
  const files: Entry[] = [];
  const units = modules.map((module): Unit => {
    const { path, version, goMod = `module ${path}\n`, neededBy = [0] } = module;
    const place = modulePlace(module);
    const own: Entry[] = [
      [place.info, infoFile(module)],
      [place.mod, goMod],
    ];
    const common = {
      path,
      version,
      modH1: goModHash(Buffer.from(goMod)),
      neededBy: [...neededBy],
      layers: [layers.length],
      evidence: "private" as const,
    };
    if (module.files === undefined) {
      files.push(...own);
      return { kind: "gomod", ...common, ...total(own) };
    }
    const tree = Object.entries(module.files);
    const h1 = hashFiles(tree.map(([name, content]) => [zipPrefix(module) + name, content]));
    own.push([place.ziphash, zipHashFile(h1)]);
    for (const [name, content] of tree) own.push([`mod/${encodedZipPrefix(module)}${name}`, content]);
    files.push(...own);
    return { kind: "module", h1, ...common, ...total(own) };
  });
  layers.push(makeLayer({ kind: "mod" }, files, (name) => name));
  return units;
}

function makeLayer(
  what: Pick<Layer, "kind"> & { go?: string; platform?: string },
  files: readonly Entry[],
  place: (name: string) => string,
): MadeLayer {
  const sorted = files.toSorted(([a], [b]) => compareNames(a, b));
  const tar = Buffer.concat([
    ...sorted.flatMap(([name, content]) => {
      const bytes = Buffer.from(content);
      const mode = what.kind === "sdk" ? fileMode(name) : 0o644;
      return [
        encodeHeader({ path: place(name), size: bytes.length, mode }),
        bytes,
        paddingAfter(bytes.length),
      ];
    }),
    trailer(),
  ]);
  const bytes = zstdCompressSync(tar);
  const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, i) =>
    sha256Hex(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)),
  );
  const sums = {
    digest: digestOf(bytes),
    size: bytes.length,
    diffId: digestOf(tar),
    tarSize: tar.length,
    entries: sorted.length,
  };
  return { layer: { ...what, ...sums, chunks }, bytes };
}

function hashFiles(files: readonly Entry[]): string {
  return dirhash(files.map(([name, content]) => ({ name, sha256: sha256Hex(Buffer.from(content)) })));
}

function total(files: readonly Entry[]): { size: number; files: number } {
  const size = files.reduce((sum, [, content]) => sum + Buffer.from(content).length, 0);
  return { size, files: files.length };
}

const FORMATTED = `package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("goferry self-test")\n}\n`;

/** A toolchain whose commands are shell scripts that pass the self-test, and say which version they are. */
export function scriptedToolchain(go: string, platform = "linux/amd64", more: Files = {}): LayeredToolchain {
  const command = `#!/bin/sh
case "$1 $2" in
"version "*) echo "go version go${go} ${platform}" ;;
"env GOROOT") file=$(PATH=/usr/bin:/bin readlink -f "$0") && echo "\${file%/bin/go}" ;;
"env GOTOOLCHAIN") echo path ;;
"env -json") echo '{"GOENV": ""}' ;;
"tool "*) echo "$2 version go${go}" ;;
*) exit 1 ;;
esac
`;
  const files = {
    VERSION: `go${go}\n`,
    "go.env": "# defaults\nGOPROXY=https://proxy.example.com\nGOSUMDB=sum.example.com\nGOTOOLCHAIN=auto\n",
    "bin/go": command,
    "bin/gofmt": `#!/bin/sh\n/bin/cat <<'END'\n${FORMATTED}END\n`,
    "src/go.mod": "module std\n",
    "src/fmt/print.go": "package fmt\n",
    ...more,
  };
  return { go, platform, files };
}
