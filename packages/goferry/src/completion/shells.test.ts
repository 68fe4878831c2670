// The scripts in the real shells, as far as they are installed here (.ci/run installs bash, zsh and fish). PowerShell's
// is run where pwsh is; elsewhere only its brackets and quotes can be looked at.

import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFolder } from "../testing/terminal.ts";
import { completionScript } from "./scripts.ts";

let folder: Awaited<ReturnType<typeof testFolder>>;

/** Lines up to the cursor, and what a shell must offer for the last word: all of it, or the beginning of it. */
const CASES: readonly { line: string; offers: readonly string[] }[] = [
  { line: "goferry ver", offers: ["verify"] },
  { line: "goferry key ", offers: ["generate"] },
  { line: "goferry completion f", offers: ["fish"] },
  { line: "goferry verify --qui", offers: ["--quick", "--quiet"] },
  { line: "goferry install --path pro", offers: ["profile"] },
  { line: "goferry verify with", offers: ["with space.tar"] },
  { line: "goferry list --root d", offers: ["dir"] },
];

beforeAll(async () => {
  folder = await testFolder();
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const program = join(folder.path, "bin", "goferry");
  await mkdir(join(folder.path, "bin"));
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(program, 0o755);
  await mkdir(join(folder.path, "work", "dir"), { recursive: true });
  await writeFile(join(folder.path, "work", "with space.tar"), "");
  await writeFile(join(folder.path, "work", "data"), "");
  for (const shell of ["bash", "zsh", "fish", "powershell"] as const) {
    await writeFile(join(folder.path, `goferry.${shell}`), completionScript(shell));
  }
});

afterAll(() => folder[Symbol.asyncDispose]());

function isInstalled(shell: string): boolean {
  try {
    execFileSync(shell, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    console.log(`${shell} is not installed here: its completion is not run`);
    return false;
  }
}

async function run(shell: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(shell, args, {
    cwd: join(folder.path, "work"),
    env: {
      PATH: [join(folder.path, "bin"), process.env["PATH"] ?? ""].join(delimiter),
      HOME: folder.path,
      // goferry is started for every line.
      NODE_COMPILE_CACHE: join(folder.path, "compiled"),
      TERM: "dumb",
      LC_ALL: "C.UTF-8",
    },
    timeout: 30_000,
  });
  return stdout;
}

describe.runIf(isInstalled("bash"))("bash", () => {
  it("offers what can come next", async () => {
    // compopt works only while bash itself completes; the rest is what bash does.
    const script = `source "$0"; compopt() { :; }
      for COMP_LINE; do COMP_POINT=\${#COMP_LINE}; _goferry; (IFS='|'; echo "\${COMPREPLY[*]}"); done
      complete -p goferry`;
    const lines = [...CASES.map(({ line }) => line), "goferry install --path=pro"];
    const out = await run("bash", ["--norc", "-c", script, join(folder.path, "goferry.bash"), ...lines]);
    const found = out.trim().split("\n");
    // Of --path=profile bash replaces what follows the =.
    const expected = [...CASES.map(({ offers }) => [...offers]), ["profile"]];
    expect(found.slice(0, -1).map((line) => line.split("|").toSorted())).toEqual(expected);
    expect(found.at(-1)).toBe("complete -F _goferry goferry");
  });
});

describe.runIf(isInstalled("fish"))("fish", () => {
  it("offers what can come next, with its help", async () => {
    const script = `source $argv[1]; for line in $argv[2..-1]; complete -C "$line"; echo :end; end`;
    const lines = CASES.map(({ line }) => line);
    const out = await run("fish", ["--no-config", "-c", script, join(folder.path, "goferry.fish"), ...lines]);
    const answers = out
      .split(":end\n")
      .slice(0, -1)
      .map((text) => text.trim().split("\n"));
    expect(answers[0]).toEqual(["verify\tCheck signatures, contents and log proofs of a bundle"]);
    const offered = answers.map((answer) =>
      answer.map((line) => (line.split("\t")[0] ?? "").replace(/\/$/u, "")).toSorted(),
    );
    expect(offered).toEqual(CASES.map(({ offers }) => [...offers]));
  });
});

describe.runIf(isInstalled("zsh"))("zsh", () => {
  it("completes on the command line", async () => {
    // zsh completes only where somebody types: zpty is a terminal in which Tab is pressed and the line is then printed.
    const script = `zmodload zsh/zpty
      zpty z "TERM=dumb zsh -f -i"
      zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source '$1'; cd '$PWD'"
      zpty -w z "show() { print -r -- \\"<\\$BUFFER>\\"; }; zle -N show; bindkey '^X' show; echo rea''dy"
      zpty -r z out '*ready*'
      shift
      for line; do
        zpty -w -n z $'\\C-u'"$line"$'\\t\\C-x'
        zpty -r z out '*<*>*'
        print -r -- "\${\${out##*<}%%>*}"
      done
      zpty -d z`;
    const single = CASES.filter(({ offers }) => offers.length === 1);
    const lines = single.map(({ line }) => line);
    const out = await run("zsh", ["-f", "-c", script, "zsh", join(folder.path, "goferry.zsh"), ...lines]);
    const expected = single.map(({ line, offers: [offer = ""] }) => {
      const completed = line.slice(0, line.lastIndexOf(" ") + 1) + offer.replaceAll(" ", "\\ ");
      return offer === "dir" ? `${completed}/` : `${completed} `;
    });
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.trimEnd()),
    ).toEqual(expected.map((line) => line.trimEnd()));
  });
});

describe("PowerShell", () => {
  it("has a script whose brackets and quotes are closed", () => {
    const bare = completionScript("powershell")
      .replaceAll(/^\s*#.*$/gmu, "")
      .replaceAll(/'[^']*'|"(?:[^"`]|`.)*"/gu, "");
    expect(bare).not.toMatch(/['"]/u);
    let left = bare.replaceAll(/[^()[\]{}]/gu, "");
    while (/\(\)|\[\]|\{\}/u.test(left)) left = left.replaceAll(/\(\)|\[\]|\{\}/gu, "");
    expect(left).toBe("");
  });

  it.runIf(isInstalled("pwsh"))("offers what can come next", async () => {
    const script = `. $args[0]; $args | Select-Object -Skip 1 | ForEach-Object {
      (TabExpansion2 $_ $_.Length).CompletionMatches.CompletionText -join '|' }`;
    const lines = CASES.slice(0, 5).map(({ line }) => line);
    const file = join(folder.path, "goferry.powershell");
    const out = await run("pwsh", ["-NoProfile", "-Command", `& { ${script} }`, file, ...lines]);
    expect(
      out
        .trim()
        .split(/\r?\n/u)
        .map((line) => line.split("|").toSorted()),
    ).toEqual(CASES.slice(0, 5).map(({ offers }) => [...offers]));
  });
});
