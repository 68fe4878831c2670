import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHost, findOnPath, pathFolders } from "./host.ts";
import { PROCESS_FACTS } from "../../../test/kit/process-facts.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), "goferry-host-")));
});
afterAll(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));

const hostWith = (env: Record<string, string>) =>
  createHost({ platform: "linux/amd64", env, home: "/h", uid: 1, userName: "u", ...PROCESS_FACTS });
const host = hostWith({ PATH: "/usr/bin:/bin" });
const options = (over: { env?: Record<string, string>; timeoutMs?: number; signal?: AbortSignal } = {}) => ({
  env: {},
  cwd: scratch,
  timeoutMs: 20_000,
  ...over,
});

describe("run", () => {
  it("gives the exit code and both outputs, with exactly the environment, folder and arguments it is told", async () => {
    const script = 'printf "%s" "$0|$1|$A|$HOME|$PWD"; printf ü >&2; exit 7';
    const result = await host.run("/bin/sh", ["-c", script, "a b", "$(id)"], options({ env: { A: "*" } }));
    expect(result).toEqual({ code: 7, ended: "exit", stdout: `a b|$(id)|*||${scratch}`, stderr: "ü" });
  });

  it("kills what runs too long, and does not wait for the children that it leaves", async () => {
    const begin = Date.now();
    const result = await host.run("/bin/sh", ["-c", "echo out; sleep 30; true"], options({ timeoutMs: 300 }));
    expect(result).toMatchObject({ code: -1, ended: "timeout", stdout: "out\n" });
    expect(Date.now() - begin).toBeLessThan(10_000);
  });

  it("tells a program that was killed from one that ended", async () => {
    const result = await host.run("/bin/sh", ["-c", "kill -9 $$"], options());
    expect(result).toMatchObject({ code: -1, ended: "signal" });
  });

  it("keeps the beginning of an endless output and lets the program write on", async () => {
    const result = await host.run("/bin/sh", ["-c", "head -c 3000000 /dev/zero; exit 3"], options());
    expect(result.code).toBe(3);
    expect(result.stdout).toHaveLength(1 << 20);
  });

  it("stops when it is aborted, before and while the program runs", async () => {
    const error = expect.objectContaining({ code: "INTERRUPTED", subject: "/bin/sh" });
    const controller = new AbortController();
    const running = host.run("/bin/sh", ["-c", "exec sleep 30"], options({ signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    await expect(running).rejects.toEqual(error);
    const late = host.run("/bin/sh", ["-c", ":"], options({ signal: controller.signal }));
    await expect(late).rejects.toEqual(error);
  });

  it("refuses what cannot be started", async () => {
    const text = join(scratch, "text");
    await writeFile(text, "no program");
    for (const [program, errno] of [
      ["/nowhere/go", "ENOENT"],
      [text, "EACCES"],
    ] as const) {
      const error = expect.objectContaining({ code: "IO_FAILED", subject: program, found: errno });
      await expect(host.run(program, [], options())).rejects.toEqual(error);
    }
  });
});

describe("the machine", () => {
  it("knows free space and inodes, and says so when it does not", async () => {
    const { freeBytes, freeFiles } = await host.statfs(scratch);
    expect(freeBytes).toBeGreaterThan(0);
    expect(freeFiles === null || freeFiles > 0).toBe(true);
    await expect(host.statfs("/nowhere")).rejects.toEqual(expect.objectContaining({ code: "IO_FAILED" }));
  });

  it("has mounts, the top folder among them, and a clock", async () => {
    expect(await host.mounts()).toMatch(/^\S+ \/ /mu);
    expect(Math.abs(host.now().getTime() - Date.now())).toBeLessThan(5000);
  });
});

describe("findOnPath", () => {
  it("finds programs in the order of PATH, and neither folders, texts, broken links nor relative entries", async () => {
    const folders = ["one", "text", "folder", "link", "broken", "two"].map((name) =>
      join(scratch, "path", name),
    );
    const [one = "", text = "", folder = "", link = "", broken = "", two = ""] = folders;
    for (const each of folders) await mkdir(each, { recursive: true });
    for (const program of [join(one, "go"), join(two, "go")]) {
      await writeFile(program, "#!/bin/sh\n");
      await chmod(program, 0o755);
    }
    await writeFile(join(text, "go"), "");
    await chmod(join(text, "go"), 0o644);
    await mkdir(join(folder, "go"));
    await symlink("../two/go", join(link, "go"));
    await symlink("nothing", join(broken, "go"));
    const path = ["", one, text, folder, "relative", link, broken, "/nowhere", two].join(":");
    const found = await findOnPath(hostWith({ PATH: path }), "go");
    expect(found).toEqual([
      { folder: one, path: join(one, "go"), index: 1 },
      { folder: link, path: join(link, "go"), index: 5 },
      { folder: two, path: join(two, "go"), index: 8 },
    ]);
  });

  it("takes a missing PATH for an empty one", async () => {
    expect(pathFolders(hostWith({}))).toEqual([]);
    expect(await findOnPath(hostWith({}), "go")).toEqual([]);
  });
});
