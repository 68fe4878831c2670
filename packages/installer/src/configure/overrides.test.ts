import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cleanEnv, findRealGo, linkRoot, plantGo, testPlatform } from "../../../../test/kit/real-go.ts";
import { createHost } from "../host.ts";
import type { Host } from "../host.ts";
import { editGoEnv, goEnvSettings, readGoEnv } from "./go-env.ts";
import { currentTarget, launchers } from "./launchers.ts";
import { findOverrides } from "./overrides.ts";
import { PROCESS_FACTS } from "../../../../test/kit/process-facts.ts";

const go = await findRealGo();

describe.skipIf(go === undefined)("findOverrides, with a real Go", () => {
  let scratch = "";
  let root = "";
  let home = "";
  let goroot = "";
  let settings = new Map<string, string>();
  const userFile = () => join(home, ".config", "go", "env");

  beforeAll(async () => {
    if (go === undefined) return;
    scratch = await realpath(await mkdtemp(join(tmpdir(), "goferry-overrides-")));
    root = join(scratch, "the root");
    goroot = await plantGo(root, go);
    const entries = launchers({ versions: [go.version], goferry: undefined });
    const links = entries.flatMap((entry) => (entry.kind === "link" ? [entry] : []));
    await linkRoot(root, currentTarget(go.version), links);
    const shipped = await readFile(join(goroot, "go.env"), "utf8");
    const text = editGoEnv(shipped, goEnvSettings({ root, privatePatterns: [], direct: [] }));
    await writeFile(join(goroot, "go.env"), text);
    settings = readGoEnv(text);
  });
  beforeEach(async () => {
    home = await mkdtemp(join(scratch, "home-"));
    await mkdir(join(home, ".config", "go"), { recursive: true });
  });
  afterAll(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));

  const hostWith = (env: Record<string, string>): Host =>
    createHost({
      platform: testPlatform(),
      env: { ...cleanEnv(home), ...env },
      home,
      uid: 1,
      userName: "u",
      ...PROCESS_FACTS,
    });
  const find = (env: Record<string, string> = {}) => findOverrides(hostWith(env), { root, settings });
  const summary = async (env: Record<string, string> = {}) =>
    (await find(env)).map(({ subject, source, found }) => [subject, source, found]);

  it("leaves nothing behind, as every other question to Go does", async () => {
    await find();
    expect(await readdir(home, { recursive: true })).toEqual([".config", ".config/go"]);
  });

  it("knows where the user's file is, as Go does", async () => {
    const elsewhere = join(home, "elsewhere");
    await mkdir(join(elsewhere, "go"), { recursive: true });
    await writeFile(join(elsewhere, "go", "env"), "GOSUMDB=off\n");
    const found = ["GOSUMDB", join(elsewhere, "go", "env"), "off"];
    expect(await summary({ XDG_CONFIG_HOME: elsewhere })).toEqual([found]);
    expect(await summary({ XDG_CONFIG_HOME: elsewhere, HOME: "" })).toEqual([found]);
    expect(await summary({ GOENV: join(elsewhere, "go", "env") })).toEqual([found]);
    expect(await summary({ XDG_CONFIG_HOME: elsewhere, GOENV: "off" })).toEqual([]);
    expect(await summary({ XDG_CONFIG_HOME: "elsewhere" })).toEqual([]);
    expect(await summary({ XDG_CONFIG_HOME: "", HOME: "" })).toEqual([]);
  });

  it("finds nothing where Go goes by the root", async () => {
    expect(await find()).toEqual([]);
    expect(await find({ GOFLAGS: "-buildvcs=false -mod", GO111MODULE: "auto", GOOS: "plan9" })).toEqual([
      expect.objectContaining({ subject: "GOFLAGS" }),
    ]);
    expect(
      await find({ GOFLAGS: "-buildvcs=false -trimpath", GOPROXY: "", GOROOT: join(root, "current") }),
    ).toEqual([]);
    expect(await find({ GOENV: "off" })).toEqual([]);
    expect(await find({ GOTOOLCHAIN: "path", GOSUMDB: "sum.golang.org", GONOPROXY: "none" })).toEqual([]);
  });

  it("names each setting of the environment, and how to take it back", async () => {
    const env = {
      GOPROXY: "off",
      GOMODCACHE: "/m",
      GOTOOLCHAIN: "local",
      GOSUMDB: "off",
      GO111MODULE: "off",
    };
    const found = await find({
      ...env,
      GONOPROXY: "*",
      GONOSUMDB: "*",
      GOFLAGS: "-v -mod=vendor --modfile=/x/y.mod",
    });
    expect(found.map(({ subject }) => subject)).toEqual([
      "GO111MODULE",
      "GOFLAGS",
      "GOMODCACHE",
      "GONOPROXY",
      "GONOSUMDB",
      "GOPROXY",
      "GOSUMDB",
      "GOTOOLCHAIN",
    ]);
    for (const { code, level, source, next, subject } of found) {
      expect({ code, level, source, next }).toEqual({
        code: "SETTING_OVERRIDDEN",
        level: "warn",
        source: "environment",
        next: `unset ${subject}`,
      });
    }
    expect(found[1]?.found).toBe("-mod=vendor -modfile");
    expect(found[5]).toMatchObject({ found: "off", expected: settings.get("GOPROXY") });
    expect(found[6]).toMatchObject({ found: "off", expected: "sum.golang.org" });
  });

  it("names each setting of the user's file, and types what takes it back", async () => {
    await writeFile(
      userFile(),
      "GOPROXY=x\nGOPROXY=\nGOSUMDB=off\nGOTOOLCHAIN=go1.99.0\nGOFLAGS=-mod=mod\nGONOSUMDB=\n",
    );
    const expected = [
      ["GOFLAGS", userFile(), "-mod=mod"],
      ["GOPROXY", userFile(), "empty"],
      ["GOSUMDB", userFile(), "off"],
      ["GOTOOLCHAIN", userFile(), "go1.99.0"],
    ];
    expect(await summary()).toEqual(expected);
    for (const { next } of await find()) {
      const { code, stderr } = await hostWith({}).run("/bin/sh", ["-c", next ?? ""], {
        env: { ...cleanEnv(home) },
        cwd: "/",
        timeoutMs: 20_000,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    }
    expect(await find()).toEqual([]);
  });

  it("names both places where both set it, and a file that GOENV names", async () => {
    const other = join(home, "other");
    await writeFile(other, "GOPROXY=off\n");
    const found = await summary({ GOENV: other, GOPROXY: "direct" });
    expect(found).toEqual([
      ["GOPROXY", "environment", "direct"],
      ["GOPROXY", other, "off"],
    ]);
    expect(await find({ GOENV: join(home, "nothing") })).toEqual([]);
  });

  it("names GOPRIVATE where that is what changes the setting, and not where it changes nothing", async () => {
    expect(await summary({ GOPRIVATE: "corp.example" })).toEqual([
      ["GOPRIVATE", "environment", "corp.example"],
    ]);
    settings.set("GONOSUMDB", "corp.example");
    await writeFile(
      join(goroot, "go.env"),
      editGoEnv(await readFile(join(goroot, "go.env"), "utf8"), settings),
    );
    expect(await summary({ GOPRIVATE: "other.example" })).toEqual([]);
    settings.set("GONOSUMDB", "");
    await writeFile(
      join(goroot, "go.env"),
      editGoEnv(await readFile(join(goroot, "go.env"), "utf8"), settings),
    );
  });

  it("names a GOROOT of another Go, whether that is there or not, and what else overrides", async () => {
    for (const other of ["/nowhere", go?.goroot ?? ""]) {
      const found = await find({ GOROOT: other, GOPROXY: "off" });
      expect(found.map(({ subject }) => subject)).toEqual(["GOPROXY", "GOROOT"]);
      expect(found[1]).toMatchObject({ found: other, expected: goroot, next: "unset GOROOT" });
    }
  });

  it("says what to do on Windows, where nobody types unset", async () => {
    const host = { ...hostWith({ GOFLAGS: "-mod=mod" }), platform: "windows/amd64" };
    const found = await findOverrides(host, { root, settings });
    const about = found.find(({ subject }) => subject === "GOFLAGS");
    expect(about?.next).toContain("open a new window");
  });

  it("names a GOROOT in the user's file once, not each setting that is lost by it", async () => {
    for (const other of ["/nowhere", go?.goroot ?? ""]) {
      await writeFile(userFile(), `GOROOT=${other}\n`);
      expect(await summary()).toEqual([["GOROOT", userFile(), other]]);
    }
  });

  it("says so when go.env itself is not what was configured", async () => {
    const changed = new Map(settings).set("GOTOOLCHAIN", "auto");
    const found = await findOverrides(hostWith({}), { root, settings: changed });
    expect(found).toMatchObject([
      {
        subject: "GOTOOLCHAIN",
        source: "GOROOT/go.env",
        found: "path",
        expected: "auto",
        next: expect.stringContaining("install the bundle again"),
      },
    ]);
  });

  it("passes on what Go says when it refuses the environment", async () => {
    const found = await find({ GOEXPERIMENT: "bogus" });
    expect(found).toMatchObject([{ code: "SETTINGS_UNREADABLE", level: "warn" }]);
    expect(found[0]?.found).toContain("bogus");
  });

  it("keeps passwords to itself", async () => {
    const secret = "pass@w/ord";
    await writeFile(userFile(), `GOPROXY=https://me:${secret}@a.example,me:${secret}@b.example|off\n`);
    const flags = "-toolexec=/x?token=secret -overlay=secret";
    const found = await find({ GOPROXY: `https://user:${secret}@proxy.example/go,direct`, GOFLAGS: flags });
    expect(found.map((each) => each.found)).toEqual([
      "-toolexec -overlay",
      "https://***@proxy.example/go,direct",
      "https://***@a.example,***@b.example|off",
    ]);
    expect(JSON.stringify(found)).not.toMatch(/ord@|secret/u);
  });
});
