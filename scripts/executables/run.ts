// Commands of the build scripts: run to their end, and loud when they fail.

import { spawn } from "node:child_process";

export interface RunOptions {
  cwd?: string;
  /** The whole environment; that of this process when left out. */
  env?: Record<string, string | undefined>;
}

/** What the command writes to its standard output. Throws, with what it wrote to both, unless it ends with 0. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = await new Promise<string>((resolve, reject) => {
    child.on("error", (cause) => reject(new Error(`${command} cannot be started`, { cause })));
    child.on("close", (code, signal) => resolve(signal ?? String(code)));
  });
  if (ended === "0") return stdout;
  throw new Error(`${[command, ...args].join(" ")} ended with ${ended}:\n${stdout}${stderr}`);
}
