// Runs goferry commands in a process beside this one (child.ts), with bounds: one that takes too long is ended, and every
// answer says what it took.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Order, Report, Shift } from "./child.ts";

export interface Judge extends AsyncDisposable {
  /** Runs a command. @throws Error when it has not ended after PATIENCE_MS, or the process was lost */
  run(words: readonly string[], cwd: string, shift?: Shift): Promise<Report>;
}

/** Processor time of one command, ms, and its memory, bytes: what the issue allows for a hostile bundle. */
export const MOST_CPU_MS = 10_000;
export const MOST_MEMORY = 512 * 1024 * 1024;

/** Milliseconds on the clock after which nothing can be still right, however busy the machine is. */
const PATIENCE_MS = 120_000;

/** @param within words before the program, such as those of strace */
export async function startJudge(within: readonly string[] = []): Promise<Judge> {
  const file = fileURLToPath(new URL("child.ts", import.meta.url));
  const [command, ...words] = [...within, process.execPath, "--expose-gc", file];
  // strace counts the calls of each thread by itself.
  const env = within.length === 0 ? process.env : { ...process.env, UV_THREADPOOL_SIZE: "1" };
  const child = spawn(command, words, { env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await answer(child);
  return {
    async run(order, cwd, shift) {
      const message: Order = { words: order, cwd, shift };
      child.send(message);
      return (await answer(child)) as Report;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await once(child, "exit");
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const control = new AbortController();
  const { signal } = control;
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  try {
    const lost = once(child, "exit", { signal }).then(([code, name]) => {
      throw new Error(`the process ended with ${String(code ?? name)}`);
    });
    const [message] = (await Promise.race([once(child, "message", { signal }), lost])) as unknown[];
    return message;
  } finally {
    clearTimeout(timer);
    control.abort();
  }
}
