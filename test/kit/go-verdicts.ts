// Go's own verdicts, from the go on PATH and golang.org/x/mod: a small program (go-verdicts/main.go) is built once and
// asked as often as a test likes.

import { execFile, spawn } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type Question =
  | { kind: "tar" | "zip" | "decode"; file: string }
  | { kind: "module zip"; file: string; path: string; version: string }
  | { kind: "name"; name: string };

export interface Verdict {
  /** Empty where Go accepts. */
  error: string;
  entries: { name: string; size: number; mode: number }[] | null;
  /** Base64. */
  data: string;
}

export interface GoVerdicts {
  ask(questions: readonly Question[]): Promise<Verdict[]>;
  /** The sources of golang.org/x/mod, with their test data. */
  modSources: string;
}

const PROGRAM = fileURLToPath(new URL("go-verdicts", import.meta.url));

/** @param folder to build in */
export async function goVerdicts(folder: string): Promise<GoVerdicts> {
  const cwd = join(folder, "verdicts");
  await cp(PROGRAM, cwd, { recursive: true });
  const options = { cwd, env: { ...process.env, GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local", GOWORK: "off" } };
  await promisify(execFile)("go", ["build", "-o", "verdicts", "."], options);
  const { stdout } = await promisify(execFile)(
    "go",
    ["list", "-m", "-f", "{{.Dir}}", "golang.org/x/mod"],
    options,
  );
  return { modSources: stdout.trim(), ask: (questions) => ask(join(cwd, "verdicts"), questions) };
}

async function ask(program: string, questions: readonly Question[]): Promise<Verdict[]> {
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  child.stdin.end(questions.map((each) => `${JSON.stringify(each)}\n`).join(""));
  await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  const lines = text.split("\n").filter((line) => line !== "");
  if (lines.length !== questions.length)
    throw new Error(`Go answered ${lines.length} of ${questions.length}`);
  return lines.map((line) => JSON.parse(line) as Verdict);
}
