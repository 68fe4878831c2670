// The state of a root once a bundle is installed in it. Pure: nothing is looked up.

import { compareVersions, unitsFor } from "@goferry/core";
import type { Host } from "../host.ts";
import type { InstallOptions } from "../install.ts";
import type { InstalledBundle, InstalledUnit, State } from "../transaction/state.ts";
import type { Demand } from "./demand.ts";

export interface StateChange {
  wanted: Demand;
  options: Pick<InstallOptions, "bundle" | "zips">;
  host: Pick<Host, "platform" | "now">;
}

export function stateAfter(before: State, { wanted, options, host }: StateChange): State {
  const { contents } = options.bundle;
  const newSdks = wanted.units.flatMap((unit) =>
    unit.kind === "toolchain" ? [{ version: unit.go, platform: unit.platform, h1: unit.h1 }] : [],
  );
  const sdks = [...before.sdks, ...newSdks];
  const newest = [...new Set(sdks.map(({ version }) => version))].sort(newestFirst)[0] ?? null;
  return {
    ...before,
    generation: before.generation + 1,
    sdks,
    // A version that somebody chose stays, unless something newer comes.
    current: newSdks.length > 0 || before.current === null ? newest : before.current,
    bundles: withBundle(before.bundles, describe(options, host)),
    units: mergeUnits(before.units, unitsFor(contents, host.platform).flatMap(installedUnit)),
    logHead: contents.log?.head ?? before.logHead,
  };
}

/** Go versions as semantic versions: 1.27rc1 is a pre-release of 1.27.0. */
function newestFirst(a: string, b: string): number {
  const semantic = (version: string): string =>
    `v${version.replace(/^(\d+\.\d+)(rc|beta)(\d+)$/, "$1.0-$2.$3")}`;
  return compareVersions(semantic(b), semantic(a));
}

function describe({ bundle, zips }: StateChange["options"], host: Pick<Host, "now">): InstalledBundle {
  const { contents, indexDigest, signatures } = bundle;
  return {
    name: contents.name,
    serial: contents.serial,
    indexDigest,
    installedAt: host.now().toISOString(),
    signers: signatures.map(({ fingerprint }) => fingerprint),
    projects: contents.request.projects.map(({ name }) => name),
    zips,
  };
}

/** A bundle that is installed again keeps its place and its time. */
function withBundle(bundles: readonly InstalledBundle[], added: InstalledBundle): InstalledBundle[] {
  const known = bundles.find(({ indexDigest }) => indexDigest === added.indexDigest);
  const zips = known?.zips === true || added.zips;
  const others = bundles.filter((each) => each !== known);
  return [...others, { ...(known ?? added), zips }];
}

function installedUnit(unit: ReturnType<typeof unitsFor>[number]): InstalledUnit[] {
  if (unit.kind === "toolchain") return [];
  const { kind, path, version, modH1, evidence } = unit;
  const h1 = unit.kind === "module" ? unit.h1 : null;
  return [{ kind, path, version, h1, modH1, private: evidence === "private" }];
}

/** A version of which only the go.mod was there becomes a whole module, and never the other way round. */
function mergeUnits(before: readonly InstalledUnit[], added: readonly InstalledUnit[]): InstalledUnit[] {
  const units = new Map(before.map((unit) => [`${unit.path}@${unit.version}`, unit]));
  for (const unit of added) {
    const key = `${unit.path}@${unit.version}`;
    if (unit.kind === "module" || !units.has(key)) units.set(key, unit);
  }
  return [...units.values()];
}
