import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PROCESS_FACTS } from "../../../../test/kit/process-facts.ts";
import { withoutPrivileges } from "../../../../test/kit/unprivileged.ts";
import { createHost } from "../host.ts";
import { NO_PATH_SETUP, planPath, type PathRequest } from "./path-setup.ts";

let scratch = "";
beforeEach(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), "goferry-path-")));
  await mkdir(join(scratch, "etc", "profile.d"), { recursive: true });
  await mkdir(join(scratch, "bin"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const plan = (path: PathRequest["path"], uid = 0) => {
  const machineFolders = { etc: join(scratch, "etc"), bin: join(scratch, "bin") };
  const facts = { platform: "linux/amd64", env: {}, home: join(scratch, "home"), uid, userName: "u" };
  const host = createHost({ ...facts, ...PROCESS_FACTS, machineFolders });
  return planPath(host, { root: "/r", path, programs: ["go", "gofmt"] });
};

describe("planPath", () => {
  it("is nothing unless it was asked for", async () => {
    expect(await plan("none")).toBe(NO_PATH_SETUP);
  });

  it("is a file and links for a machine, start-up files for a user", async () => {
    const machine = await plan("usual");
    expect(machine).toMatchObject({ findings: [], loginShells: true, folders: [join(scratch, "bin")] });
    expect(machine.edits.map((edit) => [edit.path, "link" in edit])).toEqual([
      [join(scratch, "etc/profile.d/goferry.sh"), false],
      [join(scratch, "bin/go"), true],
      [join(scratch, "bin/gofmt"), true],
    ]);
    expect(machine.changes).toHaveLength(3);
    const user = await plan("profile", 1000);
    expect(user).toMatchObject({ findings: [], loginShells: true, folders: [] });
    expect(user.edits.map(({ path }) => path)).toEqual([join(scratch, "home/.profile")]);
  });

  it("does the rest where something of somebody else is in the way", async () => {
    await writeFile(join(scratch, "etc/profile.d/goferry.sh"), "# theirs\n");
    await symlink("/usr/local/go/bin/go", join(scratch, "bin/go"));
    const setup = await plan("profile");
    expect(setup).toMatchObject({ loginShells: false, folders: [] });
    expect(setup.edits.map(({ path }) => path)).toEqual([join(scratch, "bin/gofmt")]);
    expect(setup.findings.map(({ code, level, subject }) => [code, level, subject])).toEqual([
      ["PATH_OCCUPIED", "warn", join(scratch, "etc/profile.d/goferry.sh")],
      ["PATH_OCCUPIED", "warn", join(scratch, "bin/go")],
    ]);
  });

  it.each([
    ["profile", "refuse"],
    ["usual", "warn"],
  ] as const)("tells what cannot be written: with %s it is a reason to %s", async (path, level) => {
    await chmod(scratch, 0o755);
    const setup = await withoutPrivileges(() => plan(path));
    expect(setup).toMatchObject({ edits: [], changes: [], loginShells: false, folders: [] });
    expect(setup.findings).toMatchObject([
      { code: "PROFILE_NOT_WRITABLE", level, subject: join(scratch, "etc/profile.d/goferry.sh") },
      { code: "PROFILE_NOT_WRITABLE", level, subject: join(scratch, "bin") },
    ]);
  });
});
