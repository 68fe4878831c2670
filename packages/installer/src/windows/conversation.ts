// A program that answers each line with a line. It is started by the first question and stays for the others: to start a program
// takes Windows longer than it takes the program to answer.

import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export interface Program {
  /** Absolute. */
  file: string;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** The program was not there, ended, or took too long; the next question starts it again. */
export class NoAnswer extends Error {}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What the program may say on standard error, characters. */
const STDERR_LIMIT = 4096;

export class Conversation implements AsyncDisposable {
  readonly #program: () => Promise<Program>;
  readonly #timeoutMs: number;
  /** The last question: one at a time is asked. */
  #last: Promise<unknown> = Promise.resolve();
  #running: Child | undefined;

  /** @param program is asked for when the first question is; `timeoutMs` is for each answer */
  constructor(program: () => Promise<Program>, timeoutMs: number) {
    this.#program = program;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param question without a newline
   * @throws NoAnswer; what `program` throws
   */
  async ask(question: string): Promise<string> {
    const answer = this.#last.then(() => this.#exchange(question));
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  /** Ends the program, which reads that there are no more questions, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    const child = this.#running;
    if (child === undefined) return;
    const closed = new Promise((resolve) => child.once("close", resolve));
    const timer = setTimeout(() => child.kill("SIGKILL"), this.#timeoutMs);
    child.stdin.end();
    await closed;
    clearTimeout(timer);
  }

  async #exchange(question: string): Promise<string> {
    const child = (this.#running ??= await this.#start());
    return await new Promise((resolve, reject) => {
      let line = "";
      let said = "";
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        child.stdout.off("data", onData);
        child.stderr.off("data", onStderr);
        child.off("error", onError).off("close", onClose);
        end();
      };
      const fail = (why: string): void => {
        this.#running = undefined;
        settle(() => reject(new NoAnswer(why)));
      };
      const onData = (text: string): void => {
        line += text;
        if (line.endsWith("\n")) settle(() => resolve(line.slice(0, -1)));
      };
      const onStderr = (text: string): void => void (said = (said + text).slice(0, STDERR_LIMIT));
      const onError = (error: Error): void => fail(error.message);
      const onClose = (code: number | null): void => fail(said.trim() || `exit code ${code}`);
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        fail(`no answer in ${this.#timeoutMs} ms`);
      }, this.#timeoutMs);
      child.stdout.on("data", onData);
      child.stderr.on("data", onStderr);
      child.on("error", onError).on("close", onClose);
      child.stdin.write(`${question}\n`);
    });
  }

  async #start(): Promise<Child> {
    const { file, cwd, env } = await this.#program();
    const { spawn } = await import("node:child_process");
    const child = spawn(file, [], {
      cwd,
      env: { ...env },
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    child.stdout.setEncoding("utf8");
    child.stderr.setEncoding("utf8");
    // Between questions it may fail as well; its end is seen when the next one is asked.
    child.stdin.on("error", () => undefined);
    child.on("error", () => undefined);
    child.once("exit", () => {
      if (this.#running === child) this.#running = undefined;
    });
    return child;
  }
}
