// The file system of the host as the installer uses it: which HostFs that is, by the system.

import type { HostFs } from "./fs.ts";
import { isWindows, type Host } from "./host.ts";
import { nodeFs } from "./node-fs.ts";
import { windowsFs } from "./windows-fs.ts";

export type FsHost = Pick<Host, "run" | "env" | "platform" | "launcher" | "windows">;

export function hostFs(host: FsHost): HostFs {
  const posix = nodeFs(host);
  if (!isWindows(host)) return posix;
  const { launcher, windows } = host;
  const holders = async (path: string): Promise<string[]> =>
    ((await windows?.system.holders([path])) ?? []).map(({ name, pid }) => `${name} (pid ${pid})`);
  return windowsFs({ posix, launcher, holders });
}
