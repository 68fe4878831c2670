// Told to a socket that stands in for the system's log: real datagrams of the real logger, where there is a python3 to
// receive them; and what happens where there is no log.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { realHost, testFolder } from "../../../test/kit/host-root.ts";
import { fakeWindows } from "../../../test/kit/windows-system.ts";
import { auditDigest, auditLine } from "./audit.ts";
import { tellSyslog } from "./syslog.ts";

const line = auditLine(
  { action: "install", subject: 'si"te.tar', result: "done", bundle: null, signers: [] },
  { time: new Date(0), by: { user: "root", sudoUser: "anna" }, prev: null },
);

const RECEIVE = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("ready", flush=True)
print(s.recv(65536).decode(), flush=True)
`;

const PYTHON = "/usr/bin/python3";
const LOGGER = "/usr/bin/logger";
const lacking = await Promise.all(
  [PYTHON, LOGGER].map(
    async (path) =>
      await access(path).then(
        () => [],
        () => [path],
      ),
  ),
);

if (lacking.flat().length > 0) console.log(`not run, for want of: ${lacking.flat().join(", ")}`);

it.skipIf(lacking.flat().length > 0)("reaches the log with user, digest and result", async () => {
  await using folder = await testFolder();
  const socket = join(folder.path, "log");
  const receiver = spawn(PYTHON, ["-c", RECEIVE, socket], { stdio: ["ignore", "pipe", "inherit"] });
  await once(receiver.stdout, "data");
  let text = "";
  receiver.stdout.on("data", (data: Buffer) => (text += String(data)));
  const ended = once(receiver, "close");
  expect(await tellSyslog(realHost, line, { socket, programs: [LOGGER] })).toBe(true);
  await ended;
  expect(text.trim()).toMatch(/^<85>.* goferry: audit sha256:/u);
  expect(text).toContain(
    `audit ${auditDigest(line)} user=root sudo_user=anna action=install subject="si\\"te.tar" result=done`,
  );
});

it("is no failure where there is no log, no program, or one that fails", async () => {
  await using folder = await testFolder();
  expect(await tellSyslog(realHost, line, { socket: join(folder.path, "log"), programs: [LOGGER] })).toBe(
    false,
  );
  const child = spawn(PYTHON, [
    "-c",
    "import socket,sys,time; s=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print(1, flush=True); time.sleep(60)",
    join(folder.path, "log"),
  ]);
  child.on("error", () => undefined);
  await Promise.race([once(child.stdout, "data"), once(child, "close")]).catch(() => undefined);
  for (const programs of [[], ["/nonexistent"], ["/bin/false"]]) {
    expect(await tellSyslog(realHost, line, { socket: join(folder.path, "log"), programs })).toBe(false);
  }
  child.kill();
});

it("is the event log on Windows", async () => {
  const windows = fakeWindows();
  const host = {
    run: () => Promise.reject(new Error("no program")),
    env: {},
    windows: { system: windows, account: windows.who },
  };
  expect(await tellSyslog(host, line)).toBe(true);
  expect(windows.events).toMatchObject([
    { source: "goferry", event: 1, level: "information", text: expect.stringContaining("action=install") },
  ]);
  windows.before = () => {
    throw new Error("the service is stopped");
  };
  expect(await tellSyslog(host, line)).toBe(false);
});
