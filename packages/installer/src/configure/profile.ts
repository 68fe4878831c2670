// `--path profile`: which start-up files get the block that puts <root>/bin on PATH, by the conventions that users
// know from rustup and from the packages of distributions:
//
//   one user    ~/.profile always (made when it is missing: sh, dash, and bash as a login shell);
//               ~/.bash_profile and ~/.bash_login when they exist, because bash then does not read ~/.profile;
//               ~/.bashrc when it exists, for terminals that start no login shell;
//               $ZDOTDIR/.zshenv when it exists or the user's shell is zsh, which reads no ~/.profile;
//               fish/conf.d/goferry.fish when fish is configured or the user's shell.
//   machine     <etc>/profile.d/goferry.sh, which every login shell reads through <etc>/profile. A file of that name
//               that has no block of ours is somebody else's, and is left alone.
//
// Nothing is written here: the edits go through the transaction, which keeps the old bytes. `sudo` replaces PATH by
// its secure_path, and cron and systemd read none of these files; they take <root>/bin/go by its full path.

import { constants } from "node:fs";
import { access, open, readFile, readlink, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { GoferryError } from "@goferry/core";
import type { Host } from "../host.ts";
import { isBelow } from "../fs.ts";
import { hasErrno, ioError } from "../node-fs.ts";
import { probeWrite } from "../write-probe.ts";
import { addBlock, hasBlock, removeBlock } from "./profile-block.ts";
import type { ShellSyntax } from "./profile-block.ts";

/** A file to be changed. Undefined stands for "no such file"; a new file gets mode 0644, its folder may be missing. */
export interface ProfileEdit {
  /** Absolute, and the file itself where a dot-file is a link to it: replacing it keeps the link. */
  path: string;
  before: Uint8Array | undefined;
  after: Uint8Array | undefined;
  syntax: ShellSyntax;
}

export interface ProfileRequest {
  /** The root, absolute. */
  root: string;
  action: "add" | "remove";
  scope: ProfileScope;
  /** The folder of the machine's configuration, "/etc". */
  etc: string;
}

export type ProfileScope = "user" | "machine";

/** Root changes the machine, everybody else their own account; a root below root's own home is root's own too. */
export function profileScope(host: Host, root: string): ProfileScope {
  const own = host.home !== undefined && host.home !== "/" && isBelow(host.home, root);
  return host.uid === 0 && !own ? "machine" : "user";
}

export interface ProfilePlan {
  /** What adds or removes the block; nothing for files that are right already. */
  edits: ProfileEdit[];
  /** Files of a machine under our name that are not ours. */
  foreign: string[];
}

/** @throws HOME_MISSING, PROFILE_BROKEN, PROFILE_NOT_WRITABLE, or the code of a file that cannot be looked at */
export async function planProfileEdits(host: Host, request: ProfileRequest): Promise<ProfilePlan> {
  const candidates = request.scope === "machine" ? machineFiles(request.etc) : userFiles(host);
  const plan: ProfilePlan = { edits: [], foreign: [] };
  for (const candidate of candidates) {
    const edit = await planEdit(candidate, request);
    if (edit === undefined) continue;
    const { path, before } = edit;
    if (candidate.whole === true && before !== undefined && !hasBlock(before, path)) plan.foreign.push(path);
    // Two names of one file (a .bashrc that links to .profile) are one edit.
    else if (!plan.edits.some((each) => each.path === path)) plan.edits.push(await checkEdit(edit));
  }
  return plan;
}

interface Candidate {
  path: string;
  syntax: ShellSyntax;
  /** False: only when it exists. */
  make: boolean;
  /** Counts as a reason to make the file when it exists. */
  sign?: string;
  /** All of the file is ours. */
  whole?: true;
}

function machineFiles(etc: string): Candidate[] {
  return [{ path: join(etc, "profile.d", "goferry.sh"), syntax: "sh", make: true, whole: true }];
}

function userFiles(host: Host): Candidate[] {
  const { home, env } = host;
  if (home === undefined) throw homeMissing();
  const shell = (env["SHELL"] ?? "").split("/").at(-1);
  const config = env["XDG_CONFIG_HOME"] || join(home, ".config");
  const fish = join(config, "fish");
  return [
    { path: join(home, ".profile"), syntax: "sh", make: true },
    { path: join(home, ".bash_profile"), syntax: "sh", make: false },
    { path: join(home, ".bash_login"), syntax: "sh", make: false },
    { path: join(home, ".bashrc"), syntax: "sh", make: false },
    { path: join(env["ZDOTDIR"] || home, ".zshenv"), syntax: "sh", make: shell === "zsh" },
    { path: join(fish, "conf.d", "goferry.fish"), syntax: "fish", make: shell === "fish", sign: fish },
  ];
}

/** Nothing for a file that stays as it is. */
async function planEdit(candidate: Candidate, request: ProfileRequest): Promise<ProfileEdit | undefined> {
  const path = await resolveLink(candidate.path);
  const before = await readIfThere(path);
  const block = { root: request.root, syntax: candidate.syntax };
  const wanted = before !== undefined || candidate.make || (await isThere(candidate.sign));
  if (request.action === "add" && !wanted) return undefined;
  const after = request.action === "add" ? addBlock(before, block, path) : removeBlock(before, block, path);
  return isSame(before, after) ? undefined : { path, before, after, syntax: candidate.syntax };
}

/** Refuses a file that could not, or should not, be written, before anything was changed. */
async function checkEdit(edit: ProfileEdit): Promise<ProfileEdit> {
  const { path } = edit;
  // Files are replaced by a rename, so it is the folder that must be writable.
  const folder = await nearestFolder(dirname(path));
  try {
    await probeWrite(folder);
    // A rename would do, but who made the file read-only, or gave it to another user, meant it. Root may write it anyway.
    if (edit.before !== undefined) await (await open(path, constants.O_WRONLY)).close();
  } catch (cause) {
    throw new GoferryError("PROFILE_NOT_WRITABLE", {
      subject: path,
      message: `cannot write ${path}`,
      expected: `permission to write ${path}, and new files in ${folder}`,
      found: String(cause),
      next: NOT_BY_US,
      cause,
    });
  }
  return edit;
}

const NOT_BY_US =
  "run the command with --path none, and put the bin folder of the root on PATH where you manage that file";

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}

/** The folder itself, or the nearest one above it that exists. */
export async function nearestFolder(folder: string): Promise<string> {
  if ((await isThere(folder)) || dirname(folder) === folder) return folder;
  return nearestFolder(dirname(folder));
}

async function isThere(path: string | undefined): Promise<boolean> {
  if (path === undefined) return false;
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** The file itself, also one that is not there yet: where a link leads to nothing, that is where the file will be. */
async function resolveLink(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!hasErrno(error, "ENOENT")) throw ioError(error, "look at", path);
  }
  const target = await readlink(path).catch(() => undefined);
  return target === undefined ? path : await resolveLink(resolve(dirname(path), target));
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return undefined;
    if (!hasErrno(error, "EACCES") && !hasErrno(error, "EISDIR")) throw ioError(error, "read", path);
    throw new GoferryError("PROFILE_NOT_WRITABLE", {
      subject: path,
      message: `cannot read ${path}, which has to be read before it is changed`,
      expected: "a file that this user may read",
      found: hasErrno(error, "EISDIR") ? "a folder" : "permission denied",
      next: NOT_BY_US,
      cause: error,
    });
  }
}

function homeMissing(): GoferryError {
  return new GoferryError("HOME_MISSING", {
    subject: "HOME",
    message: "there is no home folder whose profile could be changed",
    expected: "HOME in the environment",
    found: "none",
    next: "set HOME, or run the command without --path profile and put the bin folder of the root on PATH",
  });
}
