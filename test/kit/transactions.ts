// Two transactions, small but with every kind of change, for tests that break them: an install into a root that does not
// exist yet, and an upgrade of it that also repairs a module, removes a version and edits what lies in a home.

import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { HostFs } from "../../packages/installer/src/fs.ts";
import { layout, sdkFolder } from "../../packages/installer/src/layout.ts";
import type { Layout } from "../../packages/installer/src/layout.ts";
import { nodeFs } from "../../packages/installer/src/node-fs.ts";
import type { EditRequest } from "../../packages/installer/src/transaction/describe.ts";
import { recover } from "../../packages/installer/src/transaction/recover.ts";
import type { Recovery } from "../../packages/installer/src/transaction/recover.ts";
import { runTransaction } from "../../packages/installer/src/transaction/transaction.ts";
import type { Outcome, Plan, TransactionHost } from "../../packages/installer/src/transaction/transaction.ts";
import { windowsFs } from "../../packages/installer/src/windows-fs.ts";
import { faultyFs } from "./faulty-fs.ts";
import type { Fault, FaultyFs } from "./faulty-fs.ts";
import { picture, realHost, testFolder, testHost } from "./host-root.ts";

/** What a test may change in a plan. */
export type PlanChanges = Partial<Pick<Plan, "selfTest" | "signal" | "onStep">>;

export interface Bench extends AsyncDisposable {
  root: string;
  at: Layout;
  home: string;
  /** Puts everything back as it was when `keep` was called. */
  reset(): Promise<void>;
  keep(): Promise<void>;
  /** All files of the host; the random id of the last transaction left out. */
  look(): Record<string, string>;
  /** Runs a transaction with a fault, in a process that is dead afterwards. */
  run(
    which: Transaction,
    fault?: Fault,
    changes?: PlanChanges,
  ): Promise<{ outcome: Outcome | Error; fs: FaultyFs }>;
  /** What the next command does first, in another process. */
  recover(fault?: Fault): Promise<Recovery | Error>;
}

export type Transaction = (fs: HostFs, at: Layout, home: string) => Plan;

/** posix: as on Linux. windows: links are files, and no file has a mode. */
export type Rules = "posix" | "windows";

/** A host with a home that has a profile, and nothing else. */
export async function bench(rules: Rules = "posix"): Promise<Bench> {
  const folder = await testFolder();
  const live = join(folder.path, "live");
  const kept = join(folder.path, "kept");
  const root = join(live, "opt", "goferry");
  const home = join(live, "home");
  const at = layout(root);
  await mkdir(home, { recursive: true });
  await writeFile(join(home, ".profile"), "umask 022\n", { mode: 0o600 });
  const keep = async (): Promise<void> => {
    await rm(kept, { recursive: true, force: true });
    await cp(live, kept, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  };
  await keep();
  let pid = 0;
  const processOf = (fault: Fault): { host: TransactionHost; fs: FaultyFs } => {
    const fs = faultyFs(nodeFs(realHost), fault);
    return { fs, host: aliveOnly(++pid, rules === "posix" ? fs : windowsFs({ posix: fs, ...WINDOWS })) };
  };
  return {
    root,
    at,
    home,
    keep,
    reset: async () => {
      await rm(live, { recursive: true, force: true });
      await cp(kept, live, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    },
    look: () => comparable(live, at, rules),
    run: async (which, fault = NO_FAULT, changes = {}) => {
      const { host, fs } = processOf(fault);
      const wanted = which(host.fs, at, home);
      const plan = { ...(rules === "posix" ? wanted : asOnWindows(wanted)), ...changes };
      const outcome = await runTransaction(host, root, plan).catch(asError);
      return { outcome, fs };
    },
    recover: (fault = NO_FAULT) => recover(processOf(fault).host, at, { command: "list" }).catch(asError),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Go 1.26.8, one module, goferry, and the settings of a login shell. */
export const install: Transaction = (fs, at, home) => ({
  command: "install site.tar",
  stage: async (staging, before) => {
    await writeTree(fs, join(staging, "sdk"), { VERSION: "go1.26.8", "go.env": "GOTOOLCHAIN=path\n" });
    await writeTree(fs, join(staging, "x"), { "x.go": "package x", "go.mod": "module example.com/x" });
    await writeTree(fs, join(staging, "bin"), { goferry: "first" });
    return {
      state: { ...before, generation: 1, current: "1.26.8" },
      place: [
        { from: join(staging, "sdk"), to: sdkFolder(at, "1.26.8") },
        { from: join(staging, "x"), to: join(at.mod, "example.com", "x@v1.0.0") },
      ],
      replace: [{ from: join(staging, "bin", "goferry"), to: join(at.bin, "goferry") }],
      edits: [
        { path: at.current, link: "sdk/go1.26.8" },
        { path: join(at.bin, "go"), link: "../current/bin/go" },
        { path: join(at.bin, "go1.26.8"), file: Buffer.from("#!/bin/sh\n"), mode: 0o755 },
        { path: join(home, ".profile"), file: Buffer.from("umask 022\nPATH=/opt/goferry/bin:$PATH\n") },
        {
          path: join(home, ".config", "fish", "conf.d", "goferry.fish"),
          file: Buffer.from("fish_add_path x\n"),
        },
      ],
      audit: { action: "install", subject: "site", result: "done", bundle: null, signers: [] },
    };
  },
});

/** Go 1.27.1 instead, the module mended, another one added, goferry replaced, the fish settings removed. */
export const upgrade: Transaction = (fs, at, home) => ({
  command: "install site-2.tar",
  stage: async (staging, before) => {
    await writeTree(fs, join(staging, "sdk"), { VERSION: "go1.27.1", "go.env": "GOTOOLCHAIN=path\n" });
    await writeTree(fs, join(staging, "x"), {
      "x.go": "package x // mended",
      "go.mod": "module example.com/x",
    });
    await writeTree(fs, join(staging, "y"), { "y.go": "package y" });
    await writeTree(fs, join(staging, "bin"), { goferry: "second" });
    const x = join(at.mod, "example.com", "x@v1.0.0");
    return {
      state: { ...before, generation: 2, current: "1.27.1" },
      place: [
        { from: join(staging, "sdk"), to: sdkFolder(at, "1.27.1") },
        { from: join(staging, "x"), to: x },
        { from: join(staging, "y"), to: join(at.mod, "example.com", "y", "v2@v2.0.0") },
      ],
      replace: [{ from: join(staging, "bin", "goferry"), to: join(at.bin, "goferry") }],
      remove: [sdkFolder(at, "1.26.8"), x],
      edits: [
        { path: at.current, link: "sdk/go1.27.1" },
        { path: join(at.bin, "go"), file: Buffer.from("now a file\n"), mode: 0o755 },
        { path: join(at.bin, "go1.26.8"), remove: true },
        { path: join(at.download, "example.com", "x", "@v", "list"), file: Buffer.from("v1.0.0\n") },
        { path: join(home, ".profile"), file: Buffer.from("umask 022\n") },
        { path: join(home, ".config", "fish", "conf.d", "goferry.fish"), remove: true },
      ],
      audit: { action: "install", subject: "site", result: "done", bundle: null, signers: [] },
    };
  },
});

/** All of it away again, with the folders that the first installation made. */
export const removal: Transaction = (_fs, at, home) => {
  const opt = dirname(at.root);
  const fish = join(home, ".config", "fish");
  return {
    command: "uninstall --all",
    leaving: [opt, at.root, at.state],
    stage: async (_staging, before) => ({
      state: { ...before, generation: before.generation + 1, current: null },
      remove: [at.bin, at.sdk, at.mod, at.current],
      edits: [
        { path: join(home, ".profile"), file: Buffer.from("umask 022\n") },
        { path: join(fish, "conf.d", "goferry.fish"), remove: true },
      ],
      emptied: [dirname(fish), fish, join(fish, "conf.d")],
      removesRoot: true,
      audit: { action: "uninstall", subject: "everything", result: "done", bundle: null, signers: [] },
    }),
  };
};

const WINDOWS = { launcher: Buffer.alloc(2000, "MZ"), holders: async () => await Promise.resolve([]) };

/** The same plan as it would be there: nothing asks for a mode, and a link to a program leads to NAME.exe. */
function asOnWindows(plan: Plan): Plan {
  return {
    ...plan,
    async stage(staging, before) {
      const prepared = await plan.stage(staging, before);
      const edits = prepared?.edits?.map((edit): EditRequest => {
        if ("link" in edit) return { ...edit, link: edit.link.replace(/bin\/go$/u, "bin/go.exe") };
        return "file" in edit ? { path: edit.path, file: edit.file } : edit;
      });
      return prepared === null || edits === undefined ? prepared : { ...prepared, edits };
    },
  };
}

const NO_FAULT: Fault = { kind: "error", at: 0 };

/** A host on which every earlier process has ended. */
function aliveOnly(pid: number, fs: HostFs): TransactionHost {
  const id = { started: "1", boot: "b", namespace: "n", machine: "m", host: "h" };
  return {
    ...testHost(fs),
    processes: {
      self: async () => ({ ...id, pid }),
      look: async (other) => (other.pid === pid ? "running" : "gone"),
    },
  };
}

function comparable(live: string, at: Layout, rules: Rules): Record<string, string> {
  const states = [at.stateFile, at.generations].map((path) => path.slice(live.length + 1));
  return Object.fromEntries(
    Object.entries(picture(live)).map(([name, found]) => {
      // The modes that this machine gives, which Windows does not know.
      const entry = rules === "posix" ? found : found.replace(/^file \d+/u, "file 644");
      return [name, states.some((state) => name.startsWith(state)) ? withoutId(entry) : entry];
    }),
  );
}

function withoutId(entry: string): string {
  const [kind, mode, content] = entry.split(" ");
  if (content === undefined) return entry;
  const state = Buffer.from(content, "base64").toString("utf8");
  return `${kind} ${mode} ${state.replace(/"transaction": "[^"]*"/, '"transaction": "…"')}`;
}

async function writeTree(fs: HostFs, folder: string, files: Record<string, string>): Promise<void> {
  await fs.mkdir(folder, 0o755);
  for (const [name, text] of Object.entries(files)) {
    await fs.createFile(join(folder, name), Buffer.from(text), { mode: 0o644 });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
