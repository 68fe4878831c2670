// What the contents say, asked for: names of units, and which of them and which layers belong together. Apart from the
// schema, because the threads that unpack get contents that were read already.

import type { Contents, Unit } from "./contents.ts";

/** `path@version`, as Go writes a module. */
export function unitName({ path, version }: { path: string; version: string }): string {
  return `${path}@${version}`;
}

/** Whether go asks the checksum database for this unit; toolchains are not asked for where goferry put them. */
export function isLookedUp({ kind, evidence }: Pick<Unit, "kind" | "evidence">): boolean {
  return kind !== "toolchain" && evidence !== "private";
}

/** The units that have files in a layer; for the log layer, those whose records its tiles hold. */
export function unitsOfLayer({ units, layers }: Contents, index: number): Unit[] {
  if (layers[index]?.kind === "log") return units.filter(isLookedUp);
  return units.filter((unit) => unit.layers.includes(index));
}

/** The layers that a host of this platform needs, as indexes. */
export function layersFor({ layers }: Pick<Contents, "layers">, platform: string): number[] {
  return layers.flatMap((layer, i) =>
    layer.platform === undefined || layer.platform === platform ? [i] : [],
  );
}

/** The units that a host of this platform needs. */
export function unitsFor({ units }: Pick<Contents, "units">, platform: string): Unit[] {
  return units.filter((unit) => unit.kind !== "toolchain" || unit.platform === platform);
}
