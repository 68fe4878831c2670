// A process in which the command line runs, one command at a time as it is told over the channel to its parent, and
// which says what each took. Not goferry's own process, so that its memory can be measured and a loop in it be ended.

import { open, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { bundleSources } from "../../../scripts/executables/bundle.ts";
import { goferry } from "../../../packages/goferry/src/testing/terminal.ts";
import { fileURLToPath } from "node:url";

export interface Order {
  words: readonly string[];
  cwd: string;
  /** Reads of a file to make before the command: until one fails, and then so many. Counts what strace counts. */
  shift?: Shift | undefined;
}

export interface Shift {
  file: string;
  reads: number;
}

export interface Report {
  code: number;
  stdout: string;
  stderr: string;
  /** Milliseconds of processor time, of all threads. */
  cpuMs: number;
  /** The most memory that was resident meanwhile, bytes. */
  peakBytes: number;
}

process.umask(0o022);
// As in the stand-alone executable, so that a thread does not compile all of core for each of some hundred bundles.
const { assets } = await bundleSources(fileURLToPath(new URL("../../..", import.meta.url)));
const system = { uid: process.getuid?.(), cores: 1, workerSource: assets["extract-worker.js"] };

process.on("message", (order: Order) => void obey(order).then((report) => process.send?.(report)));
process.send?.("ready");

async function obey({ words, cwd, shift }: Order): Promise<Report> {
  if (shift !== undefined) await shiftReads(shift);
  // What the last command left would be counted again.
  globalThis.gc?.();
  // proc(5): sets the peak back to what is resident now.
  await writeFile("/proc/self/clear_refs", "5").catch(() => undefined);
  const before = process.cpuUsage();
  const { code, stdout, stderr } = await goferry(words, { cwd, system });
  const { user, system: kernel } = process.cpuUsage(before);
  return { code, stdout, stderr, cpuMs: (user + kernel) / 1000, peakBytes: await peak() };
}

async function shiftReads({ file, reads }: Shift): Promise<void> {
  await using handle = await open(file);
  const one = async (): Promise<unknown> => await handle.read(Buffer.alloc(1), 0, 1, 0);
  try {
    for (;;) await one();
  } catch {
    for (let i = 0; i < reads; i++) await one();
  }
}

/** VmHWM of proc(5). */
async function peak(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
