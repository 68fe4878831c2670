// What `--path profile` changes outside of a root, so that people find its Go: the start-up files of a user, or, in a
// root of the machine, a file for all login shells and links to the programs (profile.ts, program-links.ts). Only looked
// at and planned here: the transaction makes the changes, and takes them back when it fails.

import { GoferryError } from "@goferry/core";
import type { Finding } from "../findings.ts";
import type { Host, WindowsHost } from "../host.ts";
import type { RegistryChange } from "../windows/system.ts";
import { probeWrite } from "../write-probe.ts";
import { nearestFolder, planProfileEdits, profileScope } from "./profile.ts";
import type { ShellSyntax } from "./profile-block.ts";
import { planLinks } from "./program-links.ts";
import { planWindows } from "./windows/setup.ts";

/**
 * none: nothing outside of the root. profile: what cannot be done refuses the command. usual: the same for a machine
 * whose administrator asked for nothing, so that what cannot be done is told, and no reason to stop.
 */
export type PathChoice = "none" | "profile" | "usual";

export interface PathRequest {
  /** The root, absolute, without links. */
  root: string;
  path: PathChoice;
  /** Names in <root>/bin, as it will be, that a machine has links to. */
  programs: readonly string[];
}

export type PathEdit =
  | { path: string; file: Uint8Array; syntax: ShellSyntax }
  | { path: string; link: string };

export interface PathSetup {
  /** A new file gets mode 0644, a changed one keeps its own. */
  edits: PathEdit[];
  /** On Windows, instead. */
  registry: RegistryChange[];
  findings: Finding[];
  /** A line for each edit, for a person. */
  changes: string[];
  /** Whether login shells have the root's bin folder on PATH, then. */
  loginShells: boolean;
  /** Folders other than the root's bin whose `go` leads to the root, then. */
  folders: string[];
}

export const NO_PATH_SETUP: PathSetup = {
  edits: [],
  registry: [],
  findings: [],
  changes: [],
  loginShells: false,
  folders: [],
};

/** Findings: PATH_OCCUPIED warns; on Windows those of planWindows; HOME_MISSING, PROFILE_BROKEN, PROFILE_NOT_WRITABLE refuse where it was asked for. */
export async function planPath(host: Host, request: PathRequest): Promise<PathSetup> {
  if (request.path === "none") return NO_PATH_SETUP;
  if (host.windows !== undefined) return await planRegistry({ ...host, windows: host.windows }, request);
  const scope = profileScope(host, request.root);
  const profile = await planProfile(host, request);
  if (scope === "user") return profile;
  const links = await planProgramLinks(host, request);
  return {
    ...NO_PATH_SETUP,
    edits: [...profile.edits, ...links.edits],
    findings: [...profile.findings, ...links.findings],
    changes: [...profile.changes, ...links.changes],
    loginShells: profile.loginShells,
    folders: links.folders,
  };
}

async function planRegistry(
  host: Host & { windows: WindowsHost },
  { root, programs, path }: PathRequest,
): Promise<PathSetup> {
  const { registry, findings, changes, onPath } = await planWindows(host, { root, programs });
  const level = path === "profile" ? "refuse" : "warn";
  return {
    ...NO_PATH_SETUP,
    registry,
    findings: findings.map((each) => (each.level === "refuse" ? { ...each, level } : each)),
    changes,
    loginShells: onPath,
  };
}

async function planProfile(host: Host, request: PathRequest): Promise<PathSetup> {
  const { root } = request;
  const scope = profileScope(host, root);
  const { etc } = host.machineFolders;
  try {
    const { edits, foreign } = await planProfileEdits(host, { root, action: "add", scope, etc });
    return {
      ...NO_PATH_SETUP,
      edits: edits.flatMap(({ path, after, syntax }) =>
        after === undefined ? [] : [{ path, file: after, syntax }],
      ),
      findings: foreign.map(profileOccupied),
      changes: edits.map(({ path }) => `${path}: puts ${root}/bin on the PATH of login shells`),
      loginShells: foreign.length === 0,
    };
  } catch (error) {
    return { ...NO_PATH_SETUP, findings: [asFinding(error, request)] };
  }
}

async function planProgramLinks(
  host: Host,
  { root, programs, path: choice }: PathRequest,
): Promise<PathSetup> {
  const folder = host.machineFolders.bin;
  try {
    const { edits, findings } = await planLinks({ root, names: programs, folder });
    if (edits.length > 0) await checkFolder(folder);
    const isTaken = findings.some(({ subject }) => subject === `${folder}/go`);
    return {
      ...NO_PATH_SETUP,
      edits,
      findings,
      changes: edits.map(({ path, link }) => `${path}: a link to ${link}`),
      folders: isTaken || !programs.includes("go") ? [] : [folder],
    };
  } catch (error) {
    return { ...NO_PATH_SETUP, findings: [asFinding(error, { path: choice })] };
  }
}

async function checkFolder(folder: string): Promise<void> {
  try {
    await probeWrite(await nearestFolder(folder));
  } catch (cause) {
    throw new GoferryError("PROFILE_NOT_WRITABLE", {
      subject: folder,
      message: `no links can be made in ${folder}`,
      expected: `permission to write ${folder}`,
      found: String(cause),
      next: "run the command with --path none, and put the bin folder of the root on PATH by your own means",
      cause,
    });
  }
}

/** @throws what is no GoferryError */
function asFinding(error: unknown, { path }: Pick<PathRequest, "path">): Finding {
  if (!(error instanceof GoferryError)) throw error;
  const { code, subject, message, expected, found, next } = error;
  return {
    code,
    level: path === "profile" ? "refuse" : "warn",
    subject,
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
    ...(next === undefined ? {} : { next }),
  };
}

function profileOccupied(path: string): Finding {
  return {
    code: "PATH_OCCUPIED",
    level: "warn",
    subject: path,
    message: `${path} was not put there by goferry, and stays as it is`,
    expected: "a file with the block that goferry marks as its own, or nothing",
    found: "a file without it",
    next: `see that it puts the bin folder of the root on PATH; or move it away, and run the command again`,
  };
}
