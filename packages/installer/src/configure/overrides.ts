// GOROOT/go.env is the weakest of the places where Go looks: a variable of the environment wins over the user's
// go/env file, and that over go.env (`go help environment`). So after configuring, Go itself is asked, as the user,
// what it goes by, and every setting that is not ours is named with where it comes from and what to type.

import { readFile, realpath } from "node:fs/promises";
import { isAbsolute, join, resolve as resolvePath } from "node:path";
import type { Finding } from "../findings.ts";
import { hostFs } from "../host-fs.ts";
import { isWindows, type Host, type RunResult } from "../host.ts";
import { layout, programFile, type Layout } from "../layout.ts";
import { hasErrno, ioError } from "../node-fs.ts";
import { shellQuote } from "../shell-quote.ts";
import type { State } from "../transaction/state.ts";
import { findForeignLog } from "./known-log.ts";
import { readUserGoEnv } from "./go-env.ts";

export interface OverridesRequest {
  /** The root, absolute. */
  root: string;
  /** The settings of the current GOROOT's go.env (`readGoEnv`): ours, and those that Go ships. */
  settings: ReadonlyMap<string, string>;
  /** What the root knows of the checksum database. */
  log?: State["log"] | undefined;
  signal?: AbortSignal | undefined;
}

/** A setting that overrides ours. */
export interface Override extends Finding {
  /** "environment", or the path of the file. */
  source: string;
}

/** Milliseconds for `go env`, which takes 10 of them on a disk that is awake. */
const TIMEOUT_MS = 60_000;

/**
 * Every setting by which Go, started as this user, does not go by the root's go.env: SETTING_OVERRIDDEN, sorted by
 * name, with the setting as subject; or one SETTINGS_UNREADABLE when Go cannot say. Passwords in URLs are left out.
 * @throws IO_FAILED when bin/go cannot be started
 */
export async function findOverrides(host: Host, request: OverridesRequest): Promise<Override[]> {
  const goroot = await currentGoroot(host, layout(request.root));
  const answer = await askGo(host, request, goroot);
  if (!answer.ok) return [unreadable(answer.result, request.root)];
  const { effective } = answer;
  const context: Context = {
    host,
    go: join(layout(request.root).bin, programFile("go")),
    effective,
    file: effective.get("GOENV") ?? "",
    inFile: await readUserFile(effective.get("GOENV") ?? ""),
  };
  const roots = await rootOverrides(context, goroot);
  const brokenFile = roots.some(({ source }) => source !== ENVIRONMENT);
  const found = [...request.settings].flatMap(([key, expected]) => {
    if (effective.get(key) === undefined || effective.get(key) === expected) return [];
    return settingOverrides(context, { key, expected, brokenFile });
  });
  const gopath = effective.get("GOPATH") ?? "";
  const foreign = await findForeignLog(host, { root: request.root, log: request.log ?? null, gopath });
  const all = [...foreign, ...roots, ...found, ...flagOverrides(context), ...moduleModeOverrides(context)];
  return all.toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
}

/** On Windows what stands for the link is a file that says where it leads. */
async function currentGoroot(host: Host, { root, current }: Layout): Promise<string> {
  const fs = hostFs(host);
  const isLink = (await fs.lstat(current))?.kind === "link";
  return await realpath(isLink ? resolvePath(root, await fs.readLink(current)) : current);
}

const ENVIRONMENT = "environment";

/** Flags in GOFLAGS that change where packages come from, or what runs in the place of Go's own tools. */
const FLAGS = new Set(["mod", "modfile", "overlay", "toolexec"]);

interface Context {
  host: Host;
  go: string;
  /** What `go env` prints. */
  effective: ReadonlyMap<string, string>;
  /** The user's go/env file; "" when there is none (GOENV=off, no home). */
  file: string;
  inFile: ReadonlyMap<string, string>;
}

type Answer = { ok: true; effective: Map<string, string> } | { ok: false; result: RunResult };

/**
 * Two questions. For the first GOROOT and GOTOOLCHAIN are set, because a wrong one of the user's makes Go stop, or
 * read another go.env; GOTOOLCHAIN is then asked for by itself, which Go answers without switching.
 */
async function askGo(
  host: Host,
  { root, settings, signal }: OverridesRequest,
  goroot: string,
): Promise<Answer> {
  const go = join(layout(root).bin, programFile("go"));
  const env = { ...host.env, ...countNothing(host), GOROOT: goroot };
  // The top folder, because a go.mod above the working folder would take part in the answer.
  const options = { cwd: "/", timeoutMs: TIMEOUT_MS, signal };
  // Only what is needed: for a list of everything Go runs the C compiler, ten times as long.
  const keys = [...new Set([...settings.keys(), "GOENV", "GOFLAGS", "GO111MODULE", "GOPATH"])];
  const all = await host.run(go, ["env", "-json", ...keys], {
    ...options,
    env: { ...env, GOTOOLCHAIN: "local" },
  });
  if (all.code !== 0) return { ok: false, result: all };
  const toolchain = await host.run(go, ["env", "GOTOOLCHAIN"], { ...options, env });
  if (toolchain.code !== 0) return { ok: false, result: toolchain };
  const effective = parseEnv(all.stdout);
  if (effective === undefined) return { ok: false, result: all };
  return { ok: true, effective: effective.set("GOTOOLCHAIN", toolchain.stdout.trim()) };
}

/**
 * Go counts how it is used, in files of the user's folder for settings (golang.org/x/telemetry), and who only asks must
 * not leave any. So that folder becomes one that nobody can make, and GOENV says what would follow from the right one
 * (os.UserConfigDir, and EnvFile in cmd/go/internal/cfg/cfg.go).
 */
function countNothing({ env, platform }: Host): Record<string, string> {
  if (platform.startsWith("windows/")) {
    const { APPDATA: folder = "", GOENV: named = "" } = env;
    const usual = isAbsolute(folder) ? join(folder, "go", "env") : "off";
    return { APPDATA: "", GOENV: named === "" ? usual : named };
  }
  if (!platform.startsWith("linux/")) return {};
  const { HOME: home = "", XDG_CONFIG_HOME: named = "", GOENV: file = "" } = env;
  const settings = named !== "" ? named : home === "" ? "" : join(home, ".config");
  const usual = isAbsolute(settings) ? join(settings, "go", "env") : "off";
  return { XDG_CONFIG_HOME: "/dev/null", GOENV: file === "" ? usual : file };
}

function parseEnv(json: string): Map<string, string> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    return new Map(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  } catch {
    return undefined;
  }
}

async function readUserFile(path: string): Promise<Map<string, string>> {
  if (path === "") return new Map();
  try {
    return readUserGoEnv(await readFile(path, "utf8"));
  } catch (error) {
    // A GOENV of /dev/null or of a missing file is how some people switch the file off.
    if (hasErrno(error, "ENOENT") || hasErrno(error, "EACCES") || hasErrno(error, "EISDIR")) return new Map();
    throw ioError(error, "read", path);
  }
}

/** GOROOT decides which go.env is read at all, so it is looked at first, and not through `go env`. */
async function rootOverrides(context: Context, goroot: string): Promise<Override[]> {
  const overrides: Override[] = [];
  for (const [source, value] of sourcesOf(context, "GOROOT")) {
    if (value === "" || (await resolve(value)) === goroot) continue;
    overrides.push(override(context, { key: "GOROOT", source, found: value, expected: goroot }));
  }
  return overrides;
}

async function resolve(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

/** One override for each place that sets the key, the strongest first: with that one gone, the next would count. */
function settingOverrides(
  context: Context,
  { key, expected, brokenFile }: { key: string; expected: string; brokenFile: boolean },
): Override[] {
  const named = sourcesOf(context, key).filter(([, value]) => value !== expected);
  if (named.length > 0)
    return named.map(([source, found]) => override(context, { key, source, found, expected }));
  // GONOSUMDB, which we leave empty when nothing is private, then takes its value from GOPRIVATE.
  const found = context.effective.get(key) ?? "";
  const byPrivate = sourcesOf(context, "GOPRIVATE").filter(([, value]) => value === found);
  if (byPrivate.length > 0) {
    return byPrivate.map(([source]) =>
      override(context, { key: "GOPRIVATE", source, found, expected, means: key }),
    );
  }
  // A GOROOT in the user's file made Go read another go.env: that is named already, and explains this.
  return brokenFile ? [] : [override(context, { key, source: "GOROOT/go.env", found, expected })];
}

function flagOverrides(context: Context): Override[] {
  const flags = (context.effective.get("GOFLAGS") ?? "")
    .split(/\s+/u)
    .filter((flag) => FLAGS.has(nameOf(flag)));
  if (flags.length === 0) return [];
  // Only -mod takes one of a few words; a value of the others is nobody's business here.
  const found = flags.map((flag) => (nameOf(flag) === "mod" ? flag : `-${nameOf(flag)}`)).join(" ");
  return sourcesOf(context, "GOFLAGS")
    .filter(([, value]) => flags.some((flag) => value.includes(flag)))
    .map(([source]) => override(context, { key: "GOFLAGS", source, found, expected: "" }));
}

function moduleModeOverrides(context: Context): Override[] {
  if (context.effective.get("GO111MODULE") !== "off") return [];
  return sourcesOf(context, "GO111MODULE")
    .filter(([, value]) => value === "off")
    .map(([source, found]) => override(context, { key: "GO111MODULE", source, found, expected: "" }));
}

function nameOf(flag: string): string {
  return flag.replace(/^--?/u, "").replace(/=.*$/su, "");
}

/** Where a key is set, the strongest place first. An empty variable counts as unset, an empty line in the file does not. */
function sourcesOf({ host, file, inFile }: Context, key: string): [source: string, value: string][] {
  const fromEnv = host.env[key] ?? "";
  const fromFile = inFile.get(key);
  const sources: [string, string][] = [];
  if (fromEnv !== "") sources.push([ENVIRONMENT, fromEnv]);
  if (fromFile !== undefined) sources.push([file, fromFile]);
  return sources;
}

interface Found {
  key: string;
  source: string;
  found: string;
  expected: string;
  /** The setting that changes by it, where that is another one. */
  means?: string;
}

function override(context: Context, { key, source, found, expected, means }: Found): Override {
  const where = source === ENVIRONMENT ? "the environment" : source;
  return {
    code: "SETTING_OVERRIDDEN",
    level: "warn",
    subject: key,
    message: `${key} in ${where} overrides what goferry configured${means === undefined ? "" : ` as ${means}`}`,
    expected: expected === "" ? "not set" : expected,
    found: found === "" ? "empty" : redact(found),
    next: mend(context, key, source),
    source,
  };
}

function mend({ host, go, file, effective }: Context, key: string, source: string): string {
  if (source === ENVIRONMENT) return isWindows(host) ? mendOnWindows(key) : `unset ${key}`;
  if (source !== file) return "install the bundle again: that writes these settings anew";
  // Go refuses to edit GOROOT in its file since 1.27.
  if (key === "GOROOT") return `remove the line GOROOT=... from ${file}`;
  // It switches toolchains before it edits anything, so one that is not here would stop it.
  const before = /^(?:path|auto|local)$/u.test(effective.get("GOTOOLCHAIN") ?? "")
    ? ""
    : "GOTOOLCHAIN=local ";
  return `${before}${shellQuote(go)} env -u ${key}`;
}

/** A window keeps the variables that it was opened with, also one that was set aside in the registry since. */
function mendOnWindows(key: string): string {
  return `open a new window; if ${key} is set there too, take it out of the environment variables of Windows`;
}

function unreadable(result: RunResult, root: string): Override {
  const go = shellQuote(join(layout(root).bin, programFile("go")));
  return {
    code: "SETTINGS_UNREADABLE",
    level: "warn",
    subject: `${go} env`,
    message: "Go, started with this environment, does not say which settings it goes by",
    expected: "exit code 0 and a JSON object",
    found: redact(
      result.stderr.trim() || result.stdout.trim().slice(0, 200) || `${result.ended} ${result.code}`,
    ),
    next: `see what ${go} env says, then unset the variable that it names`,
    source: ENVIRONMENT,
  };
}

/** Leaves out what stands before an "@" in each part of a list: the userinfo of a URL. */
function redact(text: string): string {
  return text.replace(/[^\s,|]*@/gu, (part) => `${/^[a-z+]+:\/\//iu.exec(part)?.[0] ?? ""}***@`);
}
