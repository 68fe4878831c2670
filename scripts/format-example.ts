// Writes the worked example of packages/core/FORMAT.md anew: `node scripts/format-example.ts`. Needed only when the format
// changes: keys and compressed bytes are other ones each time, and what readers of the document have copied is void.

import { readFile, writeFile } from "node:fs/promises";
import {
  digestOf,
  dirhash,
  fileMode,
  goModHash,
  infoFile,
  modulePlace,
  readTrustedKey,
  sdkPlace,
  sha256Hex,
  signedDocuments,
  toolchainHashName,
  toolchainModule,
  zipHashFile,
  zipPrefix,
  type Contents,
  type Layer,
  type Unit,
} from "../packages/core/src/index.ts";
import { generateKey, keySigner, unlockKey } from "../packages/bundler/src/index.ts";
import { layerFacts, testTar, testZstd, type LayerFile } from "../test/kit/changed-bundle.ts";
import { checksumLog } from "../test/kit/checksum-log.ts";
import { exampleBlocks, withBlocks, type ExampleParts } from "../test/kit/format-example.ts";
import { evidenceOf } from "../test/kit/small-bundle.ts";

const FORMAT = new URL("../packages/core/FORMAT.md", import.meta.url);
const NOW = new Date("2026-11-21T05:00:00Z");
const GO = "1.27.1";
const PLATFORM = "linux/amd64";

const COMMON = { VERSION: `go${GO}\n`, "src/go.mod": "module std\n" };
const OWN = { "bin/go": "not a real go command\n" };
const MODULE = { path: "example.com/Hello", version: "v1.0.0" };
const TREE = { "go.mod": "module example.com/Hello\n", "hello.go": "package hello\n" };
const GOMOD = { path: "example.com/graph", version: "v0.1.0" };

type Files = Record<string, string>;
type MadeLayer = { bytes: Uint8Array; layer: Layer };

function makeLayer(kind: Pick<Layer, "kind" | "go" | "platform">, files: Files): MadeLayer {
  const entries = Object.entries(files)
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([path, text]): LayerFile => {
      const mode = kind.kind === "sdk" ? fileMode(path.slice(sdkPlace(GO).length)) : 0o644;
      return { path, mode, content: Buffer.from(text) };
    });
  const tar = testTar(entries);
  const bytes = testZstd(tar);
  return { bytes, layer: { ...kind, ...layerFacts(bytes, tar, entries.length) } };
}

function below(folder: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [folder + name, text]));
}

function hashOf(module: { path: string; version: string }, files: Files): string {
  const prefix = zipPrefix(module);
  return dirhash(
    Object.entries(files).map(([name, text]) => ({
      name: prefix + name,
      sha256: sha256Hex(Buffer.from(text)),
    })),
  );
}

function totals(files: Files): { size: number; files: number } {
  const texts = Object.values(files);
  return { size: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0), files: texts.length };
}

function makeLayersAndUnits(): { layers: MadeLayer[]; units: Unit[] } {
  const toolchain = toolchainModule(GO, PLATFORM);
  const goroot = { ...COMMON, ...OWN };
  const zip = Object.fromEntries(
    Object.entries(goroot).map(([name, text]) => [toolchainHashName(name), text]),
  );
  const [place, graph] = [modulePlace(MODULE), modulePlace(GOMOD)];
  const h1 = hashOf(MODULE, TREE);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  const moduleFiles = {
    ...below(place.tree, TREE),
    [place.info]: text(infoFile(MODULE)),
    [place.mod]: TREE["go.mod"],
    [place.ziphash]: text(zipHashFile(h1)),
  };
  const goMod = `module ${GOMOD.path}\n`;
  const graphFiles = { [graph.info]: text(infoFile(GOMOD)), [graph.mod]: goMod };
  const evidence = "private";
  const modH1 = (content: string): string => goModHash(Buffer.from(content));
  return {
    layers: [
      makeLayer({ kind: "sdk", go: GO }, below(sdkPlace(GO), COMMON)),
      makeLayer({ kind: "sdk", go: GO, platform: PLATFORM }, below(sdkPlace(GO), OWN)),
      makeLayer({ kind: "mod" }, { ...moduleFiles, ...graphFiles }),
    ],
    units: [
      {
        kind: "gomod",
        ...GOMOD,
        modH1: modH1(goMod),
        ...totals(graphFiles),
        neededBy: [0],
        layers: [2],
        evidence,
      },
      {
        kind: "module",
        ...MODULE,
        h1,
        modH1: modH1(TREE["go.mod"]),
        ...totals(moduleFiles),
        neededBy: [0],
        layers: [2],
        evidence,
      },
      {
        kind: "toolchain",
        ...toolchain,
        h1: hashOf(toolchain, zip),
        modH1: modH1("module golang.org/toolchain\n"),
        ...totals(goroot),
        layers: [0, 1],
        evidence,
      },
    ],
  };
}

async function makeParts(): Promise<ExampleParts> {
  const { layers, units } = makeLayersAndUnits();
  const log = checksumLog();
  log.add({ path: "example.com/other", version: "v1.0.0" });
  const ids = units.map((unit) => log.add(unit));
  const proven: Unit[] = [];
  for (const [i, unit] of units.entries()) {
    proven.push({ ...unit, evidence: await evidenceOf(log, ids[i] ?? -1, unit) });
  }
  const contents: Contents = {
    contentsVersion: 1,
    name: "example",
    created: NOW.toISOString().replace(".000", ""),
    serial: NOW.getTime() / 1000,
    go: [GO],
    platforms: [PLATFORM],
    request: {
      go: ["stable"],
      platforms: [PLATFORM],
      projects: [
        {
          name: "app",
          modules: ["example.com/app"],
          files: [{ path: "go.mod", digest: digestOf(Buffer.from("module example.com/app\n")) }],
          tags: [],
          packages: ["./..."],
        },
      ],
      modules: [`${MODULE.path}@${MODULE.version}`],
      tools: [],
    },
    log: { name: "sum.example.com", head: log.head() },
    layers: layers.map(({ layer }) => layer),
    units: proven,
  };
  const readme = "The worked example of FORMAT.md.\n";
  const pair = await generateKey({ name: "Example", email: "example@example.com", now: NOW });
  await readTrustedKey(Buffer.from(pair.publicKey));
  const signer = keySigner(await unlockKey(pair.privateKey));
  const signature = await signer.sign(signedDocuments(contents, Buffer.from(readme)).index.bytes, NOW);
  const [publicKey, armored] = [pair.publicKey, signature].map((text) => text.replaceAll("\r\n", "\n"));
  return {
    logKey: log.vkey,
    publicKey: publicKey ?? "",
    readme,
    contents,
    layers: layers.map(({ bytes }) => bytes),
    signature: armored ?? "",
  };
}

const parts = await makeParts();
await writeFile(FORMAT, withBlocks(await readFile(FORMAT, "utf8"), exampleBlocks(parts)));
console.log(`packages/core/FORMAT.md: ${digestOf(Buffer.from(parts.signature))}`);
