// Removes what a running program has to leave behind: itself. Windows has no call for that, but cmd.exe outlives us.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { variable } from "./environment.ts";

/**
 * Half a minute of tries, a second apart. The name of the folder is no part of the line but comes by the environment, and is put
 * in only after cmd has parsed the line (/v:on): what is in it is no command, whatever it looks like.
 */
const SCRIPT =
  'for /l %i in (1,1,30) do @if exist "!GOFERRY_LEFT!" (rd /s /q "!GOFERRY_LEFT!" & ping -n 2 127.0.0.1 >nul)';

/** Returns at once, and throws nothing: what stays is a folder that says what it is. */
export function removeLater(folder: string, env: Readonly<Record<string, string | undefined>>): void {
  const system = variable(env, "SystemRoot") ?? String.raw`C:\Windows`;
  const program = join(system, "System32", "cmd.exe");
  const child = spawn(program, ["/d", "/v:on", "/s", "/c", `"${SCRIPT}"`], {
    // It must not lie in what is removed.
    cwd: system,
    env: { SystemRoot: system, PATH: join(system, "System32"), GOFERRY_LEFT: folder },
    detached: true,
    stdio: "ignore",
    windowsHide: true,
    windowsVerbatimArguments: true,
  });
  child.on("error", () => undefined);
  child.unref();
}
