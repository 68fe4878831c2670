// Links to go, gofmt and goferry in the folder of programs that everybody on the machine has on PATH. Start-up files of
// shells are read by login shells only: sudo, services, cron jobs with a PATH of their own, and the shells that have
// other files (zsh, fish) find Go by these links. The go1.27.1 of each version stay in <root>/bin.
//
// What is there and was not put there by goferry is left as it is. A link of ours leads to the bin folder of a root.

import { lstat, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Finding } from "../findings.ts";
import { hasErrno, ioError } from "../node-fs.ts";
import { isGoferryRoot } from "../root-owner.ts";

export interface LinkRequest {
  /** The root, absolute, without links. */
  root: string;
  /** Names in <root>/bin, as it will be. */
  names: readonly string[];
  /** The folder of the links, absolute. */
  folder: string;
}

export interface LinkPlan {
  /** Those that are missing, or that lead to another root. */
  edits: { path: string; link: string }[];
  /** PATH_OCCUPIED for each name that somebody else has. */
  findings: Finding[];
}

/** @throws IO_FAILED, PERMISSION_DENIED when the folder cannot be looked at */
export async function planLinks({ root, names, folder }: LinkRequest): Promise<LinkPlan> {
  const plan: LinkPlan = { edits: [], findings: [] };
  for (const name of names) {
    const path = join(folder, name);
    const wanted = join(root, "bin", name);
    const there = await lookAt(path);
    const leads = there.kind === "link" ? await rootOf(path, there.target) : undefined;
    if (leads === root) continue;
    if (there.kind === "nothing" || (leads !== undefined && (await isGoferryRoot(leads))))
      plan.edits.push({ path, link: wanted });
    else plan.findings.push(occupied(path, wanted, there));
  }
  return plan;
}

type Entry = { kind: "nothing" | "other" } | { kind: "link"; target: string };

async function lookAt(path: string): Promise<Entry> {
  try {
    if (!(await lstat(path)).isSymbolicLink()) return { kind: "other" };
    return { kind: "link", target: await readlink(path) };
  } catch (error) {
    if (hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR")) return { kind: "nothing" };
    throw ioError(error, "look at", path);
  }
}

/** The folder X, without links, where the target is X/bin/NAME and NAME is the link's own; undefined for other links. */
async function rootOf(path: string, target: string): Promise<string | undefined> {
  const absolute = resolve(dirname(path), target);
  const bin = dirname(absolute);
  if (basename(absolute) !== basename(path) || basename(bin) !== "bin") return undefined;
  const folder = dirname(bin);
  return await realpath(folder).catch(() => folder);
}

function occupied(path: string, wanted: string, there: Entry): Finding {
  return {
    code: "PATH_OCCUPIED",
    level: "warn",
    subject: path,
    message: `${path} was not put there by goferry, and stays as it is`,
    expected: `a link to ${wanted}, or nothing`,
    found: there.kind === "link" ? `a link to ${there.target}` : "a file or folder",
    next: `use ${wanted}; or move ${path} away, and run the command again`,
  };
}
