import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { defineCommand, type CommandTable } from "./command.ts";
import { COMMANDS } from "./commands/all.ts";
import { parseConfig } from "./config-yaml.ts";
import { isOn, resolveValues, settingsOf, type Sources } from "./settings.ts";
import { goferry, testFolder } from "./testing/terminal.ts";

const TABLE = {
  name: "try",
  summary: "",
  description: "",
  positionals: { file: { arg: "FILE", help: "" } },
  options: {
    root: { kind: "path", arg: "DIR", help: "", setting: true },
    key: { kind: "paths", arg: "FILE", help: "", setting: true },
    direct: { kind: "texts", arg: "PATTERN", help: "", setting: true },
    "no-zips": { kind: "flag", help: "", setting: true },
    count: { kind: "count", arg: "N", help: "", setting: true },
    path: { kind: "choice", choices: ["none", "profile"], help: "", setting: true },
    out: { kind: "path", arg: "FILE", help: "" },
  },
  examples: [],
  exits: [],
} as const satisfies CommandTable;

const COMMAND = defineCommand(TABLE, () => Promise.reject(new Error("not run")));

interface Places {
  flags?: Sources["flags"];
  positionals?: string[];
  env?: Record<string, string>;
  /** The strongest first, as text and folder. */
  configs?: [text: string, folder: string][];
}

function resolve({ flags = {}, positionals = [], env = {}, configs = [] }: Places): Record<string, unknown> {
  const terminal = {
    env,
    cwd: "/work",
    system: {
      os: "linux",
      arch: "x64",
      node: "Node v24.0.0",
      home: "/home/me",
      uid: 1000,
      userName: "me",
      folders: undefined,
      machineConfig: undefined,
      executablePath: undefined,
      pid: 1,
      processExists: () => true,
      cores: 1,
      workerSource: undefined,
      kill: () => undefined,
    },
  };
  const read = configs.map(([text, dir]) =>
    parseConfig(text, join(dir, "config.yaml"), settingsOf([COMMAND])),
  );
  return resolveValues(COMMAND, { flags, positionals, configs: read, terminal });
}

describe("resolveValues", () => {
  it("takes the flag before the environment before the config files, and nothing where there is none", () => {
    const configs: [string, string][] = [
      ["root: user\ncount: 3", "/home/me/.config/goferry"],
      ["root: machine\ncount: 4\nno-zips: true", "/etc/goferry"],
    ];
    const env = { GOFERRY_ROOT: "env" };
    expect(resolve({ flags: { root: "flag" }, env, configs })).toMatchObject({
      root: "/work/flag",
      count: 3,
    });
    expect(resolve({ env, configs })).toMatchObject({ root: "/work/env" });
    expect(resolve({ env: { GOFERRY_ROOT: "" }, configs })).toMatchObject({
      root: "/home/me/.config/goferry/user",
      "no-zips": true,
    });
    expect(resolve({})).toEqual({
      json: false,
      quiet: false,
      yes: false,
      root: undefined,
      key: [],
      direct: [],
      "no-zips": false,
      count: undefined,
      path: undefined,
      out: undefined,
      file: undefined,
    });
  });

  it("splits lists of the environment: paths as PATH does, texts at commas", () => {
    const env = { GOFERRY_KEY: "a.asc:/k/b.asc:", GOFERRY_DIRECT: "a.example/*, b.example" };
    expect(resolve({ env })).toMatchObject({
      key: ["/work/a.asc", "/k/b.asc"],
      direct: ["a.example/*", "b.example"],
    });
  });

  it("takes one text or a list from a config file, relative to it, with ~ for the home folder", () => {
    const text = "key: [one.asc, ~/two.asc]\ndirect: a.example";
    expect(resolve({ configs: [[text, "/etc/goferry"]] })).toMatchObject({
      key: ["/etc/goferry/one.asc", "/home/me/two.asc"],
      direct: ["a.example"],
    });
  });

  it("does not take from elsewhere what is no setting", () => {
    expect(resolve({ env: { GOFERRY_OUT: "x" } })["out"]).toBeUndefined();
  });

  it("makes positionals absolute", () => {
    expect(resolve({ positionals: ["a/../b"] })["file"]).toBe("/work/b");
  });

  it.each<[string, Places, string]>([
    ["an empty value", { flags: { root: "" } }, "--root"],
    ["a null byte", { flags: { root: "a\0b" } }, "--root"],
    ["no number", { flags: { count: "two" } }, "--count"],
    ["zero", { env: { GOFERRY_COUNT: "0" } }, "GOFERRY_COUNT"],
    ["no choice", { env: { GOFERRY_PATH: "always" } }, "GOFERRY_PATH"],
    ["neither on nor off", { env: { GOFERRY_NO_ZIPS: "maybe" } }, "GOFERRY_NO_ZIPS"],
    ["a fraction", { configs: [["count: 1.5", "/etc"]] }, "/etc/config.yaml:1:8"],
    ["a wrong choice", { configs: [["# here\npath: x", "/etc"]] }, "/etc/config.yaml:2:7"],
  ])("refuses %s and says where it stands", (_, places, subject) => {
    expect(() => resolve(places)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID", subject }));
  });
});

describe("isOn", () => {
  it.each(["1", "true", "YES", " on "])("takes %j for on", (value) =>
    expect(isOn({ X: value }, "X")).toBe(true),
  );
  it.each(["", "0", "false", "No", "off"])("takes %j for off", (value) => {
    expect(isOn({ X: value }, "X")).toBe(false);
  });
});

describe("settingsOf", () => {
  it("has the settings that users rely on, and no secret", () => {
    const names = Object.keys(settingsOf(COMMANDS));
    expect(names).toEqual(expect.arrayContaining(["root", "key", "sign-key", "cache", "json", "quiet"]));
    expect(names.filter((name) => /passphrase(?!-file)/u.test(name))).toEqual([]);
  });
});

describe("config files in effect", () => {
  it("are the user's before the machine's, or the one that GOFERRY_CONFIG names alone", async () => {
    await using folder = await testFolder();
    const [user, machine] = [join(folder.path, "home/config"), join(folder.path, "etc")];
    for (const dir of [user, machine]) await mkdir(dir, { recursive: true });
    await writeFile(join(machine, "config.yaml"), "root: /machine\njson: true\n");
    const rootOf = async (env: Record<string, string> = {}): Promise<unknown> =>
      (await goferry(["list", "--json"], { cwd: folder.path, env })).json()["root"];
    expect(await rootOf()).toBe("/machine");
    expect((await goferry(["list"], { cwd: folder.path })).json()).toMatchObject({ root: "/machine" });
    await writeFile(join(user, "config.yaml"), "root: /user\n");
    expect(await rootOf()).toBe("/user");
    await writeFile(join(folder.path, "own.yaml"), "json: false\n");
    expect(await rootOf({ GOFERRY_CONFIG: "own.yaml" })).toBe(join(folder.path, "home/.local/share/goferry"));
  });

  it("are refused if another user can change them, unless they are named", async () => {
    await using folder = await testFolder();
    const file = join(folder.path, "home/config/config.yaml");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "root: /theirs\n");
    const list = async (env: Record<string, string> = {}, uid = 1000) =>
      await goferry(["list", "--json"], { cwd: folder.path, env, system: { uid } });
    await chmod(file, 0o666);
    const open = await list();
    expect(open.json()).toMatchObject({ error: { code: "PERMISSION_DENIED", subject: file } });
    await chmod(file, 0o664);
    if (process.getuid?.() === 0) await chown(file, 65_534, 65_534);
    const foreign = await list({}, 4242);
    expect(foreign.json()).toMatchObject({ error: { code: "PERMISSION_DENIED", subject: file } });
    expect((await list({ GOFERRY_CONFIG: file }, 4242)).json()).toMatchObject({ root: "/theirs" });
    expect((await list({}, process.getuid?.() || 65_534)).json()).toMatchObject({ root: "/theirs" });
  });

  it("are refused with line and column, and when the named one is not there", async () => {
    await using folder = await testFolder();
    await writeFile(join(folder.path, "c.yaml"), "json: true\nrot: /x\n");
    const refused = await goferry(["list"], { cwd: folder.path, env: { GOFERRY_CONFIG: "c.yaml" } });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`ARGUMENT_INVALID ${folder.path}/c.yaml:2:1`);
    expect(refused.stderr).toContain("Did you mean root?");
    const absent = await goferry(["list"], { cwd: folder.path, env: { GOFERRY_CONFIG: "no.yaml" } });
    expect(absent.code).toBe(7);
  });
});
