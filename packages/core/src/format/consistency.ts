// What schemas of single fields cannot say about the contents of a bundle: order, references, and that every statement
// fits its neighbours. Some of it is security: a proof in the checksum database shows that bytes are the module they
// are called, so what is unpacked as Go 1.27.1 must be called golang.org/toolchain of 1.27.1 and nothing else, and no
// layer may hold files that no unit answers for. FORMAT.md section 4.

import { compareGoVersions, TOOLCHAIN_PATH, toolchainVersion } from "../gomodule/go-version.ts";
import { MAX_RATIO, RATIO_ALLOWANCE_BYTES } from "../limits.ts";

/** Bytes of a layer, compressed, that one chunk digest covers; the last chunk may be shorter. */
export const CHUNK_BYTES = 1 << 20;

interface LayerShape {
  kind: "sdk" | "mod" | "log";
  go?: string | undefined;
  platform?: string | undefined;
  digest: string;
  size: number;
  tarSize: number;
  chunks: readonly string[];
}

interface UnitBase {
  path: string;
  version: string;
  layers: readonly number[];
  evidence: "private" | { h1?: string | undefined };
}

type UnitShape = UnitBase &
  (
    | { kind: "toolchain"; go: string; platform: string }
    | { kind: "module" | "gomod"; neededBy: readonly number[] }
  );

/** The part of the contents that is looked at. Each field has been checked by itself, and may have failed. */
export interface ContentsShape {
  created: string;
  serial: number;
  expires?: string | undefined;
  go: readonly string[];
  platforms: readonly string[];
  request: { projects: readonly unknown[]; modules: readonly unknown[]; tools: readonly unknown[] };
  log?: unknown;
  layers: readonly LayerShape[];
  units: readonly UnitShape[];
}

/** The first rule that the contents break, as `where: what is expected`, or undefined. */
export function inconsistency(contents: ContentsShape): string | undefined {
  return (
    inHead(contents) ?? inLayers(contents) ?? inUnits(contents) ?? inNeeds(contents) ?? inToolchains(contents)
  );
}

function inHead({ created, serial, expires, go, platforms, log, units }: ContentsShape): string | undefined {
  if (Date.parse(created) !== serial * 1000) return "serial: created in seconds since 1970";
  if (expires !== undefined && Date.parse(expires) <= Date.parse(created)) return "expires: after created";
  if (!go.every((each, i) => i === 0 || compareGoVersions(go[i - 1] ?? "", each) > 0))
    return "go: newest first, each once";
  if (!isAscending(platforms)) return "platforms: sorted, each once";
  if (units.some(({ evidence }) => evidence !== "private") !== (log !== undefined)) {
    return "log: present exactly when a unit has evidence in it";
  }
  return undefined;
}

function inLayers({ go, platforms, log, layers, units }: ContentsShape): string | undefined {
  if (new Set(layers.map(({ digest }) => digest)).size !== layers.length) return "layers: each digest once";
  const used = new Set(units.flatMap((unit) => unit.layers));
  for (const [i, layer] of layers.entries()) {
    const at = `layers.${i}`;
    if (layer.chunks.length !== Math.ceil(layer.size / CHUNK_BYTES)) return `${at}.chunks: one for each MiB`;
    if ((layer.kind === "sdk") !== (layer.go !== undefined)) return `${at}.go: present exactly with kind sdk`;
    if (layer.go !== undefined && !go.includes(layer.go)) return `${at}.go: one of go`;
    if (layer.platform !== undefined && (layer.kind !== "sdk" || !platforms.includes(layer.platform))) {
      return `${at}.platform: one of platforms, and only with kind sdk`;
    }
    if (layer.kind === "log" && (log === undefined || i + 1 < layers.length)) {
      return `${at}: one of kind log at most, the last, and only with log`;
    }
    if (layer.kind !== "log" && !used.has(i)) return `${at}: the layer of a unit`;
  }
  const most = MAX_RATIO * sum(layers.map(({ size }) => size)) + RATIO_ALLOWANCE_BYTES;
  if (sum(layers.map(({ tarSize }) => tarSize)) > most) return `layers: tar streams of at most ${most} bytes`;
  return undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function inUnits({ layers, units }: ContentsShape): string | undefined {
  if (!isAscending(units.map(({ kind, path, version }) => `${kind}\0${path}\0${version}`))) {
    return "units: sorted by kind, path and version, each once";
  }
  const names = new Set(units.map(({ path, version }) => `${path}@${version}`));
  if (names.size !== units.length) return "units: each module version once, whatever its kind";
  for (const [i, unit] of units.entries()) {
    const expected = layersOf(unit, layers);
    if (unit.layers.join() !== expected.join()) return `units.${i}.layers: all layers of its kind`;
    const hasH1 = unit.evidence !== "private" && unit.evidence.h1 !== undefined;
    if (unit.evidence !== "private" && hasH1 !== (unit.kind === "gomod")) {
      return `units.${i}.evidence.h1: present exactly with kind gomod`;
    }
    if ((unit.kind === "toolchain") !== (unit.path === TOOLCHAIN_PATH)) {
      return `units.${i}.path: ${TOOLCHAIN_PATH} exactly with kind toolchain`;
    }
    if (unit.kind === "toolchain") {
      const version = toolchainVersion(unit.go, unit.platform);
      if (unit.version !== version) return `units.${i}.version: ${version}`;
    }
  }
  return undefined;
}

function inNeeds({ request: { projects, modules, tools }, units }: ContentsShape): string | undefined {
  const count = projects.length + modules.length + tools.length;
  for (const [i, unit] of units.entries()) {
    if (unit.kind === "toolchain") continue;
    const { neededBy } = unit;
    if (!neededBy.every((each, at) => each < count && (at === 0 || (neededBy[at - 1] ?? 0) < each))) {
      return `units.${i}.neededBy: ascending indexes, each once, of the ${count} entries of the request`;
    }
  }
  return undefined;
}

/** Toolchains are in every layer that a host of their platform unpacks to their GOROOT; modules are in one of their choice. */
function layersOf(unit: UnitShape, layers: readonly LayerShape[]): number[] {
  if (unit.kind !== "toolchain") {
    const [only = -1] = unit.layers;
    return layers[only]?.kind === "mod" ? [only] : [];
  }
  return layers.flatMap(({ go, platform = unit.platform }, i) =>
    go === unit.go && platform === unit.platform ? [i] : [],
  );
}

function inToolchains({ go, platforms, units }: ContentsShape): string | undefined {
  const there = new Set(units.flatMap((unit) => (unit.kind === "toolchain" ? [unit.version] : [])));
  const wanted = go.flatMap((each) => platforms.map((platform) => toolchainVersion(each, platform)));
  const missing = wanted.find((version) => !there.has(version));
  if (missing !== undefined) return `units: ${TOOLCHAIN_PATH}@${missing}`;
  return there.size === wanted.length ? undefined : "units: toolchains of go and platforms only";
}

function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, i) => i === 0 || (texts[i - 1] ?? "") < text);
}
