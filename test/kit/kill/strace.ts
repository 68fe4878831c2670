// Runs a program under strace(1) and reads what it wrote: each call with its arguments as bytes, the paths behind file
// descriptors, and which threads belong to the program itself. And kills it at a chosen call: the signal is delivered as
// the call is entered, so that the call is not made any more.

import { spawn, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";

export interface TracedRun {
  /** The program and its arguments. */
  command: readonly string[];
  /** Names of system calls. */
  calls: readonly string[];
  /** Absolute; where strace writes. */
  output: string;
  env: Readonly<Record<string, string>>;
  cwd: string;
  killAt?: KillPoint;
}

export interface KillPoint {
  call: string;
  /** Only calls that name this path, or a descriptor of it, count. */
  path: string;
  /** Which of these, from 1, counted in each thread. */
  nth: number;
}

export interface Traced {
  /** Undefined when it was killed. */
  code: number | undefined;
  stdout: string;
  stderr: string;
  calls: SystemCall[];
}

export interface SystemCall {
  thread: number;
  name: string;
  args: Argument[];
  /** Undefined for a call that did not return. */
  result: number | undefined;
  /** What follows the result, such as `ENOENT (No such file or directory)`. */
  remark: string;
}

/** A string, a file descriptor with its path, or anything else as strace writes it. */
export type Argument =
  | { kind: "bytes"; bytes: Buffer }
  | { kind: "descriptor"; path: string }
  | { kind: "text"; text: string };

/** strace ends by the signal that ended the program. */
export async function traced({ command, calls, output, env, cwd, killAt }: TracedRun): Promise<Traced> {
  // With --seccomp-bpf strace 6.1 does not inject where it is told paths.
  const words = ["-f", "-y", "-xx", "-s", "4194304", "-o", output, "-e", `trace=${calls.join(",")}`];
  if (killAt !== undefined) {
    words.push("-P", killAt.path, "-e", `inject=${killAt.call}:signal=SIGKILL:when=${killAt.nth}`);
  }
  const child = spawn("strace", [...words, "--", ...command], {
    env: { ...env },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => {
      if (signal === null || signal === "SIGKILL") resolve(status ?? undefined);
      else reject(new Error(`strace ended by ${signal}: ${stderr}`));
    });
  });
  return { code, stdout, stderr, calls: parseTrace(await readFile(output, "latin1")) };
}

/** The calls in the order in which they ended; those that did not, where they began. */
function parseTrace(text: string): SystemCall[] {
  const begun = new Map<number, string>();
  const calls: SystemCall[] = [];
  for (const line of text.split("\n")) {
    const [, id = "", rest = ""] = /^(\d+) +(.*)$/u.exec(line) ?? [];
    const thread = Number(id);
    const unfinished = /^(.*) <unfinished \.\.\.>$/u.exec(rest)?.[1];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/u.exec(rest)?.[1];
    if (unfinished !== undefined) begun.set(thread, unfinished);
    else if (resumed !== undefined) {
      calls.push(...parseCall(thread, (begun.get(thread) ?? "") + resumed));
      begun.delete(thread);
    } else if (/^\w+\(/u.test(rest)) calls.push(...parseCall(thread, rest));
  }
  for (const [thread, head] of begun) calls.push(...parseCall(thread, `${head}) = ?`));
  return calls;
}

/** The threads of the program that was started, without those of its children. */
export function threadsOf(calls: readonly SystemCall[]): Set<number> {
  const [first] = calls;
  const own = new Set(first === undefined ? [] : [first.thread]);
  for (const { thread, name, args, result } of calls) {
    const isThread = args.some((arg) => arg.kind === "text" && arg.text.includes("CLONE_THREAD"));
    if (name.startsWith("clone") && isThread && own.has(thread) && result !== undefined) own.add(result);
  }
  return own;
}

/** Every path that strace compares with `-P`. */
export function pathsOf({ name, args }: SystemCall): string[] {
  const takesData = name.includes("write");
  return args.flatMap((arg) => {
    if (arg.kind === "descriptor") return [arg.path];
    return arg.kind === "bytes" && !takesData ? [arg.bytes.toString("utf8")] : [];
  });
}

function parseCall(thread: number, text: string): SystemCall[] {
  const open = text.indexOf("(");
  const name = text.slice(0, open);
  const { args, end } = parseArguments(text, open + 1);
  const [, result, remark = ""] =
    /^\) += (-?\d+|0x[0-9a-f]+|\?)(?:<[^>]*>)? ?(.*)$/u.exec(text.slice(end)) ?? [];
  if (result === undefined) return [];
  return [{ thread, name, args, result: result === "?" ? undefined : Number(result), remark }];
}

/** `end` is where the closing parenthesis stands. */
function parseArguments(text: string, start: number): { args: Argument[]; end: number } {
  const args: Argument[] = [];
  let depth = 0;
  let from = start;
  for (let i = start; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === '"') i = text.indexOf('"', i + 1);
    else if (character === "<") i = text.indexOf(">", i + 1);
    else if ("([{".includes(character)) depth++;
    else if (depth > 0 && ")]}".includes(character)) depth--;
    else if (depth === 0 && (character === "," || character === ")")) {
      if (i > from) args.push(argumentOf(text.slice(from, i).trim()));
      from = i + 1;
      if (character === ")") return { args, end: i };
    }
  }
  return { args, end: text.length };
}

function argumentOf(text: string): Argument {
  const string = /^"(.*)"(\.\.\.)?$/su.exec(text);
  if (string !== null) return { kind: "bytes", bytes: unescapeHex(string[1] ?? "") };
  // A file that was removed and is still open has no path any more.
  const path = /^(?:\d+|AT_FDCWD)<(.*)>$/su.exec(text)?.[1];
  // Relative to the working folder is nothing that goferry does; the folder itself is no argument.
  if (path !== undefined && !text.startsWith("AT_FDCWD"))
    return { kind: "descriptor", path: unescapeHex(path).toString("utf8") };
  return { kind: "text", text };
}

/** With -xx every byte is `\x2f`. */
function unescapeHex(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}

/** Whether strace is here and may trace; says on stderr what is skipped where it is not. */
export function canTrace(): boolean {
  const { status, error, stderr } = spawnSync("strace", ["-f", "-o", "/dev/null", "true"], {
    encoding: "utf8",
  });
  if (status === 0) return true;
  process.stderr.write(`tests of kills and power cuts are skipped: strace: ${error?.message ?? stderr}\n`);
  return false;
}
