// The Go programs of the installer, for the executable for Windows: the same bytes on every machine that builds them with
// the same Go, whatever its settings are.
//
// Not carried in bundles: who steals the key that signs them could then run code of his own on every host, and what a
// bundle brings shall be what the checksum database knows, and nothing else.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

/** What bin/go.exe is, and what asks Windows for goferry. */
export const GO_PROGRAMS = ["launcher", "winhelper"] as const;

/** @param work a folder for what is made on the way */
export async function buildGoProgram(
  name: (typeof GO_PROGRAMS)[number],
  { root, work }: { root: string; work: string },
): Promise<Uint8Array> {
  const out = join(work, `${name}.exe`);
  const { PATH, HOME = work, GOCACHE, GOPROXY, GOSUMDB } = process.env;
  const env = {
    PATH,
    HOME,
    GOCACHE,
    GOPROXY,
    GOSUMDB,
    GOOS: "windows",
    GOARCH: "amd64",
    GOAMD64: "v1",
    CGO_ENABLED: "0",
    GOFLAGS: "-mod=readonly",
    GOWORK: "off",
    GOTOOLCHAIN: PROGRAM_GO,
  };
  const words = ["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", out, "."];
  await run("go", words, { cwd: join(root, "packages/installer", name), env });
  return await readFile(out);
}

/** Of the Go that builds them, whichever go is on PATH: another one gives other bytes. */
const PROGRAM_GO = "go1.27.1";
