// What Go accepts as the path and the version of a module, and how it writes them in file names and URLs:
// CheckPath, EscapePath and CanonicalVersion of x/mod module, Compare of x/mod semver. Every path and version
// from outside passes here before it becomes part of a file name or of a request.

import { visibleName } from "../archive/names.ts";
import { GoferryError } from "../errors.ts";

export interface ModuleVersion {
  path: string;
  version: string;
}

/** @throws MODULE_INVALID unless Go accepts the path of a module (module.CheckPath) */
export function checkModulePath(path: string): void {
  const expected = missingInPath(path);
  if (expected !== undefined) refuse(path, "This is not the path of a module", expected);
}

/** @throws MODULE_INVALID unless this is a semantic version in canonical form, with +incompatible or without */
export function checkVersion(version: string): void {
  if (!CANONICAL.test(version))
    refuse(version, "This is not the version of a module", "v1.2.3, as Go writes it");
}

/** @throws MODULE_INVALID as both above, and if path and version do not belong together (module.Check) */
export function checkModule({ path, version }: ModuleVersion): void {
  checkModulePath(path);
  checkVersion(version);
  const expected = missingInMajor(path, version);
  if (expected !== undefined)
    refuse(`${path}@${version}`, "Path and version do not belong together", expected);
}

/** Whether checkModule would pass: for schemas, whose refusals have a code and a subject of their own. */
export function isModule({ path, version }: ModuleVersion): boolean {
  return (
    missingInPath(path) === undefined &&
    CANONICAL.test(version) &&
    missingInMajor(path, version) === undefined
  );
}

/**
 * The path as it stands in URLs and file names, where case may not count: `!a` for `A`.
 * @throws MODULE_INVALID as checkModulePath does
 */
export function escapePath(path: string): string {
  checkModulePath(path);
  return escape(path);
}

/** The path that escapePath wrote. @throws MODULE_INVALID if it cannot have written this */
export function unescapePath(escaped: string): string {
  const path = unescape(escaped);
  checkModulePath(path);
  return path;
}

/** The version as it stands in URLs and file names. @throws MODULE_INVALID as checkVersion does */
export function escapeVersion(version: string): string {
  checkVersion(version);
  return escape(version);
}

/** The version that escapeVersion wrote. @throws MODULE_INVALID if it cannot have written this */
export function unescapeVersion(escaped: string): string {
  const version = unescape(escaped);
  checkVersion(version);
  return version;
}

/** What every name in the zip and in the `h1:` of a module begins with. @throws MODULE_INVALID */
export function zipPrefix(module: ModuleVersion): string {
  checkModule(module);
  return `${module.path}@${module.version}/`;
}

/** What every path of a module's files begins with below GOMODCACHE: zipPrefix, escaped. @throws MODULE_INVALID */
export function encodedZipPrefix(module: ModuleVersion): string {
  return escape(zipPrefix(module));
}

/**
 * Compares semantic versions as Go does (semver.Compare): negative, 0 or positive. v1 and v1.2 stand for v1.0.0
 * and v1.2.0, what follows + does not count, and what is no version comes before all that are.
 */
export function compareVersions(a: string, b: string): number {
  const x = SEMVER.exec(a)?.groups;
  const y = SEMVER.exec(b)?.groups;
  if (x === undefined || y === undefined) return Number(x !== undefined) - Number(y !== undefined);
  return (
    compareNumbers(x["major"] ?? "0", y["major"] ?? "0") ||
    compareNumbers(x["minor"] ?? "0", y["minor"] ?? "0") ||
    compareNumbers(x["patch"] ?? "0", y["patch"] ?? "0") ||
    comparePrereleases(x["pre"], y["pre"])
  );
}

const NUMBER = "(?:0|[1-9][0-9]*)";

const PRERELEASE = `(?:${NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const PRERELEASES = `${PRERELEASE}(?:\\.${PRERELEASE})*`;
const BUILD = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";

const CANONICAL = new RegExp(`^v${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRERELEASES})?(?:\\+incompatible)?$`);
const SEMVER = new RegExp(
  `^v(?<major>${NUMBER})(?:\\.(?<minor>${NUMBER})(?:\\.(?<patch>${NUMBER})(?:-(?<pre>${PRERELEASES}))?(?:\\+${BUILD})?)?)?$`,
);

const DEVICE = /^(CON|PRN|AUX|NUL|COM[1-9]|LPT[1-9])$/i;

/** The rule that the path of a module breaks, or undefined. */
function missingInPath(path: string): string | undefined {
  const parts = path.split("/");
  if (!/^[a-z0-9][a-z0-9-]*\.[a-z0-9.-]*$/.test(parts[0] ?? "")) {
    return "first the name of a server: lower-case ASCII letters, digits, - and at least one dot";
  }
  for (const part of parts) {
    if (!/^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/.test(part) || part.endsWith(".")) {
      return "parts of ASCII letters, digits and -._~ that neither begin nor end with a dot";
    }
    const stem = part.split(".", 1)[0] ?? "";
    if (DEVICE.test(stem)) return `no part that is a device of Windows, as ${stem} is`;
    if (/~[0-9]+$/.test(stem)) return `no part that looks like a short name of Windows, as ${stem} does`;
  }
  if (majorSuffix(path) === undefined)
    return "a major version of 2 or more at the end, or .v0 or more on gopkg.in";
  return undefined;
}

/** The major version at the end of a path, such as /v2 and .v3, "" if there is none, undefined if it is wrong. */
function majorSuffix(path: string): string | undefined {
  if (path.startsWith("gopkg.in/")) return /\.v(?:[1-9][0-9]*(?:-unstable)?|0)$/.exec(path)?.[0];
  const end = /\/v[0-9.]+$/.exec(path)?.[0];
  if (end === undefined) return "";
  return /^\/v[1-9][0-9]*$/.test(end) && end !== "/v1" ? end : undefined;
}

/** The rule that a path and a version break together, or undefined (module.CheckPathMajor). */
function missingInMajor(path: string, version: string): string | undefined {
  const suffix = majorSuffix(path)?.replace(/-unstable$/, "");
  const major = version.slice(0, version.indexOf("."));
  if (suffix === undefined || suffix === "") {
    return major === "v0" || major === "v1" || version.endsWith("+incompatible") ? undefined : "v0 or v1";
  }
  // Pseudo-versions of gopkg.in/x.v1 were once made as v0.0.0-, and are in go.mod files to this day.
  if (suffix === ".v1" && version.startsWith("v0.0.0-")) return undefined;
  return major === suffix.slice(1) ? undefined : suffix.slice(1);
}

function escape(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
}

/** Of what is no escaped text an ! is left, which neither path nor version may hold, so that it is refused next. */
function unescape(text: string): string {
  if (/[A-Z]/.test(text)) return "!";
  return text.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Decimal numbers without leading zeros, as text: nothing bounds them, and Go does not either. "" is less than 0. */
export function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareAscii(a, b);
}

export function compareAscii(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}

/** A release comes after its prereleases; numbers come before words; of equal beginnings the longer is later. */
function comparePrereleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const xs = a.split(".");
  const ys = b.split(".");
  for (let i = 0; i < Math.min(xs.length, ys.length); i++) {
    const order = compareIdentifiers(xs[i] ?? "", ys[i] ?? "");
    if (order !== 0) return order;
  }
  return xs.length - ys.length;
}

function compareIdentifiers(a: string, b: string): number {
  const aIsNumber = /^[0-9]+$/.test(a);
  const bIsNumber = /^[0-9]+$/.test(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return aIsNumber ? compareNumbers(a, b) : compareAscii(a, b);
}

/** @throws MODULE_INVALID, always */
export function refuse(
  subject: string,
  message: string,
  expected: string,
  next = "Write path and version as `go list -m` prints them",
): never {
  throw new GoferryError("MODULE_INVALID", {
    subject: visibleName(subject),
    message,
    expected,
    found: visibleName(subject),
    next,
  });
}
