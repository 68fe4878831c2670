// Tries the entries of `tools:` and `modules:` as a host will use them: `go install` of a tool, and `go get` of a module
// in a project that imports all of it.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { importsFile, SCRATCH_MODULE } from "../go/entry-closure.ts";
import { lastLines } from "../go/failure-text.ts";
import { modulesMissing, platformEnv } from "../go/project-closure.ts";
import { diskError } from "../net/disk-error.ts";
import { tryBuild } from "./build.ts";
import type { ResolvedEntry } from "../go/entry-closure.ts";
import type { ProcessResult } from "../go/spawn.ts";
import { WITHOUT_PATHS, type HostGo } from "./host-go.ts";
import type { ModuleRehearsal, ToolRehearsal } from "./record.ts";

export interface EntryOptions {
  go: HostGo;
  entry: ResolvedEntry;
  /** An empty folder, the same one for all platforms of the entry. */
  cwd: string;
  platform: string;
  /** Of this machine. */
  hostPlatform: string;
}

/** @throws REHEARSAL_FAILED, and what HostGo.run throws */
export async function rehearseTool(options: EntryOptions): Promise<ToolRehearsal> {
  const { go, cwd, platform, hostPlatform } = options;
  const tool = targetOf(options);
  const crossBuilt = platform !== hostPlatform;
  const tried = await tryBuild(crossBuilt ? false : undefined, async (cgo) => {
    const result = await go.run(["install", WITHOUT_PATHS, tool], { cwd, env: platformEnv(platform, cgo) });
    return result.code === 0 ? undefined : result;
  });
  const common = { kind: "tool", tool, platform, crossBuilt, network: go.network, reused: false } as const;
  if (!("failure" in tried)) return { ...common, install: tried.build, findings: tried.findings };
  const { failure } = tried;
  if (crossBuilt && OTHER_PLATFORMS.test(failure.stderr)) {
    return { ...common, install: "not for this platform", findings: [lastLines(failure.stderr)] };
  }
  throw refused(options, ["install", tool], failure);
}

/** The platforms of a bundle are those of its hosts; a tool need not be for all of them. */
const OTHER_PLATFORMS =
  /^package \S+: build constraints exclude all Go files|^\S+: build constraints exclude/mu;

/** @throws REHEARSAL_FAILED, and what HostGo.run throws */
export async function rehearseModule(options: EntryOptions): Promise<ModuleRehearsal> {
  const { go, entry, cwd, platform, hostPlatform } = options;
  const module = targetOf(options);
  const env = platformEnv(platform, undefined);
  const run = async (...command: string[]): Promise<ProcessResult> => {
    const result = await go.run(command, { cwd, env });
    if (result.code !== 0) throw refused(options, command, result);
    return result;
  };
  await clear(cwd);
  await run("mod", "init", SCRATCH_MODULE);
  await run("get", module);
  await writeImports(cwd, entry.imports);
  await run("mod", "tidy", "-e");
  const list = ["list", "-e", "-deps", "-test", "-f", PACKAGE_ERROR, ...entry.imports];
  const missing = entry.imports.length === 0 ? [] : modulesMissing((await run(...list)).stdout);
  if (missing.length > 0 && !entry.isIncomplete) {
    throw refused(options, list.slice(0, 4), {
      code: 0,
      signal: null,
      stdout: "",
      stderr: missing.join("\n"),
    });
  }
  return {
    kind: "module",
    module,
    get: missing.length > 0 ? "incomplete" : "ok",
    platform,
    crossBuilt: platform !== hostPlatform,
    network: go.network,
    findings: missing.length > 0 ? [lastLines(missing.join("\n"))] : [],
    reused: false,
  };
}

const PACKAGE_ERROR = "{{with .Error}}{{.Pos}}: {{.Err}}{{end}}";

async function clear(cwd: string): Promise<void> {
  for (const name of ["go.mod", "go.sum", "imports.go"]) await rm(join(cwd, name), { force: true });
}

async function writeImports(cwd: string, imports: readonly string[]): Promise<void> {
  const file = join(cwd, "imports.go");
  try {
    await writeFile(file, importsFile(imports));
  } catch (error) {
    throw diskError(error, file);
  }
}

/** With the version that the query of the entry was answered with. */
function targetOf({ entry }: EntryOptions): string {
  return `${entry.entry.slice(0, entry.entry.lastIndexOf("@"))}@${entry.version}`;
}

function refused(
  options: EntryOptions,
  command: readonly string[],
  { stderr, signal, code }: ProcessResult,
): GoferryError {
  const { entry, platform } = options;
  const target = targetOf(options);
  return new GoferryError("REHEARSAL_FAILED", {
    subject: `${target} for ${platform}`,
    message: `the ${entry.kind} cannot be used with what the bundle holds, so the bundle is not signed`,
    expected: `\`go ${command.join(" ")}\` without a network`,
    found: lastLines(stderr) || (signal ?? `exit code ${code}`),
    next:
      entry.kind === "tool"
        ? `Run \`GOOS=${platform.replace("/", " GOARCH=")} go install ${target}\` on this machine; if that works, report this.`
        : `Run \`go get ${target}\` in an empty module on this machine; if that works, report this.`,
  });
}
