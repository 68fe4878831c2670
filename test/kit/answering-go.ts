// In place of processes: what the commands of a toolchain would print, and `sync`, so that hundreds of installations take
// no longer than their files. The toolchains themselves are those of layered-bundle.ts.

import fs from "node:fs";
import { basename, dirname } from "node:path";
import type { Host } from "../../packages/installer/src/host.ts";
import { testPlatform } from "./real-go.ts";

/** As it was when this was loaded: what a test makes of node:fs since (fault-calls.ts) is for goferry alone. */
const { realpath } = fs.promises;

/** For a host whose root is at this path. */
export function answersFor(root: string): Host["run"] {
  return async (command, args) => {
    const stdout = basename(command) === "sync" ? "" : await printed(root, command, args);
    return { code: 0, ended: "exit", stdout, stderr: "" };
  };
}

async function printed(root: string, command: string, args: readonly string[]): Promise<string> {
  const goroot = dirname(dirname(await realpath(command)));
  if (basename(command) === "gofmt")
    return 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("goferry self-test")\n}\n';
  if (args[0] === "version") return `go version ${basename(goroot)} ${testPlatform()}\n`;
  if (args[0] === "env" && args[1] === "GOROOT") return `${goroot}\n`;
  if (args[0] === "env") return '{"GOENV": ""}\n';
  return `${root}\n`;
}
