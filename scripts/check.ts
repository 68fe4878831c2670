// Everything about the sources that can be checked without running them, as one command: `pnpm check`. One line a
// check; what a check has to say is printed only when it fails.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const CHECKS: [name: string, command: string, ...args: string[]][] = [
  ["format", "node_modules/.bin/oxfmt", "--check"],
  ["lint", "node_modules/.bin/oxlint"],
  ["types", "node_modules/.bin/tsc", "-p", "scripts/tsconfig.json"],
  ["dead code", "node_modules/.bin/knip", "--no-progress"],
  ["borders", process.execPath, "scripts/check-borders.ts"],
];

interface Outcome {
  passed: boolean;
  /** Both streams, in the order in which they came. */
  output: string;
}

async function run(command: string, args: string[]): Promise<Outcome> {
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ passed: false, output: `${error.message}\n` }));
    child.on("close", (code) => resolve({ passed: code === 0, output }));
  });
}

const outcomes = await Promise.all(
  CHECKS.map(async ([name, command, ...args]) => {
    const start = performance.now();
    const { passed, output } = await run(command, args);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${passed ? "ok  " : "FAIL"} ${name.padEnd(10)} ${seconds.padStart(5)} s`);
    return { name, passed, output };
  }),
);

const failed = outcomes.filter((outcome) => !outcome.passed);
for (const { name, output } of failed) console.log(`\n=== ${name}\n${output.trimEnd()}`);
if (failed.length > 0) process.exitCode = 1;
