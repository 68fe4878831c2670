// GOROOT/go.env, where Go itself reads its defaults, so that login shells, cron, services and IDEs see the same
// settings. Here is what goferry sets there, and how the text is edited. Format and precedence are those of
// readEnvFile in cmd/go/internal/cfg/cfg.go: a line counts when it starts with A to Z and holds "=", the value goes
// unquoted to the end of the line, and of several lines of one key the FIRST one wins (in the user's go/env file it
// is the last). So lines of our keys are replaced where they stand; appending would change nothing.

import { isAbsolute, sep } from "node:path";
import { GoferryError, isPattern, SUM_GOLANG_ORG_KEY } from "@goferry/core";
import { layout } from "../layout.ts";

export interface GoEnvRequest {
  /** The root, absolute. */
  root: string;
  /** Module path patterns (`go help private`) of private units: the checksum database knows nothing of them. */
  privatePatterns: readonly string[];
  /** Patterns of modules that Go fetches from their own servers inside the gap (`--direct`). */
  direct: readonly string[];
  /** Key of the checksum database of the root, in the syntax of GOSUMDB. */
  logKey?: string | undefined;
}

const HEADING = "# Set by goferry. The first line of a key is the one that counts, so edit lines in place.";

/**
 * What goferry sets in every GOROOT of a root. GOSUMDB stays as Go ships it, unless bundles go by another one.
 * @throws ARGUMENT_INVALID for a root or a pattern that these settings cannot express
 */
export function goEnvSettings({ root, privatePatterns, direct, logKey }: GoEnvRequest): Map<string, string> {
  const { mod, download } = layout(root);
  const unlogged = [...new Set([...privatePatterns, ...direct])];
  return new Map([
    // The only entry: with a second one Go would treat a module that is not here as an invitation to dial.
    ["GOPROXY", fileProxy(download)],
    ["GOMODCACHE", mod],
    ["GOTOOLCHAIN", "path"],
    // Always given, because its default is the user's GOPRIVATE, and what matches it bypasses GOPROXY.
    ["GONOPROXY", direct.length === 0 ? "none" : patternList(direct)],
    // Always given as well, so that a line of earlier patterns goes when the patterns go. Empty means GOPRIVATE.
    ["GONOSUMDB", patternList(unlogged)],
    ...(logKey === undefined || logKey === SUM_GOLANG_ORG_KEY ? [] : [["GOSUMDB", logKey] as const]),
  ]);
}

/**
 * The text of a go.env with these settings; every other line keeps its bytes. Editing it again with the same
 * settings changes nothing.
 * @throws ARGUMENT_INVALID for a key or a value that go.env cannot hold
 */
export function editGoEnv(text: string, settings: ReadonlyMap<string, string>): string {
  for (const [key, value] of settings) checkSetting(key, value);
  const missing = new Map(settings);
  const lines = linesOf(text).map((line) => {
    const key = keyOf(line);
    const value = key === undefined ? undefined : settings.get(key);
    if (key === undefined || value === undefined) return line;
    missing.delete(key);
    return `${key}=${value}\n`;
  });
  if (missing.size === 0) return lines.join("");
  return appendSettings(lines.join(""), missing);
}

/** The settings of a GOROOT/go.env as Go reads them. */
export function readGoEnv(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [key, value] of entriesOf(text)) {
    if (!settings.has(key)) settings.set(key, value);
  }
  return settings;
}

/** The settings of a user's go/env file as Go reads them: there the last line of a key wins. */
export function readUserGoEnv(text: string): Map<string, string> {
  return new Map(entriesOf(text));
}

/**
 * The file: URL under which Go finds a proxy in a folder. Go splits GOPROXY at "," and "|", refuses file: URLs with
 * a host, a query or a fragment, and decodes the path (newProxyRepo in cmd/go/internal/modfetch/proxy.go,
 * urlToFilePath in cmd/go/internal/web/url.go), so everything but plain characters is percent-encoded.
 */
function fileProxy(folder: string): string {
  const parts = folder.split(sep);
  // Windows: \\server\share would become the host of the URL.
  const onServer = parts[0] === "" && parts[1] === "";
  if (!isAbsolute(folder) || onServer || !folder.isWellFormed()) {
    throw new GoferryError("ARGUMENT_INVALID", {
      subject: folder,
      message: "Go cannot use this folder as a module proxy",
      expected: "an absolute path on a drive of this machine, in well-formed Unicode",
      found: folder,
      next: "choose another root with --root",
    });
  }
  const path = parts.map(encodeURIComponent).join("/");
  return `file://${path.replace(/^([A-Za-z])%3A\//u, "/$1:/")}`;
}

/** Patterns in the form of GOPRIVATE and its relatives: divided by commas, nothing quoted. */
function patternList(patterns: readonly string[]): string {
  checkPatterns(patterns);
  return patterns.join(",");
}

/**
 * @throws ARGUMENT_INVALID for a pattern that is empty, or has a comma, a space or a line break in it, and for one that
 * could not match any module path, such as a URL
 */
export function checkPatterns(patterns: readonly string[]): void {
  for (const pattern of patterns) {
    if (/^[!-+\--~]+$/u.test(pattern) && isPattern(pattern)) continue;
    throw new GoferryError("ARGUMENT_INVALID", {
      subject: pattern,
      message: "not a pattern for module paths",
      expected:
        "a glob for the beginning of a module path, such as git.example.com/team/*, without https://, spaces or commas",
      found: JSON.stringify(pattern),
      next: "give several patterns one by one",
    });
  }
}

function checkSetting(key: string, value: string): void {
  if (/^[A-Z][A-Z0-9_]*$/u.test(key) && !/[\n\r\0]/u.test(value) && value.isWellFormed()) return;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: key,
    message: "go.env cannot hold this setting",
    expected: "an upper-case key, and a value on one line",
    found: `${key}=${JSON.stringify(value)}`,
    next: "choose a root whose path has no line breaks",
  });
}

/** The lines of a text, each with its line feed; together they are the text. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
}

function keyOf(line: string): string | undefined {
  const end = line.indexOf("=");
  return end > 0 && /^[A-Z]/u.test(line) ? line.slice(0, end) : undefined;
}

function entriesOf(text: string): [string, string][] {
  return linesOf(text).flatMap((line): [string, string][] => {
    const key = keyOf(line);
    return key === undefined ? [] : [[key, line.slice(key.length + 1).replace(/\n$/u, "")]];
  });
}

function appendSettings(text: string, settings: ReadonlyMap<string, string>): string {
  const begin = text === "" ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  const lines = [...settings].map(([key, value]) => `${key}=${value}\n`);
  return `${text}${begin}${HEADING}\n${lines.join("")}`;
}
