// What has to be done about each difference that a check has found: what can be made again from the state, what is only a
// mode or a stranger, and what has to come from a bundle.

import { join } from "node:path";
import { toolchainModule, unitName } from "@goferry/core";
import type { Difference } from "../check/difference.ts";
import { generatedOf, type Place } from "../check/installed.ts";
import type { TimeDrift } from "../check/tree-check.ts";
import { TILES } from "../extract/file-sink.ts";
import { isBelow } from "../fs.ts";
import type { Layout } from "../layout.ts";
import type { Generated } from "../plan/generated.ts";
import { plainGoEnvName, sumsName } from "../plan/unit-files.ts";
import type { State } from "../transaction/state.ts";

export interface RepairPlan {
  /** Small things that follow from the state. */
  generated: Generated[];
  /** Folders that others may write to. */
  folders: string[];
  /** Files whose content is right, and whose mode or owner is not; with the mode that they shall have. */
  copies: Map<string, number>;
  /** Files whose content is right, and when they can have been written, in ms since 1970: a quick check goes by it. */
  times: Map<string, number>;
  /** What is not ours, and can be run or built in. */
  extras: string[];
  /** What was changed outside of the root, by its path, or by key and name of a value of Windows' registry. */
  outside: string[];
  /** bin/goferry. */
  program: boolean;
  /** By unit, `path@version`: what of it has to come from a bundle; "tiles" for those of the checksum database. */
  fromBundle: Map<string, Difference[]>;
  /** What no repair can mend. */
  hopeless: Difference[];
}

export const TILES_UNIT = "tiles of the checksum database";

/** The goferry in bin/, and what it is compared with. */
export function programFiles(at: Layout): readonly string[] {
  return [at.goferry, join(at.units, sumsName("goferry"))];
}

export async function planRepair(
  place: Place,
  state: State,
  { differences, times }: { differences: readonly Difference[]; times: readonly TimeDrift[] },
): Promise<RepairPlan> {
  const generated = new Map((await generatedOf(place, state)).map((each) => [each.path, each]));
  const outside = new Set([
    ...state.outside.map(({ path }) => path),
    ...(state.registry ?? []).map(({ key, name }) => `${key}\\${name}`),
  ]);
  const plan: RepairPlan = {
    generated: [],
    folders: [],
    copies: new Map(),
    times: new Map(times.map(({ difference, written }) => [difference.subject, written])),
    extras: [],
    outside: [],
    program: false,
    fromBundle: new Map(),
    hopeless: [],
  };
  const wrongContent = new Set(
    differences.filter(({ aspect }) => !ONLY_ABOUT_IT.has(aspect)).map(({ subject }) => subject),
  );
  const made = new Set<string>();
  for (const each of differences) {
    if (each.level !== "refuse") continue;
    const { subject, aspect } = each;
    const status = await place.fs.lstat(subject);
    const byState = generated.get(subject);
    if (aspect === "extra") plan.extras.push(subject);
    else if (outside.has(subject)) plan.outside.push(subject);
    else if (byState !== undefined) {
      if (!made.has(subject)) plan.generated.push(byState);
      made.add(subject);
    } else if (status?.kind === "folder" && aspect === "mode") plan.folders.push(subject);
    else if (status?.kind === "folder" && aspect === "owner") plan.hopeless.push(each);
    else if (status?.kind === "file" && ONLY_ABOUT_IT.has(aspect)) {
      if (!wrongContent.has(subject)) addCopy(plan, each, status.mode);
    } else if (programFiles(place.at).includes(subject)) plan.program = true;
    else needFromBundle(place, state, { plan, each });
  }
  return plan;
}

/** Of files that are not copied for another reason. */
export function timesInPlace({ times, copies }: RepairPlan): [string, number][] {
  return [...times].filter(([path]) => !copies.has(path));
}

const ONLY_ABOUT_IT: ReadonlySet<string> = new Set(["mode", "owner", "time"]);

/** The expected mode of a difference of modes is "mode 0755"; beside one of owners the mode is right. */
function addCopy({ copies }: RepairPlan, { aspect, subject, expected = "" }: Difference, mode: number): void {
  const wanted = aspect === "mode" ? Number.parseInt(expected.replace("mode ", ""), 8) : mode & 0o755;
  if (aspect === "mode" || !copies.has(subject)) copies.set(subject, wanted);
}

function needFromBundle(
  { at }: Place,
  state: State,
  { plan, each }: { plan: RepairPlan; each: Difference },
): void {
  const places = [join(at.download, "sumdb"), join(at.units, TILES)];
  const isTile = places.some((folder) => isBelow(folder, each.subject));
  const unit = each.unit ?? (isTile ? TILES_UNIT : unitOfPath(at.units, state, each.subject));
  if (unit === undefined) plan.hopeless.push(each);
  else plan.fromBundle.set(unit, [...(plan.fromBundle.get(unit) ?? []), each]);
}

/** Of a go.env as it came, or the go.env that cannot be made without it. */
function unitOfPath(units: string, { sdks }: State, path: string): string | undefined {
  return sdks
    .map(({ version, platform }) => unitName(toolchainModule(version, platform)))
    .find((unit) => join(units, plainGoEnvName(unit)) === path);
}
