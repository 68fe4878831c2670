// Go's versions of itself, which are no semantic versions: 1.27 is a line and older than 1.27rc1, which is older than
// 1.27.0. The one place that knows their form and order, and the module that a toolchain is: bundle, build and host must
// not judge differently. Sources: Go's internal/gover/gover.go and cmd/go/internal/modfetch/toolchain.go.

import { compareAscii, compareNumbers, refuse, type ModuleVersion } from "./path.ts";

/** The module whose versions are the toolchains, one for each version of Go and platform (go.dev/ref/mod). */
export const TOOLCHAIN_PATH = "golang.org/toolchain";

/** A toolchain as the module that it is. */
export interface Toolchain extends ModuleVersion {
  path: typeof TOOLCHAIN_PATH;
  /** Such as "v0.0.1-go1.27.1.linux-amd64". */
  version: string;
  /** The Go version, such as "1.27.1". */
  go: string;
  /** GOOS/GOARCH. */
  platform: string;
}

const NUMBER = "(?:0|[1-9][0-9]*)";
const LINE = `[1-9][0-9]*\\.${NUMBER}`;
const WHICH = `(?:\\.${NUMBER}|(?:beta|rc)[1-9][0-9]*)`;
const RELEASE = LINE + WHICH;

/** What a user may name: a line or a release, for a regular expression. */
export const GO_SYNTAX = `${LINE}${WHICH}?`;

/** What can be installed: 1.27.1, 1.28rc1, 1.28beta1; since Go 1.21 the first release of a line is 1.21.0. */
export const GO_RELEASE_FORM = new RegExp(`^${RELEASE}$`);

/** A line, such as 1.27, of which there are several releases. */
const GO_LINE_FORM = new RegExp(`^${LINE}$`);

const PLATFORM = /^[a-z0-9]+\/[a-z0-9]+$/;
const TOOLCHAIN = new RegExp(`^v0\\.0\\.1-go(?<go>${RELEASE})\\.(?<os>[a-z0-9]+)-(?<arch>[a-z0-9]+)$`);

/** All that Go reads as a version of itself: major[.minor[.patch]], or major.minor, a word and perhaps a number. */
const VERSION = new RegExp(
  `^(?<major>${NUMBER})(?:\\.(?<minor>${NUMBER})(?:\\.(?<patch>${NUMBER})|(?<kind>[a-z]+)(?<pre>${NUMBER})?)?)?$`,
);

/** The first Go that has go.env and toolchain modules (DESIGN 4). */
export const OLDEST_GO = "1.21";

/**
 * Order of Go versions without "go" (gover.Compare): negative if `a` is older, 0 only for those that Go takes for the
 * same, such as 1.20 and 1.20.0. What is no version is older than any.
 */
export function compareGoVersions(a: string, b: string): number {
  const x = numbersOf(a);
  const y = numbersOf(b);
  return (
    compareNumbers(x.major, y.major) ||
    compareNumbers(x.minor, y.minor) ||
    compareNumbers(x.patch, y.patch) ||
    compareAscii(x.kind, y.kind) ||
    compareNumbers(x.pre, y.pre)
  );
}

/** compareGoVersions for sorting the newest to the front. */
export function newestGoFirst(a: string, b: string): number {
  return compareGoVersions(b, a);
}

/** The newer of two Go versions; the first if Go takes them for the same. */
export function newerGoVersion(a: string, b: string): string {
  return compareGoVersions(a, b) < 0 ? b : a;
}

/** Whether `version` is one that can be installed. */
export function isGoRelease(version: string): boolean {
  return GO_RELEASE_FORM.test(version);
}

/** Whether `version` is a finished release: not "1.27" (a line), not 1.28rc1. */
export function isFinishedGo(version: string): boolean {
  return isGoRelease(version) && numbersOf(version).kind === "";
}

/** Whether `version` names a line such as 1.27. */
export function isGoLine(version: string): boolean {
  return GO_LINE_FORM.test(version);
}

/** "1.27" of "1.27.1" and of "1.27rc1". */
export function goLineOf(version: string): string {
  const { major, minor } = numbersOf(version);
  return `${major}.${minor}`;
}

/** Whether goferry can carry this Go at all. */
export function isSupportedGo(version: string): boolean {
  return compareGoVersions(version, OLDEST_GO) >= 0;
}

/**
 * The module that a toolchain is.
 * @param go as in `1.27.1` or `1.28rc1`
 * @param platform as in `linux/amd64`
 * @throws MODULE_INVALID if one of them is written otherwise
 */
export function toolchainModule(go: string, platform: string): Toolchain {
  if (!isGoRelease(go)) refuse(go, "This is not the version of a toolchain", "1.27.1 or 1.28rc1", AS_PRINTED);
  if (!PLATFORM.test(platform))
    refuse(platform, "This is not a platform", "linux/amd64, as `go tool dist list` has it", AS_PRINTED);
  return { path: TOOLCHAIN_PATH, version: toolchainVersion(go, platform), go, platform };
}

const AS_PRINTED = "Write Go versions and platforms as `go version` prints them";

/** The version that toolchainModule gives, for a Go version and a platform that may not be what they should. */
export function toolchainVersion(go: string, platform: string): string {
  return `v0.0.1-go${go}.${platform.replace("/", "-")}`;
}

/** The toolchain that a version of {@link TOOLCHAIN_PATH} is, or undefined if toolchainModule does not make it. */
export function parseToolchainVersion(version: string): Toolchain | undefined {
  const { go, os, arch } = TOOLCHAIN.exec(version)?.groups ?? {};
  return go === undefined ? undefined : { path: TOOLCHAIN_PATH, version, go, platform: `${os}/${arch}` };
}

/** What compareNumbers takes. */
interface Numbers {
  major: string;
  minor: string;
  patch: string;
  kind: string;
  pre: string;
}

function numbersOf(version: string): Numbers {
  const { major = "", minor, patch, kind = "", pre = "" } = VERSION.exec(version)?.groups ?? {};
  if (major === "") return { major, minor: "", patch: "", kind, pre };
  // 1 stands for 1.0.0; before 1.21 a missing patch is patch 0, from then on it is the line.
  const isFirst = minor === undefined || (compareNumbers(minor, "21") < 0 && kind === "");
  return { major, minor: minor ?? "0", patch: patch ?? (isFirst ? "0" : ""), kind, pre };
}
