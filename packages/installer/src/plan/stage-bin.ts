// bin/ of a root: the launchers and links that a state asks for, and the goferry that goes there with them.

import { basename, join } from "node:path";
import { mkdir } from "node:fs/promises";
import { launchers } from "../configure/launchers.ts";
import type { HostFs } from "../fs.ts";
import type { Host } from "../host.ts";
import { layout, type Layout } from "../layout.ts";
import { ioError } from "../node-fs.ts";
import type { Move } from "../transaction/journal.ts";
import type { State } from "../transaction/state.ts";
import { copyWithHash, isSameFile } from "./same-file.ts";
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
    const source = { path: entry.source, size: host.executableSize };
    if (await isSameFile(source.path, at.goferry, source.size)) continue;
    const staged = await stageExecutable(source, at, staging);
    replace.push(staged.move);
    kept.push({ name: sumsName(entry.name), text: staged.sums });
  }
  return { links, replace, kept };
}

/** goferry itself. Its sums are those of state/units/. */
export async function stageExecutable(
  { path: source, size: programSize }: { path: string; size: number | undefined },
  at: Layout,
  staging: string,
): Promise<{ move: Move; sums: string }> {
  const to = at.goferry;
  const from = layout(staging).goferry;
  try {
    await mkdir(layout(staging).bin, { recursive: true });
    // In a folder of its own: what is unpacked at the same time asks for the time in staging.
    const { bin } = layout(staging);
    const earliest = Math.floor(await fileSystemTime(bin)) - 1;
    // Who downloaded it may have kept it to himself; in the root it is everybody's. A bundle that follows the program stays
    // where it is.
    const { sha256, size } = await copyWithHash(source, from, { mode: 0o755, limit: programSize });
    const lines = `${sha256}  bin/${basename(to)}\n`;
    const latest = Math.ceil(await fileSystemTime(bin));
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
