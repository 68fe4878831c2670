// The answer of a module proxy to the question which toolchains there are.

import { isSupportedGo, newestGoFirst, parseToolchainVersion } from "@goferry/core";

/**
 * The list that a module proxy gives for golang.org/toolchain, read: platforms by Go version, newest version
 * first. Lines of another form and versions before Go 1.21 are left out. Such a list may lack
 * versions that the proxy serves all the same (measured: go1.22.1), so absence from it proves nothing.
 */
export function parseToolchainList(lines: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of lines) {
    const toolchain = parseToolchainVersion(line.trim());
    if (toolchain === undefined || !isSupportedGo(toolchain.go)) continue;
    found.set(toolchain.go, (found.get(toolchain.go) ?? new Set()).add(toolchain.platform));
  }
  return new Map([...found].toSorted(([a], [b]) => newestGoFirst(a, b)));
}
