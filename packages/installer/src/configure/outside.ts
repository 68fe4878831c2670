// What was changed outside of a root, as state.json keeps it: enough to say whether it is still so, and to take it back as
// if it had never been. Where somebody else has changed the same file since, only what is ours is taken out of it.

import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { GoferryError } from "@goferry/core";
import type { Finding } from "../findings.ts";
import type { HostFs } from "../fs.ts";
import { isGoferryRoot } from "../root-owner.ts";
import type { EditRequest } from "../transaction/describe.ts";
import type { OutsideChange, State } from "../transaction/state.ts";
import type { PathEdit } from "./path-setup.ts";
import { addBlock, removeBlock } from "./profile-block.ts";

/** What the state says after these edits, which are about to be made. */
export async function recordOutside(
  fs: HostFs,
  known: readonly OutsideChange[],
  edits: readonly PathEdit[],
): Promise<OutsideChange[]> {
  const changes = new Map(known.map((each) => [each.path, each]));
  for (const edit of edits) {
    const { path } = edit;
    const kind = "link" in edit ? "link" : edit.syntax;
    const first = changes.get(path) ?? { path, kind, ...(await whatWas(fs, path)) };
    changes.set(path, { ...first, kind });
  }
  return [...changes.values()];
}

async function whatWas(fs: HostFs, path: string): Promise<Pick<OutsideChange, "before" | "madeFolders">> {
  const status = await fs.lstat(path);
  if (status?.kind === "link") return { before: await fs.readLink(path), madeFolders: [] };
  const bytes = status === null ? null : await fs.readFile(path);
  if (bytes !== null) return { before: digestOf(bytes), madeFolders: [] };
  const madeFolders: string[] = [];
  for (let folder = dirname(path); (await fs.lstat(folder)) === null; folder = dirname(folder))
    madeFolders.unshift(folder);
  return { before: null, madeFolders };
}

export interface Restoration {
  edits: EditRequest[];
  /** Folders that were made for what goes, outermost first. */
  emptied: string[];
  /** OUTSIDE_CHANGED for what somebody else has changed since. */
  findings: Finding[];
}

/** Takes back `changes`, which are of the root `root`. */
export async function restoreOutside(
  fs: HostFs,
  root: string,
  changes: readonly OutsideChange[],
): Promise<Restoration> {
  const restoration: Restoration = { edits: [], emptied: [], findings: [] };
  for (const change of changes) {
    if (change.kind === "link") await restoreLink(fs, root, change, restoration);
    else await restoreFile(fs, root, { ...change, kind: change.kind }, restoration);
    restoration.emptied.push(...change.madeFolders);
  }
  return restoration;
}

async function restoreLink(
  fs: HostFs,
  root: string,
  { path, before }: OutsideChange,
  { edits, findings }: Restoration,
): Promise<void> {
  const now = await lookAtLink(fs, path);
  if (now !== linkTarget(root, path)) {
    findings.push(changedSince(path, now === null ? "nothing" : now, "left as it is"));
    return;
  }
  // Of another root, which may have gone meanwhile.
  const isThere = before !== null && (await isGoferryRoot(dirname(dirname(before))));
  edits.push(isThere ? { path, link: before } : { path, remove: true });
}

async function restoreFile(
  fs: HostFs,
  root: string,
  { path, before, kind }: OutsideChange & { kind: "sh" | "fish" },
  { edits, findings }: Restoration,
): Promise<void> {
  const now = await fs.readFile(path);
  if (now === null) {
    if (before !== null) findings.push(changedSince(path, "nothing", "left as it is"));
    return;
  }
  let rest: Uint8Array | undefined;
  try {
    rest = removeBlock(now, { root, syntax: kind }, path);
  } catch (error) {
    if (!(error instanceof GoferryError && error.code === "PROFILE_BROKEN")) throw error;
    findings.push(changedSince(path, error.found ?? "half a block", "left as it is: edit it by hand"));
    return;
  }
  if (rest === undefined) edits.push({ path, remove: true });
  else if (Buffer.compare(rest, now) !== 0) edits.push({ path, file: rest });
  const found = rest === undefined ? null : digestOf(rest);
  if (found !== before) findings.push(changedSince(path, "other changes", "which stay"));
}

/** Whether what was changed is as goferry left it; null if so. */
export async function differsOutside(
  fs: HostFs,
  root: string,
  { path, kind }: OutsideChange,
): Promise<{ expected: string; found: string } | null> {
  if (kind === "link") {
    const target = linkTarget(root, path);
    const now = await lookAtLink(fs, path);
    return now === target ? null : { expected: `a link to ${target}`, found: now ?? "nothing" };
  }
  const expected = "the lines of goferry, whole";
  const now = await fs.readFile(path);
  if (now === null) return { expected, found: "nothing" };
  try {
    const isWhole = Buffer.compare(addBlock(now, { root, syntax: kind }, path), now) === 0;
    return isWhole ? null : { expected, found: "no such lines" };
  } catch (error) {
    if (!(error instanceof GoferryError)) throw error;
    return { expected, found: error.found ?? error.message };
  }
}

/** The changes that are links to programs which bin/ has no more. */
export function linksWithout({ root, outside }: State, programs: readonly string[]): OutsideChange[] {
  return outside.filter(
    ({ kind, path }) =>
      kind === "link" && !programs.map((name) => linkTarget(root, name)).includes(linkTarget(root, path)),
  );
}

function linkTarget(root: string, path: string): string {
  return join(root, "bin", basename(path));
}

/** Where the link leads, or what else is there. */
async function lookAtLink(fs: HostFs, path: string): Promise<string | null> {
  const status = await fs.lstat(path);
  if (status === null) return null;
  return status.kind === "link" ? await fs.readLink(path) : `a ${status.kind}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function changedSince(path: string, found: string, then: string): Finding {
  return {
    code: "OUTSIDE_CHANGED",
    level: "warn",
    subject: path,
    message: `somebody else has changed this since goferry did; ${then}`,
    expected: "what goferry left there",
    found,
    next: `look at ${path}`,
  };
}
