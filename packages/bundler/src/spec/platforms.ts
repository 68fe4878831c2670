// The platforms that a spec may name, as Go spells them. Source: `go tool dist list` of Go 1.21 to 1.27, whose
// union is taken because a bundle may carry an older Go (windows/arm ended with 1.25, freebsd/riscv64 counts as
// broken from 1.26). Whether a given Go exists for a platform is the proxy's answer, not ours.

import { nearest } from "@goferry/core";

/** Platforms that can run a Go toolchain, and so can be the `platforms:` of a bundle. Sorted. */
export const HOST_PLATFORMS = [
  "aix/ppc64",
  "darwin/amd64",
  "darwin/arm64",
  "dragonfly/amd64",
  "freebsd/386",
  "freebsd/amd64",
  "freebsd/arm",
  "freebsd/arm64",
  "freebsd/riscv64",
  "illumos/amd64",
  "linux/386",
  "linux/amd64",
  "linux/arm",
  "linux/arm64",
  "linux/loong64",
  "linux/mips",
  "linux/mips64",
  "linux/mips64le",
  "linux/mipsle",
  "linux/ppc64",
  "linux/ppc64le",
  "linux/riscv64",
  "linux/s390x",
  "netbsd/386",
  "netbsd/amd64",
  "netbsd/arm",
  "netbsd/arm64",
  "openbsd/386",
  "openbsd/amd64",
  "openbsd/arm",
  "openbsd/arm64",
  "openbsd/ppc64",
  "openbsd/riscv64",
  "plan9/386",
  "plan9/amd64",
  "plan9/arm",
  "solaris/amd64",
  "windows/386",
  "windows/amd64",
  "windows/arm",
  "windows/arm64",
] as const;

/** Platforms that Go builds for but that no Go toolchain runs on: targets of projects, never hosts. */
const CROSS_ONLY_PLATFORMS = [
  "android/386",
  "android/amd64",
  "android/arm",
  "android/arm64",
  "ios/amd64",
  "ios/arm64",
  "js/wasm",
  "wasip1/wasm",
] as const;

/** Platforms that a project can be built for: every host platform, and those that Go only builds for. */
export const TARGET_PLATFORMS = [...HOST_PLATFORMS, ...CROSS_ONLY_PLATFORMS] as const;

const OS_NAMES: Readonly<Record<string, string>> = {
  macos: "darwin",
  osx: "darwin",
  mac: "darwin",
  win: "windows",
  win32: "windows",
  win64: "windows",
};

const ARCH_NAMES: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  x64: "amd64",
  aarch64: "arm64",
  armv8: "arm64",
  armv6: "arm",
  armv6l: "arm",
  armv7: "arm",
  armv7l: "arm",
  armhf: "arm",
  i386: "386",
  i686: "386",
  x86: "386",
  ppc64el: "ppc64le",
  loongarch64: "loong64",
};

/**
 * The known platform that `text` was most likely meant to be: names that other systems use (`macos`, `x86_64`,
 * `aarch64`) and other separators (`linux-amd64`) are understood, then the nearest by spelling.
 */
export function nearestPlatform(text: string, known: readonly string[]): string | undefined {
  const [, os = "", arch = "amd64"] = /^([^/\\:_-]*)[/\\:_-]?(.+)?$/u.exec(text.trim().toLowerCase()) ?? [];
  const translated = `${OS_NAMES[os] ?? os}/${ARCH_NAMES[arch] ?? arch}`;
  return known.includes(translated) ? translated : nearest(translated, known);
}
