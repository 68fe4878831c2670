import { chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withoutPrivileges } from "../../../../test/kit/unprivileged.ts";
import { createHost } from "../host.ts";
import { planProfileEdits, profileScope } from "./profile.ts";
import type { ProfileEdit } from "./profile.ts";
import { PROCESS_FACTS } from "../../../../test/kit/process-facts.ts";

let home = "";
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "goferry-home-")));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const hostWith = (env: Record<string, string>, uid = 1000, at: string | undefined = home) =>
  createHost({ platform: "linux/amd64", env, home: at, uid, userName: "u", ...PROCESS_FACTS });
const planWhole = (env: Record<string, string>, over: Partial<Parameters<typeof planProfileEdits>[1]> = {}) =>
  planProfileEdits(hostWith(env), {
    root: "/r",
    action: "add",
    scope: "user",
    etc: join(home, "etc"),
    ...over,
  });
const plan = async (...args: Parameters<typeof planWhole>) => (await planWhole(...args)).edits;
const names = (edits: ProfileEdit[]) => edits.map(({ path }) => relative(home, path));

/** What the transaction does with edits. */
async function write(edits: ProfileEdit[]): Promise<void> {
  for (const { path, after } of edits) {
    await mkdir(dirname(path), { recursive: true });
    await (after === undefined ? rm(path) : writeFile(path, after));
  }
}

describe("planProfileEdits", () => {
  it("makes .profile, and writes nothing by itself", async () => {
    const edits = await plan({});
    expect(names(edits)).toEqual([".profile"]);
    expect(edits[0]?.before).toBeUndefined();
    await expect(readFile(join(home, ".profile"))).rejects.toThrow("ENOENT");
  });

  it("takes every file of bash that exists, and those of zsh and fish when they are there or are the user's shell", async () => {
    for (const file of [".bashrc", ".bash_profile", ".zshenv", ".zshrc"])
      await writeFile(join(home, file), "true\n");
    await mkdir(join(home, ".config", "fish"), { recursive: true });
    const all = [".profile", ".bash_profile", ".bashrc", ".zshenv", ".config/fish/conf.d/goferry.fish"];
    expect(names(await plan({}))).toEqual(all);
  });

  it("goes by SHELL, ZDOTDIR and XDG_CONFIG_HOME", async () => {
    const zsh = { SHELL: "/usr/bin/zsh", ZDOTDIR: join(home, "z") };
    expect(names(await plan(zsh))).toEqual([".profile", "z/.zshenv"]);
    const fish = { SHELL: "/usr/bin/fish", XDG_CONFIG_HOME: join(home, "c") };
    expect(names(await plan(fish))).toEqual([".profile", "c/fish/conf.d/goferry.fish"]);
  });

  it("has nothing left to do after it was done, and takes all of it back", async () => {
    await writeFile(join(home, ".bashrc"), "no line end");
    const env = { SHELL: "/bin/zsh" };
    const edits = await plan(env);
    await write(edits);
    expect(await plan(env)).toEqual([]);
    expect(await plan(env, { root: "/another", action: "remove" })).toEqual([]);
    const back = await plan(env, { action: "remove" });
    expect(names(back)).toEqual(names(edits));
    expect(back.map(({ after }) => after)).toEqual(
      back.map(({ path }) => edits.find((edit) => edit.path === path)?.before),
    );
    await write(back);
    expect(await plan(env, { action: "remove" })).toEqual([]);
    expect(await readFile(join(home, ".bashrc"), "utf8")).toBe("no line end");
  });

  it("edits the file behind a link once, and keeps the link", async () => {
    await mkdir(join(home, "dotfiles"));
    await writeFile(join(home, "dotfiles", "sh"), "x\n");
    for (const name of [".profile", ".bashrc"]) await symlink("dotfiles/sh", join(home, name));
    expect(names(await plan({}))).toEqual(["dotfiles/sh"]);
  });

  it("makes the file that a link leads to, where there is none yet, and keeps the link", async () => {
    await mkdir(join(home, "dotfiles"));
    await symlink("dotfiles/sh", join(home, ".profile"));
    const edits = await plan({});
    expect(names(edits)).toEqual(["dotfiles/sh"]);
    await write(edits);
    expect(await plan({})).toEqual([]);
  });

  it("leaves the file of a machine alone that has its name, and is somebody else's", async () => {
    const path = join(home, "etc", "profile.d", "goferry.sh");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "export PATH=/ours/bin:$PATH\n");
    expect(await planWhole({}, { scope: "machine" })).toEqual({ edits: [], foreign: [path] });
    await rm(path);
    const { edits } = await planWhole({}, { scope: "machine" });
    await write(edits);
    const moved = await planWhole({}, { scope: "machine", root: "/another" });
    expect(moved).toMatchObject({ edits: [{ path }], foreign: [] });
    expect(Buffer.from(moved.edits[0]?.after ?? []).toString()).toMatch(/^(?!.*\/r\/bin)[^]*\/another\/bin/u);
  });

  it("has one file of its own for a machine", async () => {
    const [edit, ...others] = await plan({ SHELL: "/bin/zsh" }, { scope: "machine" });
    expect(others).toEqual([]);
    expect(relative(home, edit?.path ?? "")).toBe("etc/profile.d/goferry.sh");
  });

  it("refuses without a home, and with half a block, and with a file that is none", async () => {
    const request = { root: "/r", action: "add", scope: "user", etc: "/etc" } as const;
    const homeless = createHost({ ...hostWith({}), home: undefined });
    const missing = expect.objectContaining({ code: "HOME_MISSING" });
    await expect(planProfileEdits(homeless, request)).rejects.toEqual(missing);
    await writeFile(join(home, ".profile"), "# >>> goferry >>>\n");
    const broken = expect.objectContaining({ code: "PROFILE_BROKEN", subject: join(home, ".profile") });
    await expect(plan({})).rejects.toEqual(broken);
    await rm(join(home, ".profile"));
    await mkdir(join(home, ".profile"));
    const unreadable = expect.objectContaining({
      code: "PROFILE_NOT_WRITABLE",
      subject: join(home, ".profile"),
    });
    await expect(plan({})).rejects.toEqual(unreadable);
  });

  it("refuses what cannot be written, before anything is", async () => {
    await writeFile(join(home, ".bashrc"), "x\n");
    await chmod(home, 0o555);
    const planned = withoutPrivileges(() => plan({}));
    const error = expect.objectContaining({ code: "PROFILE_NOT_WRITABLE", subject: join(home, ".profile") });
    await expect(planned).rejects.toEqual(error);
    await chmod(home, 0o755);
  });

  it.each([0o444, 0o000])("refuses a file of mode %s, though a rename could replace it", async (mode) => {
    await chmod(home, 0o777);
    await writeFile(join(home, ".bashrc"), "x\n");
    await chmod(join(home, ".bashrc"), mode);
    const error = expect.objectContaining({ code: "PROFILE_NOT_WRITABLE", subject: join(home, ".bashrc") });
    await expect(withoutPrivileges(() => plan({}))).rejects.toEqual(error);
  });
});

describe("profileScope", () => {
  it("is the machine for root, but not for a root in root's own home", () => {
    expect(profileScope(hostWith({}, 0, "/root"), "/opt/goferry")).toBe("machine");
    expect(profileScope(hostWith({}, 0, "/"), "/opt/goferry")).toBe("machine");
    expect(profileScope(hostWith({}, 0, "/root"), "/root/go")).toBe("user");
    expect(profileScope(hostWith({}, 1000, "/home/me"), "/opt/goferry")).toBe("user");
  });
});
