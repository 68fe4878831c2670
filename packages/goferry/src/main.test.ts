// The program as a process: what only a process has.

import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { testFolder } from "./testing/terminal.ts";
import { VERSION } from "./version.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(command: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(command, args, {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

const NODE = `'${process.execPath}' '${MAIN}'`;

describe("main", () => {
  it("hands over words, environment and exit code, without a home and without warnings of Node", async () => {
    expect(await start(process.execPath, [MAIN, "--version"])).toEqual({
      code: 0,
      stdout: `goferry ${VERSION}\n`,
      stderr: "",
    });
    const refused = await start(process.execPath, [MAIN, "frobnicate"], { GOFERRY_JSON: "1" });
    expect(refused).toMatchObject({ code: 2, stderr: "" });
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "ARGUMENT_INVALID" } });
  });

  it("writes all of it to a slow pipe, and says nothing when nobody reads", async () => {
    const slow = await start("sh", ["-c", `${NODE} install --help | { sleep 0.3; cat; }`]);
    expect(slow.stdout).toMatch(/^Usage: goferry install[\s\S]*130 +interrupted\n$/u);
    const gone = await start("sh", ["-c", `{ ${NODE} --help; echo "code $?" >&2; } | true`]);
    expect(gone.stderr).toBe("code 0\n");
  });

  it("asks on a real terminal without showing what is typed, and stops at Ctrl-C", async () => {
    await using folder = await testFolder();
    const line = `${NODE} key generate --name n --email e@example.com --out '${folder.path}/keys'`;
    const made = await onTerminal(line, ["typed secret\r", "typed secret\r"], folder.path);
    expect(made).toContain("Passphrase for the new key:");
    expect(made).toContain("with a passphrase");
    expect(made).not.toContain("typed secret");
    expect(made).toContain("code 0");
    const stopped = await onTerminal(line.replace("/keys", "/other"), ["half\u0003"], folder.path);
    expect(stopped).toContain("INTERRUPTED");
    expect(stopped).toContain("code 130");
  });

  it("takes back what it began when it is told to stop", async () => {
    await using folder = await testFolder();
    const stopped = await planWithSilentProxy(folder.path, { onConnection: 'child.kill("SIGTERM")' });
    expect(JSON.parse(stopped.stdout)).toMatchObject({ error: { code: "INTERRUPTED", subject: "SIGTERM" } });
    expect(stopped.stderr).toBe("code 130\n");
  });

  it("stops, and says that it was a mistake, when an error is thrown where nobody waits for it", async () => {
    await using folder = await testFolder();
    const planted = "data:text/javascript,process.once('SIGUSR2',()=>{throw new Error('planted mistake')})";
    const broken = await planWithSilentProxy(folder.path, {
      onConnection: 'child.kill("SIGUSR2")',
      nodeOptions: `--import="${planted}"`,
    });
    expect(JSON.parse(broken.stdout)).toMatchObject({
      error: { code: "INTERNAL", found: "planted mistake" },
    });
    expect(broken.stderr).toBe("code 1\n");
  });

  it("never ends in the middle without a word", async () => {
    // Standard output that never says that it has taken the text.
    const planted = "data:text/javascript,process.stdout.write=()=>true";
    const ended = await start(process.execPath, [MAIN, "--version"], {
      NODE_OPTIONS: `--import="${planted}"`,
    });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/^goferry: INTERNAL: .*never came\n$/u);
  });
});

/** Plans with a proxy that never answers, and does something to the process, `child`, when it has asked. */
async function planWithSilentProxy(
  folder: string,
  { onConnection, nodeOptions = "" }: { onConnection: string; nodeOptions?: string },
): Promise<Ended> {
  await writeFile(join(folder, "goferry.yaml"), 'go: ["1.27.1"]\nname: n\nplatforms: [linux/amd64]\n');
  const script = `
      const server = require("node:net").createServer(() => undefined).listen(0, "127.0.0.1", () => {
        const { port } = server.address();
        const child = require("node:child_process").spawn(process.execPath, [process.argv[1], "plan", "--json"], {
          cwd: process.argv[2],
          env: { ...process.env, GOPROXY: "http://127.0.0.1:" + port, HOME: process.argv[2], NODE_OPTIONS: process.argv[3] },
          stdio: ["ignore", "inherit", "inherit"],
        });
        server.on("connection", () => ${onConnection});
        child.on("close", (code) => { console.error("code", code); process.exit(); });
      });`;
  return await start(process.execPath, ["-e", script, "--", MAIN, folder, nodeOptions]);
}

/** What a terminal shows (util-linux' script makes one) when each line is typed after the next question. */
function onTerminal(line: string, typed: string[], cwd: string): Promise<string> {
  const child = spawn("script", ["-qec", `${line}; echo code $?`, "/dev/null"], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, TERM: "xterm", NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const keys = [...typed];
  let shown = "";
  let asked = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    const questions = [...shown.matchAll(/: (?=$|\r\n)/gu)].length;
    for (; asked < questions && keys.length > 0; asked++) child.stdin.write(keys.shift() ?? "");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve(shown));
  });
}
