// The goferry that is killed: its command line with a process of its own, as packages/goferry/src/main.ts and the
// stand-alone executable have it, but with a clock that stands still, a small file as the program that goes to bin/, and
// one processor. program.ts makes it one file, which starts in a fraction of the time.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { run } from "../../../packages/goferry/src/run.ts";

process.umask(0o022);

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function main(): Promise<number> {
  return await run({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: new AbortController().signal,
    now: () => new Date(process.env["KILL_NOW"] ?? ""),
    system: {
      os: process.platform,
      arch: process.arch,
      node: process.version,
      home: homedir(),
      // As the tests of the command line have it: what root owns is everybody's to believe, and the profile is the user's.
      uid: process.getuid?.() || 1000,
      userName: "tester",
      folders: undefined,
      machineConfig: undefined,
      executablePath: process.env["KILL_PROGRAM"],
      pid: process.pid,
      processExists: exists,
      cores: 1,
      workerSource: readFileSync(join(dirname(process.argv[1] ?? ""), "worker.cjs"), "utf8"),
      kill: (pid, name) => process.kill(pid, name),
    },
  });
}

void main().then((code) => (process.exitCode = code));
