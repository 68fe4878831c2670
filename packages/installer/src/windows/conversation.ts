// A program that answers each line with a line. It is started by the first question and stays for the others: to start a program
// takes Windows longer than it takes the program to answer. Answers are known by their order alone, so a program that says
// anything else than one line for a question is ended, and another one asked next.

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { GoferryError } from "@goferry/core";

export interface Program {
  /** Absolute. */
  file: string;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
}

export interface Question<T> {
  /** Without a newline. */
  line: string;
  /** Makes something of the answer; if it throws, the program is ended. */
  read(answer: string): T;
  /** The error for a program that is not there, ended, or took too long. */
  noAnswer(found: string, cause?: unknown): GoferryError;
}

interface Open {
  answered(line: string): void;
  failed(found: string, cause?: unknown): void;
}

interface Running {
  child: ChildProcessWithoutNullStreams;
  closed: Promise<void>;
  /** What was read of an answer. */
  part: string;
  /** The end of what it said on standard error. */
  said: string;
  open: Open | undefined;
}

/** Characters. */
const STDERR_LIMIT = 4096;

export class Conversation implements AsyncDisposable {
  readonly #program: () => Promise<Program>;
  readonly #timeoutMs: number;
  /** One question is asked at a time; this settles with the last of them. */
  #last: Promise<unknown> = Promise.resolve();
  #running: Running | undefined;
  /** Programs that have not ended yet. */
  readonly #alive = new Set<Running>();
  #isDisposed = false;

  /**
   * @param program is called each time that the program has to be started
   * @param timeoutMs for each answer, and for the end of the program
   */
  constructor(program: () => Promise<Program>, timeoutMs: number) {
    this.#program = program;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws what `read` throws; the error of `noAnswer`; what `program` throws */
  async ask<T>(question: Question<T>): Promise<T> {
    const answer = this.#last.then(() => this.#exchange(question));
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  /** Ends the program, which reads that there are no more questions, and waits for the end of all that were started. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#last;
    const timer = setTimeout(() => {
      for (const { child } of this.#alive) child.kill("SIGKILL");
    }, this.#timeoutMs);
    for (const { child } of this.#alive) child.stdin.end();
    await Promise.all([...this.#alive].map(({ closed }) => closed));
    clearTimeout(timer);
  }

  async #exchange<T>({ line, read, noAnswer }: Question<T>): Promise<T> {
    if (this.#isDisposed) throw noAnswer("it was ended already");
    const running = (this.#running ??= await this.#start(noAnswer));
    const answer = await new Promise<string>((resolve, reject) => {
      // Holds this process as long as it waits; the program itself does not.
      const timer = setTimeout(
        () => this.#drop(running, `no answer in ${this.#timeoutMs} ms`),
        this.#timeoutMs,
      );
      const settle = (): void => {
        clearTimeout(timer);
        running.open = undefined;
      };
      running.open = {
        answered: (text) => {
          settle();
          resolve(text);
        },
        failed: (found, cause) => {
          settle();
          reject(noAnswer(found, cause));
        },
      };
      running.child.stdin.write(`${line}\n`);
    });
    try {
      return read(answer);
    } catch (error) {
      this.#drop(running, "it was not understood");
      throw error;
    }
  }

  async #start(noAnswer: Question<unknown>["noAnswer"]): Promise<Running> {
    const { file, cwd, env } = await this.#program();
    const { spawn } = await import("node:child_process");
    let child: ChildProcessWithoutNullStreams;
    try {
      child = spawn(file, [], { cwd, env: { ...env }, stdio: "pipe", windowsHide: true });
    } catch (error) {
      throw noAnswer(messageOf(error), error);
    }
    // Not started: absent, forbidden, or this process may not open any more files, and then it has no streams either.
    if (child.pid === undefined) {
      const error = await new Promise((resolve) => child.once("error", resolve));
      throw noAnswer(messageOf(error), error);
    }
    return this.#follow(child);
  }

  #follow(child: ChildProcessWithoutNullStreams): Running {
    const { stdin, stdout, stderr } = child;
    const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const running: Running = { child, closed, part: "", said: "", open: undefined };
    this.#alive.add(running);
    // Nobody who forgets to dispose waits for ever.
    child.unref();
    for (const stream of [stdin, stdout, stderr])
      if ("unref" in stream) (stream as { unref(): void }).unref();
    stdin.on("error", () => undefined);
    child.on("error", (error) => this.#fail(running, error.message, error));
    stderr.setEncoding("utf8").on("data", (text: string) => {
      running.said = (running.said + text).slice(-STDERR_LIMIT);
    });
    stdout.setEncoding("utf8").on("data", (text: string) => {
      running.part += text;
      const end = running.part.indexOf("\n");
      if (running.open === undefined) this.#drop(running, "it spoke without being asked");
      else if (end === running.part.length - 1) {
        const answer = running.part.slice(0, -1);
        running.part = "";
        running.open.answered(answer);
      } else if (end !== -1) this.#drop(running, "more than one line for a question");
    });
    child.once("close", (code, signal) => {
      this.#alive.delete(running);
      this.#fail(
        running,
        running.said.trim() || (signal === null ? `exit code ${code}` : `ended by ${signal}`),
      );
    });
    return running;
  }

  /** Ends a program that is not to be relied on. */
  #drop(running: Running, found: string): void {
    this.#fail(running, found);
    running.child.kill("SIGKILL");
  }

  #fail(running: Running, found: string, cause?: unknown): void {
    if (this.#running === running) this.#running = undefined;
    running.open?.failed(found, cause);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
