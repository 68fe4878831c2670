// Go's own version syntax and order, which is not semver: "1.27" is a language version and older than 1.27rc1,
// which is older than 1.27.0. Toolchain modules wrap such a version and a platform in a semver string.
// Source: Go's internal/gover/gover.go and cmd/go/internal/modfetch/toolchain.go.

/** Module path of every toolchain. */
export const TOOLCHAIN_PATH = "golang.org/toolchain";

/** The first Go that has go.env and toolchain modules (DESIGN 4). */
export const OLDEST_GO = "1.21";

/** A toolchain as a module: `path@moduleVersion`. */
export interface Toolchain {
  /** Go version, such as "1.27.1". */
  version: string;
  /** GOOS/GOARCH. */
  platform: string;
  path: typeof TOOLCHAIN_PATH;
  /** Such as "v0.0.1-go1.27.1.linux-amd64". */
  moduleVersion: string;
}

interface GoVersion {
  major: number;
  minor: number;
  /** undefined: a language version such as 1.27. */
  patch: number | undefined;
  /** "beta" or "rc" and its number. */
  kind: string;
  pre: number;
}

const SYNTAX =
  /^(?<major>0|[1-9][0-9]*)(?:\.(?<minor>0|[1-9][0-9]*)(?:\.(?<patch>0|[1-9][0-9]*)|(?<kind>alpha|beta|rc)(?<pre>0|[1-9][0-9]*))?)?$/u;

function parseGoVersion(text: string): GoVersion | undefined {
  const groups = SYNTAX.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { major, minor, patch, kind = "", pre } = groups;
  // Before 1.21 a missing patch is patch 0, from then on it is the language version.
  const early = Number(major) === 1 && Number(minor ?? 0) < 21 && kind === "";
  return {
    major: Number(major),
    minor: Number(minor ?? 0),
    patch: patch === undefined ? (early ? 0 : undefined) : Number(patch),
    kind,
    pre: Number(pre ?? 0),
  };
}

/** Order of Go versions without "go": negative if `a` is older. What is no version is older than any. */
export function compareGoVersions(a: string, b: string): number {
  const x = parseGoVersion(a);
  const y = parseGoVersion(b);
  if (x === undefined || y === undefined) return Number(x !== undefined) - Number(y !== undefined);
  return (
    x.major - y.major ||
    x.minor - y.minor ||
    (x.patch ?? -1) - (y.patch ?? -1) ||
    compareText(x.kind, y.kind) ||
    x.pre - y.pre
  );
}

/** The newer of two Go versions. */
export function newerGoVersion(a: string, b: string): string {
  return compareGoVersions(a, b) < 0 ? b : a;
}

/** Whether `version` is one that Go released finished: not "1.27" (a line), not 1.28rc1. */
export function isFinishedRelease(version: string): boolean {
  return /^[0-9]+\.[0-9]+\.[0-9]+$/u.test(version);
}

/** Whether `version` names a line such as 1.27, of which there are several releases. */
export function isGoLine(version: string): boolean {
  return /^[0-9]+\.[0-9]+$/u.test(version);
}

/** "1.27" of "1.27.1" and of "1.27rc1". */
export function goLineOf(version: string): string {
  return /^[0-9]+\.[0-9]+/u.exec(version)?.[0] ?? version;
}

/** Whether goferry can carry this Go at all. */
export function isSupportedGo(version: string): boolean {
  return compareGoVersions(version, OLDEST_GO) >= 0;
}

/** The toolchain module of a Go version for a platform. */
export function toolchainModule(version: string, platform: string): Toolchain {
  const moduleVersion = `v0.0.1-go${version}.${platform.replace("/", "-")}`;
  return { version, platform, path: TOOLCHAIN_PATH, moduleVersion };
}

/**
 * The list that a module proxy gives for golang.org/toolchain, read: platforms by Go version, newest version
 * first. Lines of another form and versions before {@link OLDEST_GO} are left out. Such a list may lack
 * versions that the proxy serves all the same (measured: go1.22.1), so absence from it proves nothing.
 */
export function parseToolchainList(lines: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of lines) {
    const match = /^v0\.0\.1-go(?<version>[0-9a-z.]+)\.(?<os>[a-z0-9]+)-(?<arch>[a-z0-9]+)$/u.exec(
      line.trim(),
    );
    const { version = "", os, arch } = match?.groups ?? {};
    if (parseGoVersion(version) === undefined || isGoLine(version) || !isSupportedGo(version)) continue;
    found.set(version, (found.get(version) ?? new Set()).add(`${os}/${arch}`));
  }
  return new Map([...found].toSorted(([a], [b]) => compareGoVersions(b, a)));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
