import { chmod, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withoutPrivileges } from "../../../test/kit/unprivileged.ts";
import { NO_PATH_SETUP, type PathSetup } from "./configure/path-setup.ts";
import { createHost } from "./host.ts";
import type { Host } from "./host.ts";
import { preflight } from "./preflight.ts";
import { PROCESS_FACTS } from "../../../test/kit/process-facts.ts";

let scratch = "";
beforeEach(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), "goferry-preflight-")));
  await chmod(scratch, 0o755);
});
afterEach(async () => {
  await chmod(scratch, 0o755);
  await rm(scratch, { recursive: true, force: true });
});

const hostWith = (over: Partial<Host> = {}): Host => {
  const facts = {
    platform: "linux/amd64",
    env: { PATH: "" },
    home: "/h",
    uid: process.getuid?.(),
    userName: "u",
  };
  // The mounts of the machine that the tests run on may be anything; a test that is about mounts has its own.
  const mounts = async () => "/dev/vda / ext4 rw 0 0\n";
  return { ...createHost({ ...facts, ...PROCESS_FACTS }), mounts, ...over };
};
const check = async (
  root: string,
  over: Partial<Host> = {},
  need: { bytes?: number; files?: number; pathSetup?: Partial<PathSetup> } = {},
) => {
  const platforms = ["linux/amd64", "windows/amd64"];
  const pathSetup = { ...NO_PATH_SETUP, ...need.pathSetup };
  const request = { root, platforms, needBytes: need.bytes ?? 1000, needFiles: need.files ?? 10, pathSetup };
  return (await preflight(hostWith(over), request)).findings;
};
const codes = async (...args: Parameters<typeof check>) => (await check(...args)).map(({ code }) => code);
const program = async (folder: string) => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "go"), "#!/bin/sh\n", { mode: 0o755 });
  return join(folder, "go");
};

describe("a root that will do", () => {
  it.each(["root", "not/there/yet"])(
    "is %s in a folder of this user, and nothing is made by looking",
    async (name) => {
      expect(await check(join(scratch, name))).toEqual([]);
      expect(await readdir(scratch)).toEqual([]);
    },
  );

  it("is an empty folder, a new disk, a link to a folder, and a root of ours", async () => {
    await mkdir(join(scratch, "empty"));
    await mkdir(join(scratch, "disk", "lost+found"), { recursive: true });
    await symlink("empty", join(scratch, "link"));
    await mkdir(join(scratch, "ours", "state", "trust"), { recursive: true });
    for (const name of ["empty", "disk", "link", "ours"])
      expect(await check(join(scratch, name))).toEqual([]);
  });
});

describe("the root", () => {
  it.each(["relative", "", "/", "/a/../b", "/a/", "/a:b", "/a\nb", "/a\u0000b", "/\ud800"])(
    "is not %j",
    async (root) => {
      expect(await check(root)).toMatchObject([
        { code: "ROOT_NAME_REFUSED", level: "refuse", subject: root },
      ]);
    },
  );

  it("is no file, lies in no file, and is no link that leads nowhere or round", async () => {
    await writeFile(join(scratch, "file"), "");
    await symlink("nothing", join(scratch, "dangling"));
    await symlink("round", join(scratch, "round"));
    for (const name of ["file", "file/in/it", "dangling", "dangling/in/it", "round"]) {
      const [finding, ...others] = await check(join(scratch, name));
      expect(others).toEqual([]);
      expect(finding).toMatchObject({
        code: "ROOT_NOT_DIRECTORY",
        level: "refuse",
        subject: join(scratch, name),
      });
    }
  });

  it("is no folder of somebody else's, even one that has a state folder", async () => {
    await mkdir(join(scratch, "home", "state"), { recursive: true });
    await writeFile(join(scratch, "home", "letter"), "");
    expect(await codes(join(scratch, "home"))).toEqual(["ROOT_NOT_OURS"]);
    expect(await codes("/usr", { mounts: async () => "" })).toContain("ROOT_NOT_OURS");
  });

  it("is writable, also where only a folder above it exists, and in every part", async () => {
    const root = join(scratch, "root");
    await mkdir(join(root, "state"), { recursive: true });
    await writeFile(join(root, "state", "state.json"), "{}");
    await mkdir(join(root, "bin"), { mode: 0o555 });
    await chmod(join(root, "bin"), 0o555);
    await withoutPrivileges(async () => {
      const subjects = (await check(root)).map(({ code, subject }) => [code, subject]);
      // As nobody the whole root is out of reach; as its owner only bin/ is.
      expect([root, join(root, "bin")]).toContain(subjects[0]?.[1]);
      expect(subjects).toEqual([["ROOT_NOT_WRITABLE", subjects[0]?.[1]]]);
    });
    await chmod(scratch, 0o555);
    await withoutPrivileges(async () => {
      expect(await codes(join(scratch, "new", "root"))).toEqual(["ROOT_NOT_WRITABLE"]);
    });
    await chmod(scratch, 0o511);
    await withoutPrivileges(async () => {
      expect(await codes(join(scratch, "new"))).toContain("ROOT_NOT_WRITABLE");
    });
  });
});

describe("the file system", () => {
  const mounted = (options: string) => ({
    mounts: async () => `/dev/a / ext4 rw 0 0\ntmpfs ${scratch} tmpfs ${options} 0 0\n`,
  });

  it("must let programs run and files be written", async () => {
    expect(await codes(join(scratch, "a"), mounted("rw,noexec"))).toEqual(["NOEXEC_MOUNT"]);
    expect(await codes(join(scratch, "a"), mounted("ro"))).toEqual(["READ_ONLY"]);
    expect(await codes(join(scratch, "a"), mounted("ro,noexec"))).toEqual(["NOEXEC_MOUNT", "READ_ONLY"]);
    expect(await codes(`${scratch}-beside`, mounted("ro,noexec"))).toEqual([]);
  });

  it("needs /proc, where Go looks for itself", async () => {
    expect(await check(join(scratch, "a"), { mounts: async () => undefined })).toMatchObject([
      { code: "PROC_MISSING", level: "refuse", next: "mount -t proc proc /proc" },
    ]);
  });

  it("must have the space and the inodes", async () => {
    const { freeBytes, freeFiles } = await hostWith().statfs(scratch);
    expect(await codes(join(scratch, "a"), {}, { bytes: freeBytes * 2 })).toEqual(["SPACE_SHORT"]);
    const status = { freeBytes: 1e15, freeFiles: 100, type: 0 };
    const files = { bytes: 0, files: 101 };
    expect(await codes(join(scratch, "a"), { statfs: async () => status }, files)).toEqual(["INODES_SHORT"]);
    const uncounted = { statfs: async () => ({ ...status, freeFiles: null }) };
    expect(await codes(join(scratch, "a"), uncounted, files)).toEqual([]);
    if (freeFiles === null) return;
    expect(await codes(join(scratch, "a"), {}, { files: freeFiles * 2 })).toContain("INODES_SHORT");
  });

  it("has space for the ends of blocks too", async () => {
    const status = { freeBytes: 1_000_000, freeFiles: null, type: 0 };
    const statfs = async () => status;
    expect(await codes(join(scratch, "a"), { statfs }, { bytes: 999_000, files: 0 })).toEqual([]);
    expect(await codes(join(scratch, "a"), { statfs }, { bytes: 999_000, files: 10 })).toEqual([
      "SPACE_SHORT",
    ]);
  });
});

describe("warnings", () => {
  it("name folders above the root that anybody may change, and let the sticky bit pass", async () => {
    const open = join(scratch, "open");
    await mkdir(join(open, "sub"), { recursive: true });
    await chmod(open, 0o777);
    expect(await check(join(open, "sub", "root"))).toMatchObject([
      { code: "WORLD_WRITABLE_PARENT", level: "warn", subject: open, found: "mode 0777" },
    ]);
    await chmod(open, 0o1777);
    expect(await check(join(open, "sub", "root"))).toEqual([]);
  });

  it("name each other Go on PATH once, and say whether it is the one that runs", async () => {
    const root = join(scratch, "root");
    await mkdir(join(root, "state", "units"), { recursive: true });
    const own = await program(join(root, "sdk", "go1.27.1", "bin"));
    await mkdir(join(root, "bin"));
    await symlink(own, join(root, "bin", "go"));
    const first = await program(join(scratch, "first"));
    await mkdir(join(scratch, "second"));
    await symlink(first, join(scratch, "second", "go"));
    const third = await program(join(scratch, "third"));
    const pathOf = (...names: string[]) => ({
      env: { PATH: names.map((name) => join(scratch, name)).join(":") },
    });

    const found = await check(root, pathOf("first", "second", "root/bin/", "third", "root/sdk/go1.27.1/bin"));
    expect(found).toMatchObject([
      { code: "OTHER_GO", level: "warn", subject: first, message: expect.stringContaining("before") },
      { code: "OTHER_GO", level: "warn", subject: third, message: expect.stringContaining("after") },
    ]);
    expect(await codes(root, pathOf("root/bin"))).toEqual([]);
    expect((await check(join(scratch, "new"), pathOf("first")))[0]?.message).toContain("the root is not");
  });

  it("say of another Go which release it is, and what a PATH that is being set up makes of it", async () => {
    const other = await program(join(scratch, "go1.19", "bin"));
    await writeFile(join(scratch, "go1.19", "VERSION"), "go1.19.8\ntime 2023-03-31T00:00:00Z\n");
    const env = { PATH: [join(scratch, "go1.19", "bin"), join(scratch, "local")].join(":") };
    const message = async (pathSetup: Partial<PathSetup>) => {
      const [finding, ...more] = await check(join(scratch, "root"), { env }, { pathSetup });
      expect([finding?.subject, more]).toEqual([other, []]);
      return finding?.message;
    };
    expect(await message({})).toMatch(/\(go1\.19\.8\).*the root is not/u);
    expect(await message({ loginShells: true })).toContain("new login shells");
    // A link that will be made counts as the root's, in the place that its folder has.
    const folders = [join(scratch, "local")];
    expect(await message({ loginShells: true, folders })).toContain("before");
    env.PATH = env.PATH.split(":").toReversed().join(":");
    expect(await message({ folders })).toContain("after");
  });

  it("say of two roots on PATH which is which, and how the other one goes", async () => {
    const other = join(scratch, "other");
    const go = await program(join(other, "sdk", "go1.26.8", "bin"));
    for (const name of ["bin", "state"]) await mkdir(join(other, name));
    await writeFile(join(other, "state", "state.json"), '{"stateVersion": 1}');
    await symlink(go, join(other, "bin", "go"));
    await mkdir(join(scratch, "links"));
    await symlink(join(other, "bin", "go"), join(scratch, "links", "go"));
    for (const folder of [join(other, "bin"), join(scratch, "links")]) {
      expect(await check(join(scratch, "root"), { env: { PATH: folder } })).toMatchObject([
        {
          code: "OTHER_GO",
          subject: join(folder, "go"),
          message: expect.stringContaining(`of another root of goferry, ${other}, is on PATH`),
          next: expect.stringContaining(`goferry uninstall --all --root ${other}`),
        },
      ]);
    }
  });

  it("say that Go has no place for its build cache", async () => {
    expect(await codes(join(scratch, "a"), { home: undefined })).toEqual(["HOME_MISSING"]);
    expect(await codes(join(scratch, "a"), { home: undefined, env: { GOCACHE: "/c" } })).toEqual([]);
  });
});

it("tells everything at once, refusals first", async () => {
  await writeFile(join(scratch, "file"), "");
  const host = { platform: "linux/riscv64", home: undefined, mounts: async () => undefined };
  const findings = await check(join(scratch, "file"), host, { bytes: 1e18 });
  expect(findings.map(({ code, level }) => `${level} ${code}`)).toEqual([
    "refuse PLATFORM_ABSENT",
    "refuse ROOT_NOT_DIRECTORY",
    "refuse PROC_MISSING",
    "refuse SPACE_SHORT",
    "warn HOME_MISSING",
  ]);
  expect(findings[0]).toMatchObject({ subject: "linux/riscv64", found: "linux/amd64, windows/amd64" });
});
