// The state of a root once a bundle is installed in it. Pure: nothing is looked up.

import { newestGoFirst, openTreeHead, unitName, unitsFor, type OpenedBundle, type Unit } from "@goferry/core";
import { followLog } from "../log-history.ts";
import type { Host } from "../host.ts";
import type { InstallOptions } from "../install.ts";
import type { InstalledBundle, InstalledUnit, SerialMark, State } from "../transaction/state.ts";
import type { Demand } from "./demand.ts";

export interface StateChange {
  wanted: Demand;
  options: Pick<InstallOptions, "bundle" | "zips" | "direct" | "allowPrivate" | "logKey">;
  host: Pick<Host, "platform" | "now">;
}

export function stateAfter(before: State, { wanted, options, host }: StateChange): State {
  const { contents, indexDigest } = options.bundle;
  const { selected } = wanted;
  const units = mergeUnits(
    before.units,
    selected.flatMap((unit) => installedUnit(unit, indexDigest)),
  );
  const newSdks = wanted.units.flatMap((unit) => installedSdk(unit, indexDigest));
  const held = new Set(selected.flatMap((unit) => (unit.kind === "toolchain" ? [unit.go] : [])));
  const sdks = [
    ...before.sdks.map((sdk) =>
      held.has(sdk.version) ? { ...sdk, bundles: heldBy(sdk.bundles, indexDigest) } : sdk,
    ),
    ...newSdks,
  ];
  return {
    ...before,
    generation: before.generation + 1,
    sdks,
    current: currentAfter(before, newSdks),
    bundles: withBundle(before.bundles, describe(options, host, { sdks, units })),
    units,
    serials: markSerial(before.serials, options.bundle),
    privatePatterns: union(before.privatePatterns, options.allowPrivate),
    direct: union(before.direct, options.direct),
    log: followLog(contents, before, options.logKey)?.after ?? before.log,
  };
}

/** A version that somebody chose stays, unless one comes that is newer than all that were there to choose from. */
function currentAfter({ sdks, current }: State, added: State["sdks"]): string | null {
  const old = newestOf(sdks);
  const fresh = newestOf(added);
  if (current === null) return newestOf([...sdks, ...added]);
  return fresh !== null && (old === null || newestGoFirst(fresh, old) < 0) ? fresh : current;
}

function newestOf(sdks: State["sdks"]): string | null {
  return sdks.map(({ version }) => version).toSorted(newestGoFirst)[0] ?? null;
}

function union(before: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...before, ...added])].toSorted();
}

function describe(
  { bundle, zips, logKey }: StateChange["options"],
  host: StateChange["host"],
  there: Pick<State, "sdks" | "units">,
): InstalledBundle {
  const { contents, indexDigest, signatures } = bundle;
  const lacks = lacking(unitsFor(contents, host.platform), there);
  const { projects } = contents.request;
  return {
    name: contents.name,
    serial: contents.serial,
    indexDigest,
    installedAt: host.now().toISOString(),
    ...(contents.expires === undefined ? {} : { expires: contents.expires }),
    signers: signatures.map(({ fingerprint }) => fingerprint),
    treeSize: contents.log === undefined ? null : openTreeHead(contents.log.head, logKey).size,
    projects: projects
      .filter((_, i) => lacks.every((unit) => unit.kind === "toolchain" || !unit.neededBy.includes(i)))
      .map(({ name }) => name),
    complete: lacks.length === 0,
    zips,
  };
}

/** The units that are not installed, or only their go.mod. */
function lacking(units: readonly Unit[], there: Pick<State, "sdks" | "units">): Unit[] {
  const sdks = new Set(there.sdks.map(({ version }) => version));
  const modules = new Map(there.units.map((unit) => [unitName(unit), unit.kind]));
  return units.filter((unit) => {
    if (unit.kind === "toolchain") return !sdks.has(unit.go);
    const kind = modules.get(unitName(unit));
    return kind === undefined || (unit.kind === "module" && kind === "gomod");
  });
}

/** Only ever raised: an older bundle that was allowed in leaves the mark where it is. */
function markSerial(
  marks: readonly SerialMark[],
  { contents: { name, serial }, indexDigest }: OpenedBundle,
): SerialMark[] {
  const known = marks.find((mark) => mark.name === name);
  if (known !== undefined && known.serial >= serial) return [...marks];
  return [...marks.filter((mark) => mark !== known), { name, serial, indexDigest }];
}

/** A bundle that is installed again keeps its place and its time, and has what it has by now. */
function withBundle(bundles: readonly InstalledBundle[], added: InstalledBundle): InstalledBundle[] {
  const known = bundles.find(({ indexDigest }) => indexDigest === added.indexDigest);
  const zips = known?.zips === true || added.zips;
  const others = bundles.filter((each) => each !== known);
  const { projects, complete } = added;
  return [...others, { ...(known ?? added), projects, complete, zips }];
}

function heldBy(before: readonly string[], bundle: string): string[] {
  return [...new Set([...before, bundle])];
}

function installedSdk(unit: Unit, bundle: string): State["sdks"] {
  // checkEvidence accepts no toolchain without a record.
  if (unit.kind !== "toolchain" || unit.evidence === "private") return [];
  const { go: version, platform, h1, size, evidence } = unit;
  return [{ version, platform, h1, size, record: { id: evidence.id }, bundles: [bundle] }];
}

function installedUnit(unit: Unit, bundle: string): InstalledUnit[] {
  if (unit.kind === "toolchain") return [];
  const { kind, path, version, modH1, evidence, size } = unit;
  const h1 = unit.kind === "module" ? unit.h1 : null;
  return [{ kind, path, version, h1, modH1, record: recordOf(h1, evidence), size, bundles: [bundle] }];
}

/** The schema of the contents has seen to it that one of the two hashes is there. */
function recordOf(h1: string | null, evidence: Unit["evidence"]): InstalledUnit["record"] {
  return evidence === "private" ? null : { id: evidence.id, h1: h1 ?? evidence.h1 ?? "" };
}

/** A version of which only the go.mod was there becomes a whole module, and never the other way round. */
function mergeUnits(before: readonly InstalledUnit[], added: readonly InstalledUnit[]): InstalledUnit[] {
  const units = new Map(before.map((unit) => [`${unit.path}@${unit.version}`, unit]));
  for (const unit of added) {
    const key = `${unit.path}@${unit.version}`;
    const known = units.get(key);
    const whole = known !== undefined && unit.kind === "gomod" ? known : unit;
    units.set(key, { ...whole, bundles: [...new Set([...(known?.bundles ?? []), ...unit.bundles])] });
  }
  return [...units.values()];
}
