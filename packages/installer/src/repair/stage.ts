// What a repair puts in place, written into staging.

import { constants, createWriteStream } from "node:fs";
import { mkdir, open, utimes } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Place } from "../check/installed.ts";
import { addBlock } from "../configure/profile-block.ts";
import { mendRegistry, recordRegistry } from "../configure/windows/record.ts";
import type { Host } from "../host.ts";
import { ioError } from "../node-fs.ts";
import type { Generated } from "../plan/generated.ts";
import { stageExecutable } from "../plan/stage-bin.ts";
import { sumsName } from "../plan/unit-files.ts";
import type { EditRequest, Prepared } from "../transaction/describe.ts";
import type { RegistryRecord, State } from "../transaction/state.ts";
import type { RegistryChange } from "../windows/system.ts";
import { takePlace, type Changes, type StageRepair } from "./changes.ts";
import { stageFromBundle } from "./from-bundle.ts";
import { timesInPlace, type RepairPlan } from "./plan.ts";

export async function stageRepair(request: StageRepair, plan: RepairPlan): Promise<Prepared> {
  const { host, place, state, options } = request;
  const changes: Changes = { place: [], remove: [...plan.extras], replace: [], edits: [] };
  // Only takes rights away that others should not have; so it is done at once, and needs no way back.
  for (const folder of plan.folders) await closeFolder(folder);
  const times = timesInPlace(plan);
  for (const [path, written] of times) await setTime(path, written);
  for (const [path, mode] of plan.copies)
    await stageCopy(request, { path, mode, written: plan.times.get(path) }, changes);
  for (const each of plan.generated) await stageGenerated(request, each, changes);
  if (plan.fromBundle.size > 0) await stageFromBundle(request, plan, changes);
  if (plan.program && host.executablePath !== undefined)
    await stageProgram(request, { path: host.executablePath, size: host.executableSize }, changes);
  changes.edits.push(...(await outsideEdits(place, state, plan.outside)));
  const registry = await registryRepair(host, place, { state, names: plan.outside });
  const { bundle } = options;
  const units = [...plan.fromBundle.keys()].slice(0, 5).join(", ");
  const inPlace = plan.extras.length + times.length;
  const { place: placed, replace, edits } = changes;
  const count = placed.length + replace.length + edits.length + registry.changes.length + inPlace;
  return {
    state: registry.changes.length === 0 ? state : { ...state, registry: registry.records },
    ...changes,
    registry: registry.changes,
    audit: {
      action: "repair",
      subject: `${count} files${units === "" ? "" : `: ${units}`}`,
      result: "done",
      bundle: bundle?.opened.indexDigest ?? null,
      signers: bundle?.opened.signatures.map(({ fingerprint }) => fingerprint) ?? [],
    },
  };
}

/** Values of Windows' registry that shall be again as goferry left them, and what the state then says of them. */
export async function registryRepair(
  { windows, env }: Pick<Host, "windows" | "env">,
  { at }: Place,
  { state, names }: { state: State; names: readonly string[] },
): Promise<{ changes: RegistryChange[]; records: RegistryRecord[] }> {
  const known = state.registry ?? [];
  const wanted = known.filter(({ key, name }) => names.includes(`${key}\\${name}`));
  if (windows === undefined || wanted.length === 0) return { changes: [], records: known };
  const { registry } = windows.system;
  const changes = await mendRegistry({ registry, env, bin: at.bin }, wanted);
  return { changes, records: await recordRegistry({ registry }, known, changes) };
}

/** Where others may write, somebody may have put a link in its place since it was looked at: that is not followed. */
async function closeFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(
      folder,
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    await handle.chmod(0o755);
  } catch (error) {
    throw ioError(error, "change the mode of", folder);
  }
}

/** The content was found right, so it can be no other than what was written then. */
async function setTime(file: string, written: number): Promise<void> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const time = new Date(written);
    await handle.utimes(time, time);
  } catch (error) {
    throw ioError(error, "set the time of", file);
  }
}

/**
 * The same bytes and time, with the mode and the owner that they should have. Who may write the file may do so now: it is
 * compared once more when it is in place (repair.ts).
 */
async function stageCopy(
  { place, staging }: StageRepair,
  { path, mode, written }: { path: string; mode: number; written: number | undefined },
  changes: Changes,
): Promise<void> {
  const from = join(staging, "copies", relative(place.at.root, path));
  try {
    await mkdir(dirname(from), { recursive: true });
    // A copy by the system would belong to whom the file belongs.
    await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { atime, mtime } = await handle.stat();
    const bytes = handle.createReadStream({ autoClose: false });
    await pipeline(bytes, createWriteStream(from, { flags: "wx" }));
    await utimes(from, atime, written === undefined ? mtime : new Date(written));
  } catch (error) {
    throw ioError(error, "copy", path);
  }
  await place.fs.chmod(from, mode);
  await takePlace(place, { from, to: path }, changes);
}

/** In one step where the same kind of thing is there; else what is in the way goes first. */
async function stageGenerated(
  { place, staging }: StageRepair,
  each: Generated,
  changes: Changes,
): Promise<void> {
  const { fs, at, owners } = place;
  const { path } = each;
  const status = await fs.lstat(path);
  const kind = "link" in each ? "link" : "file";
  if (status === null || (status.kind === kind && owners.includes(status.uid))) {
    changes.edits.push("link" in each ? each : { ...each, mode: 0o644 });
    return;
  }
  const from = join(staging, "made", relative(at.root, path));
  await mkdir(dirname(from), { recursive: true }).catch((error: unknown) => {
    throw ioError(error, "make", dirname(from));
  });
  if ("link" in each) await fs.symlink(each.link, from);
  else await fs.createFile(from, each.file, { mode: 0o644 });
  await takePlace(place, { from, to: path }, changes);
}

async function stageProgram(
  { place: { at }, staging }: StageRepair,
  source: { path: string; size: number | undefined },
  { replace, edits }: Changes,
): Promise<void> {
  const staged = await stageExecutable(source, at, staging);
  replace.push(staged.move);
  edits.push({ path: join(at.units, sumsName("goferry")), file: Buffer.from(staged.sums) });
}

export async function outsideEdits(
  { fs, at }: Place,
  { outside }: State,
  paths: readonly string[],
): Promise<EditRequest[]> {
  const edits: EditRequest[] = [];
  for (const { path, kind } of outside) {
    if (!paths.includes(path)) continue;
    if (kind === "link") edits.push({ path, link: join(at.bin, basename(path)) });
    else {
      const now = (await fs.readFile(path)) ?? undefined;
      edits.push({ path, file: addBlock(now, { root: at.root, syntax: kind }, path) });
    }
  }
  return edits;
}
