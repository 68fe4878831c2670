// Everything that can be known before the first byte is written: an install that would fail in the middle, or give a
// Go that does not run, is refused here, with all the reasons at once. Nothing is changed by looking, so `--dry-run`
// can do it too; and it can be called before the lock is taken, which already makes files in the root.

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { countText, GoferryError } from "@goferry/core";
import type { Finding } from "./findings.ts";
import { isWindows } from "./host.ts";
import type { Host } from "./host.ts";
import { findMount } from "./mounts.ts";
import { ioError } from "./node-fs.ts";
import { otherGoFindings, type OtherGoRequest } from "./other-go.ts";
import { inspectRoot, nameFindings } from "./preflight-root.ts";
import type { RootPlace } from "./preflight-root.ts";
import { shellQuote } from "./shell-quote.ts";
import { windowsFindings } from "./windows/preflight.ts";

export interface PreflightRequest extends OtherGoRequest {
  /** The platforms that the bundle holds. */
  platforms: readonly string[];
  /** Bytes of everything that will be written, from the signed sizes. */
  needBytes: number;
  /** Files and folders that will be made. */
  needFiles: number;
}

export interface PreflightReport {
  /** Refusals first. */
  findings: Finding[];
}

/**
 * Codes that refuse: PLATFORM_ABSENT, ROOT_NAME_REFUSED, ROOT_NOT_DIRECTORY, ROOT_NOT_OURS, ROOT_NOT_WRITABLE,
 * ROOT_OWNER_OTHER, READ_ONLY, NOEXEC_MOUNT, PROC_MISSING, SPACE_SHORT, INODES_SHORT. Codes that warn: OTHER_GO,
 * WORLD_WRITABLE_PARENT, ROOT_ON_NETWORK, HOME_MISSING. On Windows also those of windowsFindings.
 * @throws IO_FAILED when the file system does not answer
 */
export async function preflight(host: Host, request: PreflightRequest): Promise<PreflightReport> {
  const platform = platformFindings(host, request);
  const name = nameFindings(request.root);
  // Of a relative root, or one that PATH cannot hold, nothing else that could be said would stay true.
  if (name.length > 0) return { findings: [...platform, ...name] };
  const { place, findings: placeFindings } = await inspectRoot(request.root, host.uid);
  const findings = [
    ...platform,
    ...(await windowsFindings(host, request.root)),
    ...placeFindings,
    ...(await mountFindings(host, place, placeFindings)),
    ...(await spaceFindings(host, place, request)),
    ...(isWindows(host) ? [] : await exposureFindings(place)),
    ...(await otherGoFindings(host, request)),
    ...homeFindings(host),
  ];
  return { findings: findings.toSorted((a, b) => Number(a.level === "warn") - Number(b.level === "warn")) };
}

function platformFindings(host: Host, { platforms }: PreflightRequest): Finding[] {
  if (platforms.includes(host.platform)) return [];
  return [
    {
      code: "PLATFORM_ABSENT",
      level: "refuse",
      subject: host.platform,
      message: `the bundle holds nothing for this machine, which is ${host.platform}`,
      expected: host.platform,
      found: platforms.join(", ") || "no platform",
      next: `build the bundle again with ${host.platform} among its platforms`,
    },
  ];
}

async function mountFindings(
  host: Host,
  { folder }: RootPlace,
  before: readonly Finding[],
): Promise<Finding[]> {
  const text = await host.mounts();
  if (text === undefined) return host.platform.startsWith("linux/") ? [procMissing()] : [];
  const mount = findMount(text, folder);
  if (mount === undefined) return [];
  const found = `${mount.point} (${mount.type}) is mounted with ${mount.options.join(",")}`;
  const findings: Finding[] = [];
  if (mount.options.includes("noexec")) {
    findings.push({
      code: "NOEXEC_MOUNT",
      level: "refuse",
      subject: folder,
      message: `programs may not be run from ${mount.point}, where the root would lie`,
      expected: "a file system mounted without noexec",
      found,
      next: `choose another root with --root, or: mount -o remount,exec ${shellQuote(mount.point)}`,
    });
  }
  if (mount.options.includes("ro") && before.every(({ code }) => code !== "READ_ONLY")) {
    findings.push({
      code: "READ_ONLY",
      level: "refuse",
      subject: folder,
      message: `${mount.point}, where the root would lie, is mounted read-only`,
      expected: "a file system mounted for writing",
      found,
      next: `choose another root with --root, or: mount -o remount,rw ${shellQuote(mount.point)}`,
    });
  }
  return findings;
}

function procMissing(): Finding {
  return {
    code: "PROC_MISSING",
    level: "refuse",
    subject: "/proc",
    message:
      "/proc is not mounted: Go finds its GOROOT there, and goferry whether the holder of a lock still runs",
    expected: "/proc/self/mounts",
    found: "nothing",
    next: "mount -t proc proc /proc",
  };
}

/**
 * The error of an installation for which the disk had no room after all, because others wrote on it meanwhile: with what it
 * needs from beginning to end. Any other error as it is.
 */
export function withNeed(error: unknown, need: Pick<PreflightRequest, "needBytes" | "needFiles">): unknown {
  if (!(error instanceof GoferryError)) return error;
  const { code, subject, message, found, next, cause } = error;
  const isFull = code === "DISK_FULL" || (cause instanceof GoferryError && cause.code === "DISK_FULL");
  if (!isFull || error.expected !== undefined) return error;
  const expected = `${megabytes(Math.ceil(neededBytes(need) / 1e6))} and ${need.needFiles} inodes, for all that was to be written`;
  return new GoferryError(code, { subject, message, expected, found, next, cause });
}

/** The one place where what a file takes beside its content is added. */
function neededBytes({ needBytes, needFiles }: Pick<PreflightRequest, "needBytes" | "needFiles">): number {
  return needBytes + needFiles * FILE_OVERHEAD;
}

async function spaceFindings(
  host: Host,
  { folder }: RootPlace,
  request: PreflightRequest,
): Promise<Finding[]> {
  const { freeBytes, freeFiles, type } = await host.statfs(folder);
  const needed = neededBytes(request);
  const findings = networkFindings(folder, type);
  if (freeBytes < needed) {
    findings.push({
      code: "SPACE_SHORT",
      level: "refuse",
      subject: folder,
      message: `the file system of ${folder} has too little space for the bundle`,
      expected: megabytes(Math.ceil(needed / 1e6)),
      found: `${megabytes(Math.floor(freeBytes / 1e6))} free for this user`,
      next: "free space there, or choose another root with --root",
    });
  }
  if (freeFiles !== null && freeFiles < request.needFiles) {
    findings.push({
      code: "INODES_SHORT",
      level: "refuse",
      subject: folder,
      message: `the file system of ${folder} can hold too few more files`,
      expected: `${request.needFiles} inodes`,
      found: `${freeFiles} free (df -i ${shellQuote(folder)})`,
      next: "remove files there, or choose another root with --root",
    });
  }
  return findings;
}

/** Bytes: on average half a block of 4 KiB is empty at the end of a file, and its inode takes 256. */
const FILE_OVERHEAD = 2048 + 256;

/** By the numbers of statfs(2): <linux/magic.h>, and fs/ of the kernel. */
const NETWORKS: Readonly<Record<number, string>> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xfe534d42: "SMB",
  0xff534d42: "CIFS",
  0x01021997: "9P",
  0x00c36400: "Ceph",
  0x5346414f: "AFS",
};

/** It works there: each step is a rename by the server. What no machine can see is who of the others is at work. */
function networkFindings(folder: string, type: number): Finding[] {
  const found = NETWORKS[type];
  if (found === undefined) return [];
  return [
    {
      code: "ROOT_ON_NETWORK",
      level: "warn",
      subject: folder,
      message:
        "the root lies on a server that other machines may share: whether the holder of a lock still runs can be seen on its own machine alone, and every build waits for the network",
      expected: "a file system of this machine",
      found,
      next: "change the root from one machine only, and remove its state/lock by hand only when you know that nobody is at work; or choose another root with --root",
    },
  ];
}

function megabytes(count: number): string {
  return `${countText(count)} MB`;
}

/** A folder above the root in which anybody may rename the root away and put another one in its place. */
async function exposureFindings({ folder }: RootPlace): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let at = folder; ; at = dirname(at)) {
    const mode = await modeOf(at);
    if ((mode & 0o1002) === 0o0002) findings.push(exposed(at, mode));
    if (dirname(at) === at) return findings;
  }
}

async function modeOf(folder: string): Promise<number> {
  try {
    return (await stat(folder)).mode;
  } catch (error) {
    throw ioError(error, "look at", folder);
  }
}

function exposed(folder: string, mode: number): Finding {
  return {
    code: "WORLD_WRITABLE_PARENT",
    level: "warn",
    subject: folder,
    message: `every user of this machine may replace what lies in ${folder}, the root too`,
    expected: "a folder that only its owner may write to",
    found: `mode 0${(mode & 0o7777).toString(8)}`,
    next: `chmod o-w ${shellQuote(folder)}, or choose another root with --root`,
  };
}

function homeFindings({ home, env }: Host): Finding[] {
  if (home !== undefined || env["GOCACHE"] || env["XDG_CACHE_HOME"]) return [];
  return [
    {
      code: "HOME_MISSING",
      level: "warn",
      subject: "HOME",
      message: "Go cannot build without a place for its build cache, and this environment names none",
      expected: "HOME or GOCACHE in the environment",
      found: "neither",
      next: "set HOME, or GOCACHE to a folder of this user's own",
    },
  ];
}
