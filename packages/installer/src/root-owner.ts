// Whose is a folder that is to be the root? Two questions, asked before anything in it is believed. Did goferry make it:
// recovery removes things there. And does it belong to who runs goferry: a journal names files anywhere on the machine
// that recovery then writes, and in the folder of another user it would be written by root at that user's word.

import { lstat, readdir, readFile } from "node:fs/promises";
import type { Finding } from "./findings.ts";
import { layout, type Layout } from "./layout.ts";
import { hasErrno, ioError } from "./node-fs.ts";
import { shellQuote } from "./shell-quote.ts";
import { isStagingName } from "./transaction/staging.ts";

/**
 * ROOT_OWNER_OTHER when the root, or what recovery believes in it, belongs to neither this user nor root.
 * @param folder the root, which exists; without links
 * @param uid of this user; undefined where files have no such owner
 */
export async function ownerFindings(folder: string, uid: number | undefined): Promise<Finding[]> {
  if (uid === undefined) return [];
  const at = layout(folder);
  for (const path of [folder, at.state, at.journal, at.lock, at.stateFile]) {
    const owner = await ownerOf(path);
    if (owner !== undefined && owner !== 0 && owner !== uid) return [ownerOther(folder, path, owner, uid)];
  }
  return [];
}

/** ROOT_NOT_OURS unless the folder is empty (a new disk's lost+found aside) or a root of goferry. */
export async function ownFindings(root: string, folder: string): Promise<Finding[]> {
  const entries = await listNames(folder);
  if (entries === "hidden") return [notOurs(root, "a folder that this user may not list")];
  const names = entries.filter((name) => name !== "lost+found").toSorted();
  if (names.length === 0 || (await isOurs(layout(folder), names))) return [];
  return [notOurs(root, `${names.length} entries, such as ${names[0]}`)];
}

/** Whether there is a state in the folder, as every root has one that something is installed in. */
export async function isGoferryRoot(folder: string): Promise<boolean> {
  return await isDocument(layout(folder).stateFile, "stateVersion");
}

async function isOurs(at: Layout, names: readonly string[]): Promise<boolean> {
  for (const [path, version] of DOCUMENTS) {
    if (await isDocument(path(at), version)) return true;
  }
  return await isRemainder(at, names);
}

/** What only goferry writes, and the key by which each says so. */
const DOCUMENTS: [path: (at: Layout) => string, version: string][] = [
  [({ stateFile }) => stateFile, "stateVersion"],
  [({ journal }) => journal, "journalVersion"],
  [({ lock }) => lock, "lockVersion"],
];

async function isDocument(path: string, version: string): Promise<boolean> {
  try {
    // Not what is no file: a pipe would never end.
    if (!(await lstat(path)).isFile()) return false;
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof value === "object" && value !== null && version in value;
  } catch (error) {
    if (error instanceof SyntaxError || ABSENT.some((errno) => hasErrno(error, errno))) return false;
    throw ioError(error, "read", path);
  }
}

const TOP = new Set(["bin", "sdk", "mod", "state", "current", "staging"]);
const STATE_NAMES =
  /^(?:state\.json|journal\.json|audit\.jsonl(?:\.\d+)?|trust|generations|units|logs|registry|lock(?:\.next)*(?:\.[0-9a-f-]{36})?|\..*\.goferry-new)$/;

/**
 * A root that a crash left before its first document, or whose documents are damaged: there is nothing in it that goferry
 * would not make. Names such as bin alone prove nothing, so one of the folders that only goferry has must be there.
 */
async function isRemainder({ state, staging }: Layout, names: readonly string[]): Promise<boolean> {
  if (!names.every((name) => TOP.has(name))) return false;
  if (!names.includes("state") && !names.includes("staging")) return false;
  const [inState, inStaging] = [await listNames(state), await listNames(staging)];
  if (inState === "hidden" || inStaging === "hidden") return false;
  return inState.every((name) => STATE_NAMES.test(name)) && inStaging.every(isStagingName);
}

const ABSENT = ["ENOENT", "ENOTDIR", "EACCES"];

/** Nothing for what is not there or no folder. */
async function listNames(folder: string): Promise<string[] | "hidden"> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasErrno(error, "EACCES")) return "hidden";
    if (hasErrno(error, "ENOENT") || hasErrno(error, "ENOTDIR")) return [];
    throw ioError(error, "list", folder);
  }
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).uid;
  } catch (error) {
    if (ABSENT.some((errno) => hasErrno(error, errno))) return undefined;
    throw ioError(error, "look at", path);
  }
}

function notOurs(root: string, found: string): Finding {
  return {
    code: "ROOT_NOT_OURS",
    level: "refuse",
    subject: root,
    message: `${root} is not empty, and it was not made by goferry`,
    expected: "an empty folder, one that does not exist yet, or a root of goferry",
    found,
    next: `choose a folder of its own with --root, such as ${root}/goferry`,
  };
}

function ownerOther(root: string, path: string, owner: number, uid: number): Finding {
  return {
    code: "ROOT_OWNER_OTHER",
    level: "refuse",
    subject: path,
    message: `${path} belongs to another user, who could make goferry change files as uid ${uid}`,
    expected: uid === 0 ? "owner root (uid 0)" : `owner uid ${uid} or root`,
    found: `owner uid ${owner}`,
    next:
      uid === 0
        ? `run goferry as that user, or choose another root with --root; if what is in it is trusted: chown -R root ${shellQuote(root)}`
        : "run goferry as that user, or choose another root with --root",
  };
}
