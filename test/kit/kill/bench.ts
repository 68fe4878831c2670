// One place where goferry is killed: a root and a home, put back to what they were before each try; the command that is
// killed, as a process under strace; and, in this process, the commands that come after it and what they must find.

import { execFile } from "node:child_process";
import { existsSync, lstatSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { goferry, type TestResult } from "../../../packages/goferry/src/testing/terminal.ts";
import { namesBelow, picture } from "../host-root.ts";
import type { Tree } from "../tree.ts";
import type { KillProgram } from "./program.ts";
import { rootCalls, WATCHED, type RootCall } from "./root-calls.ts";
import type { Scenario } from "./scenarios.ts";
import { withSteps, type StepCall } from "./steps.ts";
import { traced, type KillPoint, type SystemCall, type Traced } from "./strace.ts";

const execute = promisify(execFile);

/** A command, what there is before it, and what there is after it. */
export interface Recorded {
  scenario: Scenario;
  calls: StepCall[];
  old: Tree;
  new: Tree;
}

export class KillBench {
  readonly root: string;
  readonly #program: KillProgram;
  /** Holds the root and the home, and nothing else. */
  readonly live: string;
  /** Holds copies of it. */
  readonly #kept: string;
  readonly #output: string;

  /** @param folder of its own, on a file system in memory */
  constructor(folder: string, program: KillProgram) {
    this.#program = program;
    this.live = join(folder, "live");
    this.#kept = join(folder, "kept");
    this.#output = join(folder, "trace");
    this.root = join(this.live, "opt", "goferry");
  }

  /** Makes what there is before, keeps it, and lets the command run to its end. */
  async record(scenario: Scenario): Promise<Recorded> {
    await rm(this.live, { recursive: true, force: true });
    await mkdir(join(this.live, "home"), { recursive: true });
    await writeFile(join(this.live, "home", ".profile"), "umask 022\n", { mode: 0o600 });
    for (const words of scenario.before) {
      const { code, stdout, stderr } = await this.goferry(words, this.#program.versions[0]);
      if (code !== 0) throw new Error(`${words.join(" ")}: ${stdout}${stderr}`);
    }
    await scenario.damage?.(this.root);
    await this.keep();
    const old = this.look();
    const { code, stderr, calls } = await this.run(scenario.words, "recorded");
    if (code !== 0) throw new Error(`${scenario.name}: ${code} ${stderr}`);
    return { scenario, calls: withSteps(this.own(calls), this.root), old, new: this.look() };
  }

  /** Keeps what there is now under a name: "before" is what every try begins with. */
  async keep(name = "before"): Promise<void> {
    const copy = this.kept(name);
    await rm(copy, { recursive: true, force: true });
    await mkdir(this.#kept, { recursive: true });
    await execute("cp", ["-a", this.live, copy]);
  }

  async reset(name = "before"): Promise<void> {
    await execute("rm", ["-rf", this.live]);
    await execute("cp", ["-a", this.kept(name), this.live]);
  }

  /** Runs a command until it is killed at that call. Throws if it was not. */
  async kill(words: readonly string[], seed: string, { kill, name, path }: RootCall): Promise<void> {
    if (kill === undefined) throw new Error(`${name} ${path} is made by another program`);
    const { code, stderr } = await this.run(words, seed, kill);
    // strace injects at this call of this path and nowhere else; what it prints of a process that is gone is at times torn.
    if (code === undefined) return;
    throw new Error(`${words.join(" ")}: not killed at ${name} ${path}, ${kill.nth}, but ${code}: ${stderr}`);
  }

  /** Where a copy is. */
  kept(name = "before"): string {
    return join(this.#kept, name);
  }

  /** The calls that touch the root or the home. */
  own(calls: readonly SystemCall[]): RootCall[] {
    return rootCalls(calls, this.live);
  }

  /** Runs goferry as a process of its own. The seed makes its random names. */
  async run(words: readonly string[], seed: string, killAt?: KillPoint): Promise<Traced> {
    return await traced({
      command: [...this.#program.command, ...words, "--root", this.root, "--json"],
      calls: killAt === undefined ? WATCHED : [killAt.call],
      output: this.#output,
      cwd: this.live,
      ...(killAt === undefined ? {} : { killAt }),
      env: {
        PATH: "/usr/bin:/bin",
        HOME: join(this.live, "home"),
        GOFERRY_SELF_TEST: "tools",
        KILL_SEED: seed,
        KILL_NOW: "2026-11-21T06:00:00Z",
        KILL_PROGRAM: this.#program.versions[1],
        NODE_COMPILE_CACHE: this.#program.cache,
        // Asynchronous calls are made by one thread, one after the other.
        UV_THREADPOOL_SIZE: "1",
      },
    });
  }

  /** Runs goferry in this process. */
  async goferry(words: readonly string[], program = this.#program.versions[1]): Promise<TestResult> {
    return await goferry([...words, "--root", this.root], {
      cwd: this.live,
      system: {
        cores: 1,
        executablePath: program,
        workerSource: this.#program.worker,
        processExists: isProcess,
      },
    });
  }

  /** All files with their contents; without logs, and without the times in what is kept to compare files with. */
  look(): Tree {
    const tree = picture(this.live);
    for (const [name, entry] of Object.entries(tree)) {
      if (/^opt\/goferry\/state\/logs(?:\/|$)/u.test(name)) delete tree[name];
      if (!/\/state\/units\/.*\.sums$/u.test(name)) continue;
      const [kind, mode, content = ""] = entry.split(" ");
      const text = Buffer.from(content, "base64").toString("utf8");
      tree[name] = `${kind} ${mode} ${text.replace(/^\d+ \d+$/mu, "")}`;
    }
    return tree;
  }

  /** What only the system can set: equal only if nobody has written, renamed or replaced anything. */
  stamps(): Tree {
    return Object.fromEntries(
      namesBelow(this.live).map((name) => {
        const { ino, mode, size, mtimeNs, ctimeNs } = lstatSync(join(this.live, name), { bigint: true });
        return [name, `${ino} ${mode} ${size} ${mtimeNs} ${ctimeNs}`];
      }),
    );
  }
}

function isProcess(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
