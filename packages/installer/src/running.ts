// Programs of a root that are at work. On Linux they go on when their file is moved or removed; but a go command starts
// others all the time, a compiler for each package, and does not find them any more.

import { readdir, readlink } from "node:fs/promises";
import type { Finding } from "./findings.ts";
import { isBelow } from "./fs.ts";

/** GO_RUNNING for processes whose program lies below `folder`, as far as this user may see them. */
export async function runningFindings(folder: string, what: string): Promise<Finding[]> {
  const running = await programsBelow(folder);
  const [first] = running;
  if (first === undefined) return [];
  const pids = running.map(({ pid }) => pid);
  return [
    {
      code: "GO_RUNNING",
      level: "warn",
      subject: what,
      message: `${running.length === 1 ? "a process is" : `${running.length} processes are`} at work with it; what they do may fail now`,
      expected: "no process that runs a program of it",
      found: `pid ${pids.slice(0, 5).join(", ")}${pids.length > 5 ? " …" : ""} (${first.program})`,
      next: `ps -fp ${pids.slice(0, 5).join(",")}`,
    },
  ];
}

async function programsBelow(folder: string): Promise<{ pid: number; program: string }[]> {
  const names = await readdir("/proc").catch(() => []);
  const found: { pid: number; program: string }[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    const program = await readlink(`/proc/${name}/exe`).catch(() => "");
    if (isBelow(folder, program)) found.push({ pid: Number(name), program });
  }
  return found.toSorted((a, b) => a.pid - b.pid);
}
