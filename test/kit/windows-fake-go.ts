// A bundle for windows/amd64 of a few small files with two versions of Go in it, for what does not depend on Go: switching,
// kills, files that are in use. The Go is a fake: one program of some lines that answers what goferry asks of go.exe and
// gofmt.exe, by the version that its GOROOT says. Launchers, transactions and goferry.exe are the real ones. install.test.ts
// has the real Go.

import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { sealSmall, smallBundle, testKey } from "./small-bundle.ts";

export interface FakeGoBundle {
  bundle: string;
  publicKey: string;
  /** What has to stand behind `install`, `verify` and `repair`: whose log it is. */
  logKey: string;
}

/** The older one first. */
export const FAKE_VERSIONS = ["1.26.8", "1.27.1"] as const;

/** `go wait FILE` makes the file and waits for its end: a build that takes long. */
const PROGRAM = `package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	own, _ := os.Executable()
	goroot := filepath.Dir(filepath.Dir(own))
	text, _ := os.ReadFile(filepath.Join(goroot, "VERSION"))
	version, _, _ := strings.Cut(string(text), "\\n")
	if filepath.Base(own) == "gofmt.exe" {
		os.Stdout.WriteString("package main\\n\\nimport \\"fmt\\"\\n\\nfunc main() {\\n\\tfmt.Println(\\"goferry self-test\\")\\n}\\n")
		return
	}
	switch strings.Join(os.Args[1:min(len(os.Args), 3)], " ") {
	case "version":
		os.Stdout.WriteString("go version " + version + " windows/amd64\\n")
	case "env GOROOT":
		os.Stdout.WriteString(goroot + "\\n")
	case "env GOTOOLCHAIN":
		os.Stdout.WriteString("path\\n")
	case "env -json":
		os.Stdout.WriteString("{\\"GOENV\\": \\"\\"}\\n")
	case "wait " + os.Args[len(os.Args)-1]:
		os.WriteFile(os.Args[2], nil, 0o644)
		time.Sleep(time.Hour)
	}
}
`;

/** @param folder an empty one, where it is made */
export async function fakeGoBundle(folder: string): Promise<FakeGoBundle> {
  const program = await goProgram(folder, "fake", PROGRAM);
  const small = await smallBundle({
    go: FAKE_VERSIONS,
    platforms: ["windows/amd64"],
    toolchainFiles: (go) => ({
      VERSION: `go${go}\ntime 2026-11-20T00:00:00Z\n`,
      "go.env": "GOPROXY=https://proxy.example.com,direct\nGOSUMDB=sum.golang.org\nGOTOOLCHAIN=auto\n",
      "src/go.mod": "module std\n\ngo 1.26\n",
      "src/cmd/go.mod": "module cmd\n\ngo 1.26\n",
      "src/fmt/print.go": `package fmt // of ${go}\n`,
      "bin/go.exe": program,
      "bin/gofmt.exe": program,
    }),
  });
  const key = await testKey();
  const [bundle, publicKey] = [join(folder, "fake.tar"), join(folder, "public.asc")];
  await writeFile(bundle, await sealSmall(small, [key]));
  await writeFile(publicKey, key.publicKey);
  return { bundle, publicKey, logKey: small.log.vkey };
}

/** A Go program from one source file, for Windows by default. */
export async function goProgram(
  folder: string,
  name: string,
  source: string,
  os: "windows" | "linux" = "windows",
): Promise<Uint8Array> {
  const work = join(folder, name);
  await mkdir(work);
  await writeFile(join(work, "main.go"), source);
  const env = { ...process.env, GOOS: os, GOARCH: "amd64", CGO_ENABLED: "0", GOFLAGS: "" };
  const words = ["build", "-trimpath", "-ldflags=-s -w", "-o", "program.exe", "main.go"];
  await promisify(execFile)("go", words, { cwd: work, env });
  return await readFile(join(work, "program.exe"));
}
