// The folder that is to become the root, or is one: what it is, whether it is ours, and whether this user may write
// there.

import { lstat, realpath, stat } from "node:fs/promises";
import { basename, delimiter, dirname, isAbsolute, normalize, parse, sep } from "node:path";
import type { Finding } from "./findings.ts";
import { layout } from "./layout.ts";
import { hasErrno, ioError } from "./node-fs.ts";
import { ownFindings, ownerFindings } from "./root-owner.ts";
import { probeWrite } from "./write-probe.ts";

/** Where the root lies, or will lie. */
export interface RootPlace {
  /** The root when it exists, else the nearest folder above it that does; absolute and without links. */
  folder: string;
  exists: boolean;
}

/**
 * Checks what the name of a root must be, without looking at the disk: <root>/bin has to stand in PATH, where ":"
 * divides, and paths below it in go.env, one to a line. Gives ROOT_NAME_REFUSED or nothing.
 */
export function nameFindings(root: string): Finding[] {
  const normal = isAbsolute(root) && root === normalize(root) && !root.endsWith(sep);
  const rest = root.slice(parse(root).root.length);
  const plain = root.isWellFormed() && !root.includes(delimiter) && !/\p{Cc}/u.test(root);
  if (normal && plain && rest !== "" && !isRefusedByWindows(root)) return [];
  return [
    {
      code: "ROOT_NAME_REFUSED",
      level: "refuse",
      subject: root,
      message:
        "this path cannot be a root: its bin folder has to stand in PATH, and Go has to read it from a file",
      expected: 'an absolute path below the top folder, without "..", line breaks and colons',
      found: JSON.stringify(root),
      next: "choose another root with --root",
    },
  ];
}

/** Only a path of Windows is looked at by its rules: names that it reads otherwise, and "%", which PATH would expand. */
export function isRefusedByWindows(root: string): boolean {
  if (!/^(?:[a-z]:|\\\\)/i.test(root)) return false;
  const names = root.replace(/^[a-z]:/i, "").split("\\");
  return names.some((name) => /[<>:"/|?*%]|[. ]$/.test(name) || RESERVED.test(name));
}

/** With whatever ending: devices of MS-DOS. */
const RESERVED = /^(?:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(?: *\..*)?$/i;

/**
 * Looks at the root, or at the nearest folder above it. Findings: ROOT_NOT_DIRECTORY, ROOT_OWNER_OTHER,
 * ROOT_NOT_OURS, ROOT_NOT_WRITABLE, READ_ONLY.
 * @param uid of this user; undefined on Windows
 * @throws IO_FAILED when the file system does not answer
 */
export async function inspectRoot(
  root: string,
  uid: number | undefined,
): Promise<{ place: RootPlace; findings: Finding[] }> {
  const { place, blocker } = await locate(root);
  if (blocker !== undefined) return { place, findings: [notDirectory(root, blocker)] };
  const findings = place.exists
    ? [...(await ownerFindings(place.folder, uid)), ...(await ownFindings(root, place.folder))]
    : [];
  return { place, findings: [...findings, ...(await writeFindings(place))] };
}

/** Goes up from the root to what exists. `blocker` is what stands there and is no folder. */
async function locate(root: string): Promise<{ place: RootPlace; blocker: string | undefined }> {
  let blocker: string | undefined;
  for (let at = root; ; at = dirname(at)) {
    const kind = await kindOf(at);
    if (kind === "folder") return { place: { folder: await realName(at), exists: at === root }, blocker };
    if (kind === "other") blocker = at;
  }
}

async function realName(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    throw ioError(error, "look at", folder);
  }
}

async function kindOf(path: string): Promise<"folder" | "other" | "nothing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "other";
  } catch (error) {
    if (hasErrno(error, "ELOOP")) return "other";
    // A folder that may not be searched hides what is in it: the nearest folder that can be seen is asked.
    if (hasErrno(error, "EACCES")) return "nothing";
    if (!hasErrno(error, "ENOENT") && !hasErrno(error, "ENOTDIR")) throw ioError(error, "look at", path);
    return (await isDangling(path)) ? "other" : "nothing";
  }
}

async function isDangling(link: string): Promise<boolean> {
  try {
    return (await lstat(link)).isSymbolicLink();
  } catch {
    return false;
  }
}

/** A root that was moved to another owner in part is found here and not in the middle of a transaction. */
async function writeFindings({ folder, exists }: RootPlace): Promise<Finding[]> {
  const { bin, sdk, mod, state } = layout(folder);
  const parts = exists ? [folder, bin, sdk, mod, state] : [folder];
  for (const part of parts) {
    const finding = await writeFinding(part);
    if (finding !== undefined) return [finding];
  }
  return [];
}

async function writeFinding(folder: string): Promise<Finding | undefined> {
  try {
    await probeWrite(folder);
    return undefined;
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return undefined;
    if (hasErrno(error, "EROFS")) return readOnly(folder);
    if (hasErrno(error, "EACCES") || hasErrno(error, "EPERM")) return notWritable(folder);
    // What else can go wrong (no space, a quota) has findings of its own, or fails in staging without harm.
    if (hasErrno(error, "ENOSPC") || hasErrno(error, "EDQUOT")) return undefined;
    throw ioError(error, "look at", folder);
  }
}

function notDirectory(root: string, blocker: string): Finding {
  return {
    code: "ROOT_NOT_DIRECTORY",
    level: "refuse",
    subject: root,
    message:
      blocker === root
        ? `${root} is not a folder`
        : `${root} cannot be made, because ${blocker} is not a folder`,
    expected: "a folder, or nothing",
    found: `${basename(blocker)}, a file or a link that leads nowhere`,
    next: `move ${blocker} away, or choose another root with --root`,
  };
}

function readOnly(folder: string): Finding {
  return {
    code: "READ_ONLY",
    level: "refuse",
    subject: folder,
    message: `the file system of ${folder} is read-only`,
    expected: "a file system mounted for writing",
    found: "EROFS",
    next: "mount it for writing, or choose another root with --root",
  };
}

function notWritable(folder: string): Finding {
  return {
    code: "ROOT_NOT_WRITABLE",
    level: "refuse",
    subject: folder,
    message: `this user may not write in ${folder}`,
    expected: "permission to make files there",
    found: "permission denied",
    next: `run the command as the owner of ${folder}, or choose another root with --root`,
  };
}
