import { describe, expect, it } from "vitest";
import {
  fetchSettings,
  goEnvFilePath,
  goEnvironment,
  parseGoEnvFile,
  privatePatterns,
  uselessPatterns,
} from "./environment.ts";

const BASE = { workDir: "/w", goproxy: "https://proxy.example.com", gosumdb: "sum.example.com" };

describe("goEnvironment", () => {
  it("lets through what fetching needs and nothing else", () => {
    const user = {
      HOME: "/home/u",
      PATH: "/usr/bin",
      https_proxy: "http://p:3128",
      SSH_AUTH_SOCK: "/run/ssh",
      GIT_SSH_COMMAND: "ssh -i key",
      GIT_DIR: "/elsewhere/.git",
      GOPRIVATE: "corp.example.com",
      GOROOT: "/opt/other",
      GOFLAGS: "-tags=mine",
      GO111MODULE: "off",
      CGO_CFLAGS: "-DX",
      CC: "evil",
      GOFERRY_KEY_PASSPHRASE: "secret",
      AWS_SECRET_ACCESS_KEY: "secret",
    };
    const env = goEnvironment({ ...BASE, user, userFile: {} });
    expect(env).toEqual({
      HOME: "/home/u",
      PATH: "/usr/bin",
      https_proxy: "http://p:3128",
      SSH_AUTH_SOCK: "/run/ssh",
      GIT_SSH_COMMAND: "ssh -i key",
      GIT_TERMINAL_PROMPT: "0",
      GOPRIVATE: "corp.example.com",
      GOPROXY: BASE.goproxy,
      GOSUMDB: BASE.gosumdb,
      GOENV: "off",
      GOTOOLCHAIN: "local",
      GOTELEMETRY: "off",
      GOWORK: "off",
      GOFLAGS: "-modcacherw",
      GOPATH: "/w/gopath",
      GOMODCACHE: "/w/modcache",
      GOCACHE: "/w/gocache",
      LC_ALL: "C",
    });
  });

  it("honours the go/env file below the environment, where an empty value counts as absent", () => {
    const userFile = parseGoEnvFile("GOPRIVATE=file.example.com\nGOAUTH=git /dir\nGOFLAGS=-mod=vendor\n");
    const env = goEnvironment({ ...BASE, user: { GOPRIVATE: "", GOAUTH: "off" }, userFile });
    expect(env["GOPRIVATE"]).toBe("file.example.com");
    expect(env["GOAUTH"]).toBe("off");
    expect(env["GOFLAGS"]).toBe("-modcacherw");
  });
});

describe("privatePatterns", () => {
  it("is GONOSUMDB, or GOPRIVATE without it", () => {
    expect(privatePatterns(fetchSettings({ GOPRIVATE: "a", GONOSUMDB: "b,,c" }, {}))).toEqual(["b", "c"]);
    expect(privatePatterns(fetchSettings({ GOPRIVATE: "a", GONOSUMDB: "" }, {}))).toEqual(["a"]);
    expect(privatePatterns(fetchSettings({}, {}))).toEqual([]);
  });
});

describe("parseGoEnvFile", () => {
  it("reads it as Go does: no quotes, the last of a name wins, other lines are ignored", () => {
    const text = "# GOPROXY=comment\nGOPROXY=first\nnot a setting\nlower=x\n\nGOPROXY=a=b \nGOFLAGS='-x'";
    expect({ ...parseGoEnvFile(text) }).toEqual({ GOPROXY: "a=b ", GOFLAGS: "'-x'" });
  });
});

describe("goEnvFilePath", () => {
  it.each([
    [{ HOME: "/h" }, "linux", "/h/.config/go/env"],
    [{ HOME: "/h", XDG_CONFIG_HOME: "/x" }, "linux", "/x/go/env"],
    [{ HOME: "/h", XDG_CONFIG_HOME: "relative" }, "linux", undefined],
    [{ HOME: "/h", XDG_CONFIG_HOME: "" }, "linux", "/h/.config/go/env"],
    [{ HOME: "/h" }, "darwin", "/h/Library/Application Support/go/env"],
    [{ HOME: "/h", GOENV: "/my/env" }, "linux", "/my/env"],
    [{ HOME: "/h", GOENV: "off" }, "linux", undefined],
    [{}, "linux", undefined],
    [{ AppData: "/roaming" }, "windows", "/roaming/go/env"],
  ])("of %j on %s is %s", (env, os, expected) => {
    expect(goEnvFilePath(env, os)).toBe(expected);
  });
});

describe("uselessPatterns", () => {
  it("are those that no module path matches, as people write them by mistake", () => {
    const setting = "git.example.com, own.example.com,https://git.example.com/*,*.example.com/[";
    expect(uselessPatterns(privatePatterns({ GOPRIVATE: setting }))).toEqual([
      " own.example.com",
      "https://git.example.com/*",
      "*.example.com/[",
    ]);
  });
});
