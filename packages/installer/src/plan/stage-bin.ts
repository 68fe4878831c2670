// bin/ of a root: the launchers and links that a state asks for, and the goferry that goes there with them.

import { createReadStream, createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { chmod, copyFile, mkdir, stat, utimes } from "node:fs/promises";
import { launchers } from "../configure/launchers.ts";
import type { HostFs } from "../fs.ts";
import type { Host } from "../host.ts";
import { layout, type Layout } from "../layout.ts";
import { ioError } from "../node-fs.ts";
import type { Move } from "../transaction/journal.ts";
import type { State } from "../transaction/state.ts";
import { fileSha256, isSameFile } from "./same-file.ts";
import { fileSystemTime, sumsName, sumsText } from "./unit-files.ts";

/** A file of state/units/ that, other than the rest, may be there already and change. */
export interface KeptFile {
  name: string;
  text: string;
}

interface Bin {
  links: { path: string; link: string }[];
  replace: Move[];
  kept: KeptFile[];
}

/** What bin/ needs for the state; files that it lacks, or has others of, are in staging then. */
export async function stageBin(
  {
    host,
    at,
    staging,
  }: { host: Pick<Host, "executablePath" | "executableSize">; at: Layout; staging: string },
  state: Pick<State, "sdks">,
): Promise<Bin> {
  const versions = state.sdks.map(({ version }) => version);
  const entries = launchers({ versions, goferry: host.executablePath });
  const links = entries.flatMap((entry) =>
    entry.kind === "link" ? [{ path: join(at.bin, entry.name), link: entry.target }] : [],
  );
  const files = entries.filter((entry) => entry.kind === "file");
  const replace: Move[] = [];
  const kept: KeptFile[] = [];
  for (const entry of files) {
    const staged = await stageExecutable({ path: entry.source, size: host.executableSize }, at, staging);
    if (staged === null) continue;
    replace.push(staged.move);
    kept.push({ name: sumsName(entry.name), text: staged.sums });
  }
  return { links, replace, kept };
}

/** goferry itself; null if the root has the same one. Its sums are those of state/units/. */
export async function stageExecutable(
  { path: source, size: programSize }: { path: string; size: number | undefined },
  at: Layout,
  staging: string,
): Promise<{ move: Move; sums: string } | null> {
  const to = at.goferry;
  if (await isSameFile(source, to, programSize)) return null;
  const from = layout(staging).goferry;
  try {
    await mkdir(layout(staging).bin, { recursive: true });
    const earliest = Math.floor(await fileSystemTime(staging)) - 1;
    if (programSize === undefined) await copyFile(source, from);
    // A bundle that follows the program stays where it is.
    else await pipeline(createReadStream(source, { end: programSize - 1 }), createWriteStream(from));
    // A copy on Windows keeps the time of what was copied.
    const now = new Date(Math.ceil(await fileSystemTime(staging)));
    await utimes(from, now, now);
    // Who downloaded it may have kept it to himself, and a copy keeps that.
    await chmod(from, 0o755);
    const { size } = await stat(from);
    const lines = `${await fileSha256(from)}  bin/${basename(to)}\n`;
    const latest = Math.ceil(await fileSystemTime(staging));
    const sums = sumsText({ lines, sizes: [size], from: earliest, to: latest });
    return { move: { from, to }, sums };
  } catch (error) {
    throw ioError(error, "copy", from);
  }
}

/** What bin/ will hold of what everybody types: go, gofmt, and goferry where it is a program of its own. */
export async function programNames({
  fs,
  at,
  host,
  hasGo,
}: {
  fs: HostFs;
  at: Layout;
  host: Pick<Host, "executablePath">;
  hasGo: boolean;
}): Promise<string[]> {
  const hasGoferry = host.executablePath !== undefined || (await fs.lstat(at.goferry)) !== null;
  return [...(hasGo ? ["go", "gofmt"] : []), ...(hasGoferry ? ["goferry"] : [])];
}
