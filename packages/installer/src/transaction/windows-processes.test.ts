import { describe, expect, it } from "vitest";
import { windowsProcesses } from "./windows-processes.ts";

/** A machine with these processes, by pid, each with the name of its sign of life. */
function machine(running: Readonly<Record<number, string>>, pid = 1) {
  return windowsProcesses({
    pid,
    host: "PC1",
    exists: (each) => each in running,
    signs: {
      raise: async () => await Promise.resolve(running[pid] ?? ""),
      isUp: async (name) => await Promise.resolve(Object.values(running).includes(name)),
    },
  });
}

describe("windowsProcesses", () => {
  it("knows a process that runs, and one that has ended", async () => {
    const holder = await machine({ 7: "a" }, 7).self();
    expect(holder).toMatchObject({ pid: 7, started: "a", host: "PC1" });
    expect(await machine({ 7: "a", 8: "b" }, 8).look(holder)).toBe("running");
    expect(await machine({ 8: "b" }, 8).look(holder)).toBe("gone");
  });

  it("does not take a process that got the pid of another one for it", async () => {
    const holder = await machine({ 7: "a" }, 7).self();
    expect(await machine({ 7: "c", 8: "b" }, 8).look(holder)).toBe("gone");
  });

  it("does not judge the processes of another machine", async () => {
    const holder = { ...(await machine({ 7: "a" }, 7).self()), host: "PC2" };
    expect(await machine({ 8: "b" }, 8).look(holder)).toBe("unknown");
  });
});
