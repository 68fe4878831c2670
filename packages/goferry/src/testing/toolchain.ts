// A Go of four files for tests: a shell script that answers what the installer asks of a Go, and nothing else.

import { dirhash, goModHash, sha256Hex, toolchainModule, unitName } from "@goferry/core";

export const TEST_GO = "1.27.1";

export interface TestFile {
  name: string;
  bytes: Uint8Array;
  mode?: 0o644 | 0o755;
}

/** The toolchain as a module, and its files by their names below GOROOT. */
export function testToolchain(
  platform: string,
  go = TEST_GO,
): {
  toolchain: { path: string; version: string; h1: string; modH1: string };
  files: TestFile[];
} {
  const module = toolchainModule(go, platform);
  const texts = {
    VERSION: `go${go}\n`,
    "bin/go": standInGo(platform, go),
    "bin/gofmt": STAND_IN_GOFMT,
    "go.env": "GOPROXY=off\nGOTOOLCHAIN=auto\n",
  };
  const files = Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  const h1 = hashFiles(`${unitName(module)}/`, files);
  return { toolchain: { ...module, h1, modH1: goModHash(Buffer.from(`module ${module.path}\n`)) }, files };
}

/** Go's dirhash of files below a prefix. */
export function hashFiles(prefix: string, files: readonly TestFile[]): string {
  return dirhash(files.map(({ name, bytes }) => ({ name: prefix + name, sha256: sha256Hex(bytes) })));
}

function standInGo(platform: string, go: string): string {
  // Without other programs, where the shell can do it: a self-test asks a dozen times.
  return `#!/bin/sh
root() {
  file=$(/usr/bin/readlink -f "$0")
  echo "\${file%/bin/go}"
}
value() {
  while IFS= read -r line; do
    case $line in "$1="*) echo "\${line#*=}" && return ;; esac
  done <"$here/go.env"
}
case "$*" in
  version) echo "go version go${go} ${platform}" ;;
  "env GOROOT") root ;;
  "env GOTOOLCHAIN") here=$(root) && value GOTOOLCHAIN ;;
  "env -json "*)
    here=$(root)
    shift 2
    echo "{"
    for key; do
      eval "given=\\\${$key-}"
      printf '"%s": "%s",\\n' "$key" "\${given:-$(value "$key")}"
    done
    echo '"GOOS": "linux" }' ;;
  "tool "*) echo "$2 version go${go}" ;;
esac
`;
}

const STAND_IN_GOFMT = `#!/bin/sh
printf 'package main\\n\\nimport "fmt"\\n\\nfunc main() {\\n\\tfmt.Println("goferry self-test")\\n}\\n'
`;
