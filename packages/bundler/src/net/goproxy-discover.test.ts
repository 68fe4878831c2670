import { readFile } from "node:fs/promises";

import { describe, expect, it } from "vitest";

import { discoverGoProxy, type DiscoveredGoProxy, type Discovery } from "./goproxy-discover.ts";

/** Discovers with the files of a record and a go on PATH that answers `go`. */
async function discover(
  env: Discovery["env"],
  files: Record<string, string> = {},
  more: { go?: string; system?: string } = {},
): Promise<DiscoveredGoProxy> {
  return await discoverGoProxy({
    env,
    readFile: async (path) => files[path],
    goOnPath: async () => more.go,
    system: more.system,
  });
}

const HOME = { HOME: "/home/me" };
const FILE = "/home/me/.config/go/env";

describe("discoverGoProxy", () => {
  it("asks the environment, then the file, then the go on PATH", async () => {
    const files = { [FILE]: "GOPROXY=https://file.test\n" };
    const go = "https://path.test,direct\n";
    const all = { ...HOME, GOPROXY: "https://env.test" };
    expect(await discover(all, files, { go })).toEqual({ value: "https://env.test", source: "environment" });
    expect(await discover(HOME, files, { go })).toEqual({
      value: "https://file.test",
      source: "go/env file",
    });
    expect(await discover(HOME, {}, { go })).toEqual({
      value: "https://path.test,direct",
      source: "go on PATH",
    });
    expect(await discover({ ...HOME, GOPROXY: "" }, files)).toMatchObject({ source: "go/env file" });
  });

  it("finds the file where go does", async () => {
    const text = "GOPROXY=https://file.test";
    const found = { source: "go/env file" };
    expect(await discover({ ...HOME, XDG_CONFIG_HOME: "/xdg" }, { "/xdg/go/env": text })).toMatchObject(
      found,
    );
    expect(await discover({ ...HOME, GOENV: "/my/env" }, { "/my/env": text })).toMatchObject(found);
    const mac = "/home/me/Library/Application Support/go/env";
    expect(await discover(HOME, { [mac]: text }, { system: "darwin" })).toMatchObject(found);
    for (const env of [{ ...HOME, GOENV: "off" }, { ...HOME, XDG_CONFIG_HOME: "xdg" }, {}]) {
      await expect(discover(env, { [FILE]: text, "xdg/go/env": text })).rejects.toMatchObject({
        code: "PROXY_UNKNOWN",
      });
    }
  });

  it("reads the file as go does", async () => {
    const text =
      "# GOPROXY=https://no.test\nGOPROXY=https://one.test\r\nXGOPROXY=x\ngoproxy=x\nGOPROXY=https://two.test|direct\r\n";
    expect(await discover(HOME, { [FILE]: text })).toMatchObject({ value: "https://two.test|direct" });
    expect(await discover(HOME, { [FILE]: "GOPROXY=\n" }, { go: "https://path.test" })).toMatchObject({
      source: "go on PATH",
    });
  });

  it("explains what to do where no proxy is known", async () => {
    const error = {
      code: "PROXY_UNKNOWN",
      exitCode: 2,
      next: expect.stringContaining("GOPROXY="),
      found: expect.stringContaining(FILE),
    };
    await expect(discover(HOME)).rejects.toMatchObject(error);
  });

  it("takes a file system's word that there is no file, and reports what else it says", async () => {
    const real = (HOME_: string): Promise<DiscoveredGoProxy> =>
      discoverGoProxy({
        env: { HOME: HOME_ },
        readFile: (path) => readFile(path, "utf8"),
        goOnPath: async () => "https://path.test",
      });
    expect(await real("/nowhere")).toMatchObject({ source: "go on PATH" });
    expect(await real("/dev/null")).toMatchObject({ source: "go on PATH" });
    const folder = discoverGoProxy({
      env: { GOENV: "/dev" },
      readFile: (path) => readFile(path, "utf8"),
      goOnPath: async () => undefined,
    });
    await expect(folder).rejects.toMatchObject({ code: "IO_FAILED", subject: "/dev" });
  });
});
