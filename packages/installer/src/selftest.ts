// After configuring and before the transaction is called done: does this Go run on this machine? Verified bytes can
// still be the wrong ones for a host (a CPU too old for GOAMD64, a security module that stops unknown programs, a
// missing execute bit), and the old state is only a rename away.
//
// Everything runs in a clean environment and a HOME of its own, so that neither the settings of the user decide the
// outcome nor anything is left behind in the user's build cache.

import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GoferryError } from "@goferry/core";
import { isWindows, type Host, type RunResult } from "./host.ts";
import { layout, programFile, sdkFolder } from "./layout.ts";
import { hostFs } from "./host-fs.ts";
import { ioError } from "./node-fs.ts";
import { GREETING, selfTestProgram } from "./selftest-program.ts";
import type { InstalledUnit } from "./transaction/state.ts";

export interface SelfTestRequest {
  /** The root, absolute. */
  root: string;
  /** The version that bin/go must be, without "go". */
  version: string;
  /**
   * "tools" starts go, gofmt, the compiler, the assembler, the linker and vet: 0.1 s. "build" also builds, vets and runs a
   * small program, and builds and vets one that imports a module: some seconds, because a part of the standard library is
   * compiled for them.
   */
  depth: "tools" | "build";
  /** The modules that are installed. */
  units?: readonly InstalledUnit[] | undefined;
  signal?: AbortSignal | undefined;
}

export interface SelfTestReport {
  /** The commands that were run, in order. */
  commands: string[];
}

/**
 * Runs the checks in a folder of its own in <root>/staging, which it removes.
 * @throws SELF_TEST_FAILED with the command as subject and what it printed as `found`; INTERRUPTED
 */
export async function selfTest(host: Host, request: SelfTestRequest): Promise<SelfTestReport> {
  const { staging } = layout(request.root);
  const scratch = await makeScratch(staging);
  try {
    const { starts, builds } = await checksOf(host, request, scratch);
    await runTogether(host, starts, request.signal);
    for (const check of builds) await runCheck(host, check, request.signal);
    return { commands: [...starts, ...builds].map(shown) };
  } finally {
    // A compiler that outlived a timeout may still write; what it leaves is removed with staging/.
    await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(
      (error: unknown) => {
        throw ioError(error, "remove", scratch);
      },
    );
  }
}

/**
 * Asks bin/go for its version, where all else was tried when it was installed: some milliseconds, and nothing is written.
 * @throws SELF_TEST_FAILED; INTERRUPTED
 */
export async function startTest(
  host: Host,
  { root, version, signal }: Pick<SelfTestRequest, "root" | "version" | "signal">,
): Promise<void> {
  const { bin } = layout(root);
  const env = {
    ...(isWindows(host) ? systemRoot(host) : {}),
    PATH: bin,
    ...WITHOUT_SETTINGS,
    // Nor may a go.mod in a folder above the root name another Go. Without HOME there is no place for counters.
    GOTOOLCHAIN: "local",
  };
  await runCheck(host, versionCheck(host, "go", { root, version, cwd: bin, env }), signal);
}

interface Check {
  program: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  timeoutMs: number;
  /** What it must print, without surrounding space; any text when undefined. */
  expected?: string;
}

interface Checks {
  /** Programs that start and end: one does not need the other. */
  starts: Check[];
  /** In this order. */
  builds: Check[];
}

/** Milliseconds. A cold disk, or an emulated CPU, takes a hundred times what is usual. */
const START_TIMEOUT_MS = 60_000;
const BUILD_TIMEOUT_MS = 600_000;

/** Programs at a time. */
const MAX_TOGETHER = 4;

const TOOLS = ["asm", "compile", "link", "vet"];
const UNFORMATTED = `package main\nimport "fmt"\nfunc main() {\nfmt.Println("${GREETING}")\n}\n`;
const FORMATTED = `package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("${GREETING}")\n}\n`;

async function checksOf(
  host: Host,
  { root, version, depth, units = [] }: SelfTestRequest,
  scratch: string,
): Promise<Checks> {
  const at = layout(root);
  const command = (name: string) => join(at.bin, programFile(name));
  const brief = { cwd: scratch, env: cleanEnvironment(host, root, scratch), timeoutMs: START_TIMEOUT_MS };
  const tools: Check[] = [
    versionCheck(host, "go", { root, version, ...brief }),
    versionCheck(host, `go${version}`, { root, version, ...brief }),
    { program: command("go"), args: ["env", "GOROOT"], expected: await goroot(root, version), ...brief },
    { program: command("gofmt"), args: ["main.go"], expected: FORMATTED.trim(), ...brief },
    ...TOOLS.map((tool) => ({ program: command("go"), args: ["tool", tool, "-V"], ...brief })),
  ];
  if (depth === "tools") return { starts: tools, builds: [] };
  const cwd = join(scratch, "app");
  const build = { ...brief, cwd, timeoutMs: BUILD_TIMEOUT_MS };
  await writeProgram(cwd, (await selfTestProgram(hostFs(host), at, { units, version })).files);
  const programs = join(scratch, "programs");
  const builds: Check[] = [
    { program: command("go"), args: ["build", "-o", join(programs, "/"), "./..."], ...build },
    { program: command("go"), args: ["vet", "./..."], ...build },
    // By the last part of its module's path. What lies beside it has a module in it.
    { program: join(programs, programFile("selftest")), args: [], expected: GREETING, ...brief },
  ];
  return { starts: tools, builds };
}

function versionCheck(
  { platform }: Host,
  name: string,
  { root, version, cwd, env }: Pick<SelfTestRequest, "root" | "version"> & Pick<Check, "cwd" | "env">,
): Check {
  const program = join(layout(root).bin, programFile(name));
  const expected = `go version go${version} ${platform}`;
  return { program, args: ["version"], cwd, env, timeoutMs: START_TIMEOUT_MS, expected };
}

async function writeProgram(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  } catch (error) {
    throw ioError(error, "write in", folder);
  }
}

/** Go prints its GOROOT without links; a missing one is reported by the check that asks for it. */
async function goroot(root: string, version: string): Promise<string> {
  const folder = sdkFolder(layout(root), version);
  return realpath(folder).catch(() => folder);
}

/** Turns off the settings of the user, and of a go.work in a folder above. */
const WITHOUT_SETTINGS = { GOENV: "off", GOWORK: "off" };

function cleanEnvironment(host: Host, root: string, scratch: string): Record<string, string> {
  return {
    ...(isWindows(host) ? windowsEnvironment(host, scratch) : {}),
    PATH: layout(root).bin,
    HOME: join(scratch, "home"),
    GOCACHE: join(scratch, "cache"),
    // Not the scratch folder itself: Go ignores a go.mod that lies directly in TMPDIR.
    GOTMPDIR: join(scratch, "tmp"),
    TMPDIR: join(scratch, "tmp"),
    ...WITHOUT_SETTINGS,
    // A C compiler, and a git repository around the root, are none of this test's business.
    CGO_ENABLED: "0",
    GOFLAGS: "-buildvcs=false",
  };
}

/** What programs need on Windows to start at all, and its own names of HOME and TMPDIR, in a folder. */
function windowsEnvironment(host: Pick<Host, "env">, scratch: string): Record<string, string> {
  const home = join(scratch, "home");
  const tmp = join(scratch, "tmp");
  return {
    ...systemRoot(host),
    USERPROFILE: home,
    APPDATA: join(home, ".config"),
    LOCALAPPDATA: join(home, ".cache"),
    TMP: tmp,
    TEMP: tmp,
  };
}

function systemRoot({ env }: Pick<Host, "env">): Record<string, string> {
  const { SYSTEMROOT = "C:\\Windows" } = env;
  return { SYSTEMROOT };
}

async function makeScratch(staging: string): Promise<string> {
  try {
    await mkdir(staging, { recursive: true });
    const scratch = await mkdtemp(join(staging, "selftest-"));
    // Without this Go may leave a process behind that writes its counters into HOME while we remove it.
    const telemetry = join(scratch, "home", ".config", "go", "telemetry");
    await mkdir(telemetry, { recursive: true });
    await writeFile(join(telemetry, "mode"), "off");
    await mkdir(join(scratch, "tmp"));
    await writeFile(join(scratch, "go.mod"), "module goferry.invalid/selftest\n\ngo 1.21\n");
    await writeFile(join(scratch, "main.go"), UNFORMATTED);
    return scratch;
  } catch (error) {
    throw ioError(error, "write in", staging);
  }
}

/** At the same time, a few of them; of several that fail the first in the list is told, whichever failed first. */
async function runTogether(
  host: Host,
  checks: readonly Check[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const queue = [...checks.entries()];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, check] = next;
      await runCheck(host, check, signal).catch((error: unknown) => {
        failures[i] = error;
        queue.length = 0;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(host.cores, MAX_TOGETHER) }, work));
  for (const failure of failures) if (failure !== undefined) throw failure;
}

async function runCheck(host: Host, check: Check, signal: AbortSignal | undefined): Promise<void> {
  const { program, args, cwd, env, timeoutMs, expected } = check;
  const result = await startProgram(() => host.run(program, args, { cwd, env, timeoutMs, signal }), check);
  if (result.code !== 0) throw failed(check, "exit code 0", outcome(result, timeoutMs));
  if (expected !== undefined && result.stdout.trim() !== expected)
    throw failed(check, expected, outcome(result, timeoutMs));
}

async function startProgram(run: () => Promise<RunResult>, check: Check): Promise<RunResult> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof GoferryError) || error.code !== "IO_FAILED") throw error;
    throw failed(check, "a program that starts", error.found ?? error.message, error);
  }
}

function outcome({ code, ended, stdout, stderr }: RunResult, timeoutMs: number): string {
  const how = {
    exit: `exit code ${code}`,
    signal: "ended by a signal",
    timeout: `no end within ${timeoutMs / 1000} s`,
  };
  const printed = `${stdout.trim()}\n${stderr.trim()}`.trim();
  return [code === 0 ? "" : how[ended], printed.slice(-OUTPUT_SHOWN) || "no output"]
    .filter(Boolean)
    .join(": ");
}

/** Characters of a program's output in an error: the end of it, where compilers sum up. */
const OUTPUT_SHOWN = 2000;

function failed(check: Check, expected: string, found: string, cause?: unknown): GoferryError {
  return new GoferryError("SELF_TEST_FAILED", {
    subject: shown(check),
    message: "the installed Go does not work on this machine",
    expected,
    found,
    next: "the state before the install is back; see what the command says above, and what the system's log says of it",
    cause,
  });
}

function shown({ program, args }: Check): string {
  return [program, ...args].join(" ");
}
