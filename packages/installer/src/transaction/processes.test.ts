import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { linuxProcesses } from "./processes.ts";

const processes = linuxProcesses({ pid: process.pid, exists: () => false });

it("sees itself running, by pid and start", async () => {
  const self = await processes.self();
  expect(self.pid).toBe(process.pid);
  expect(self.started).toMatch(/^\d+$/);
  expect(await processes.look(self)).toBe("running");
});

it("is not fooled by a pid that was given to another process", async () => {
  const self = await processes.self();
  expect(await processes.look({ ...self, started: "1" })).toBe("gone");
});

it("sees that a process ended, even while nobody has waited for it", async () => {
  // The shell replaces itself by a sleep that never waits for the child: a zombie.
  const parent = spawn("sh", ["-c", "sh -c 'echo $$; exec sleep 2' & exec sleep 30"]);
  const [text] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(text.toString());
  const started = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ")[19] ?? "";
  const id = { ...(await processes.self()), pid, started };
  expect(await processes.look(id)).toBe("running");
  while ((await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.[0] !== "Z") await sleep(10);
  expect(await processes.look(id)).toBe("gone");
  parent.kill();
  await once(parent, "exit");
});

it("knows that a boot of this machine ends all", async () => {
  const self = await processes.self();
  expect(await processes.look({ ...self, boot: "earlier" })).toBe("gone");
});

it("does not judge another machine, another container, or what it may not see", async () => {
  const self = await processes.self();
  expect(await processes.look({ ...self, boot: "other", machine: "other" })).toBe("unknown");
  // A clone of this machine, with its machine id and a host name of its own, on the same network drive.
  expect(await processes.look({ ...self, boot: "other", host: "clone" })).toBe("unknown");
  expect(await processes.look({ ...self, namespace: "pid:[1]" })).toBe("unknown");
  const hidden = linuxProcesses({ pid: process.pid, exists: () => true });
  expect(await hidden.look({ ...self, pid: 2 ** 22 + 1 })).toBe("unknown");
});
