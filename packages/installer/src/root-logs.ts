// state/logs/: what the last commands that changed a root did, step by step, so that there is something to look at when
// one failed at night and nobody had asked for a log. Lines come from the command line, without secrets.

import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Host } from "./host.ts";
import { layout, type Layout } from "./layout.ts";
import { hostFs } from "./host-fs.ts";
import { ioError } from "./node-fs.ts";
import { inspectRoot } from "./preflight-root.ts";
import { resolveRoot } from "./root-path.ts";

/** Logs that are kept in a root; the oldest go first. */
const KEPT_LOGS = 20;

export interface LogFile {
  path: string;
  /** Appends text as it is. Throws the errors of the file system. */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A new log of a command in a root. Undefined where there is no root, or one that this user may not write in: the command
 * says why. Throws the errors of the file system.
 */
export async function openRootLog(
  host: Host,
  { root: path, command, startedAt }: { root: string; command: string; startedAt: Date },
): Promise<LogFile | undefined> {
  const at = await ownRoot(host, path);
  if (at === undefined) return undefined;
  await hostFs(host).mkdir(at.logs, 0o755);
  const time = startedAt.toISOString().replaceAll(/[-:.]/gu, "");
  const name = `${time}-${command.replaceAll(" ", "-")}-${host.pid}.log`;
  // Exclusive, so that a link that somebody put there is not followed.
  const file = await openFor(join(at.logs, name), "ax");
  await dropOldLogs(host, at);
  return file;
}

/**
 * A log wherever the user wants one; appended to if it is there.
 * @throws IO_FAILED, PERMISSION_DENIED, READ_ONLY, DISK_FULL
 */
export async function openLogFile(path: string): Promise<LogFile> {
  return await openFor(path, "a");
}

/** The names of the logs of a root, the oldest first. */
export async function logNames(host: Host, at: Layout): Promise<string[]> {
  const names = (await hostFs(host).list(at.logs)).map(({ name }) => name);
  return names.filter((name) => LOG_NAME.test(name)).sort();
}

/** A root that is there, is ours, and may be written. */
export async function ownRoot(host: Host, path: string): Promise<Layout | undefined> {
  const root = await resolveRoot(path);
  const at = layout(root);
  if ((await hostFs(host).lstat(at.stateFile)) === null) return undefined;
  const { findings } = await inspectRoot(root, host.uid);
  return findings.some(({ level }) => level === "refuse") ? undefined : at;
}

const LOG_NAME = /^\d{8}T\d{9}Z-[a-z-]+-\d+\.log$/u;

async function openFor(path: string, flags: "a" | "ax"): Promise<LogFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, flags, 0o644);
  } catch (error) {
    throw ioError(error, "write", path);
  }
  return {
    path,
    write: async (text) => await handle.appendFile(text),
    close: async () => await handle.close(),
  };
}

async function dropOldLogs(host: Host, at: Layout): Promise<void> {
  const fs = hostFs(host);
  for (const name of (await logNames(host, at)).slice(0, -KEPT_LOGS)) await fs.unlink(join(at.logs, name));
}
