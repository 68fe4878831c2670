// Runs a command and measures it: time, memory, bytes handed to the disk. The time of a final `sync -f` is measured by
// itself, because those who unpack an archive rarely wait for it, and goferry does.

import { execFile, spawn } from "node:child_process";
import { createReadStream, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Command {
  /** The program and its arguments; a shell line is `["sh", "-c", line]`. */
  words: readonly string[];
  /** The whole environment. */
  env?: Readonly<Record<string, string>> | undefined;
  cwd?: string | undefined;
}

export interface Sample {
  /** Until the command had ended. */
  seconds: number;
  /** Until what it wrote was on the disk. */
  synced: number;
  /** Of all processors, its own and that of its children. */
  cpuSeconds: number;
  /** The most that one process of it had resident, in bytes. */
  peakBytes: number;
  /** The most that the program itself had resident, without those that it starts, in bytes. */
  ownPeakBytes: number;
  /** Handed to a disk by it and its children; 0 on tmpfs. */
  writtenBytes: number;
}

/** Of goferry itself, where the system tells, in bytes: what go and the compilers of a rehearsal take is theirs. */
export function memoryOf({ ownPeakBytes, peakBytes }: Sample): number {
  return ownPeakBytes || peakBytes;
}

export interface MeasureOptions {
  /** Where it writes: this file system is synced afterwards. None: it only reads. */
  target?: string | undefined;
  /** Files that are read once before, so that all contenders find them in memory. */
  inputs?: readonly string[] | undefined;
}

/** @throws with both outputs where the command fails */
export async function measure(command: Command, { target, inputs = [] }: MeasureOptions): Promise<Sample> {
  for (const file of inputs) for await (const _ of createReadStream(file, { highWaterMark: 1 << 20 }));
  // What others have written before is not to be waited for by this one.
  if (target !== undefined) await run("sync", ["-f", target]);
  const start = performance.now();
  const told = await runTimed(command);
  const seconds = (performance.now() - start) / 1000;
  if (target !== undefined) await run("sync", ["-f", target]);
  return { seconds, synced: (performance.now() - start) / 1000, ...told };
}

/** GNU time asks the system, which adds up over all children. */
async function runTimed({ words, env, cwd }: Command): Promise<Omit<Sample, "seconds" | "synced">> {
  const folder = await mkdtemp(join(tmpdir(), "goferry-time-"));
  const file = join(folder, "time");
  try {
    const command = { words: ["/usr/bin/time", "-o", file, "-f", "%M %O %U %S", ...words], env, cwd };
    let ownPeakBytes = 0;
    await runCommand(command, (pid) => {
      // `time` starts the program and nothing else.
      const look = setInterval(() => (ownPeakBytes = Math.max(ownPeakBytes, peakOfChild(pid))), LOOK_MS);
      return () => clearInterval(look);
    });
    const [kilobytes = 0, blocks = 0, user = 0, system = 0] = (await readFile(file, "utf8"))
      .trim()
      .split(" ")
      .map(Number);
    const [peakBytes, writtenBytes] = [kilobytes * 1024, blocks * 512];
    return { peakBytes, ownPeakBytes, writtenBytes, cpuSeconds: user + system };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const LOOK_MS = 50;

/** The system keeps the highest value, so only what comes in the last moment is missed. 0 where there is no child now. */
function peakOfChild(pid: number): number {
  try {
    const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    const [, kilobytes = "0"] =
      /^VmHWM:\s*(\d+) kB$/mu.exec(readFileSync(`/proc/${child}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}

/**
 * Runs a command to its end; what it printed.
 * @param onStart gets the process number; what it returns is called at the end
 * @throws with both outputs where it fails
 */
export async function runCommand(
  { words, env, cwd }: Command,
  onStart?: (pid: number) => () => void,
): Promise<string> {
  const [program = "", ...rest] = words;
  const child = spawn(program, rest, {
    env: { ...(env ?? inherited()) },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const onEnd = child.pid === undefined ? undefined : onStart?.(child.pid);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(onEnd);
  if (code === 0) return stdout;
  throw new Error(`${words.join(" ")}\nended with ${code}\n${stderr.slice(-3000)}${stdout.slice(-3000)}`);
}

/** Of this process, but for settings of Go and goferry that would make one machine measure something else than another. */
export function inherited(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(?:GO(?!PROXY$)|GOFERRY_|NODE_OPTIONS|npm_)/u.test(name)) env[name] = value;
  }
  return env;
}
