import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanEnv, findRealGo, plantGo } from "../../../../test/kit/real-go.ts";
import { editGoEnv, goEnvSettings, readGoEnv, readUserGoEnv } from "./go-env.ts";

const SHIPPED = [
  "# This file contains the initial defaults for go command configuration.",
  "",
  "GOPROXY=https://proxy.example.com,direct",
  "GOSUMDB=sum.golang.org",
  "",
  "GOTOOLCHAIN=auto",
  "",
].join("\n");

const settingsOf = (over: Partial<Parameters<typeof goEnvSettings>[0]> = {}) =>
  goEnvSettings({ root: "/opt/goferry", privatePatterns: [], direct: [], ...over });

const value = fc.string({ unit: fc.constantFrom("a", "=", " ", "#", "%", "/", "ü", "'") });
const key = fc.stringMatching(/^GO[A-C]{1,2}$/u);
const line = fc.oneof(
  fc.constantFrom("", "# GOA=comment", " GOA=indented", "goa=lower", "GOA", "=x"),
  fc.tuple(key, value).map(([k, v]) => `${k}=${v}`),
);
const text = fc
  .tuple(fc.array(line), fc.constantFrom("\n", "\r\n"), fc.boolean())
  .map(([lines, end, last]) => lines.join(end) + (last && lines.length > 0 ? end : ""));
const settings = fc.array(fc.tuple(key, value)).map((pairs) => new Map(pairs));

describe("goEnvSettings", () => {
  it("points Go at the root and lets nothing bypass it", () => {
    expect(Object.fromEntries(settingsOf())).toEqual({
      GOPROXY: "file:///opt/goferry/mod/cache/download",
      GOMODCACHE: "/opt/goferry/mod",
      GOTOOLCHAIN: "path",
      GONOPROXY: "none",
      GONOSUMDB: "",
    });
  });

  it("leaves private and direct modules out of the checksum database, and only direct ones out of the proxy", () => {
    const found = settingsOf({
      privatePatterns: ["corp.example/*"],
      direct: ["git.corp.example", "corp.example/*"],
    });
    expect(found.get("GONOSUMDB")).toBe("corp.example/*,git.corp.example");
    expect(found.get("GONOPROXY")).toBe("git.corp.example,corp.example/*");
  });

  it("encodes what would divide the list of proxies or end the path", () => {
    expect(settingsOf({ root: "/a b/ü,|%41?#@" }).get("GOPROXY")).toBe(
      "file:///a%20b/%C3%BC%2C%7C%2541%3F%23%40/mod/cache/download",
    );
  });

  it.each(["goferry", "", "/lone/\ud800"])("refuses the root %j", (root) => {
    expect(() => settingsOf({ root })).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  });

  it.each(["a,b", "a b", "", "a\nGOPROXY=x", "ü"])("refuses the pattern %j", (pattern) => {
    const error = expect.objectContaining({ code: "ARGUMENT_INVALID", subject: pattern });
    expect(() => settingsOf({ direct: [pattern] })).toThrow(error);
    expect(() => settingsOf({ privatePatterns: [pattern] })).toThrow(error);
  });
});

describe("editGoEnv", () => {
  it("replaces lines in place and appends what is missing under a comment", () => {
    const edited = editGoEnv(
      SHIPPED,
      new Map([
        ["GOPROXY", "file:///r"],
        ["GOMODCACHE", "/r/mod"],
      ]),
    );
    expect(edited.split("\n").slice(0, 7)).toEqual(
      SHIPPED.replace("https://proxy.example.com,direct", "file:///r").split("\n"),
    );
    expect(edited).toMatch(/\n\n# Set by goferry[^\n]*\nGOMODCACHE=\/r\/mod\n$/u);
  });

  it("replaces every line of a key, because Go reads the first one and compares with the last", () => {
    expect(editGoEnv("GOPROXY=a\nGOPROXY=b\r\nX\n", new Map([["GOPROXY", "c"]]))).toBe(
      "GOPROXY=c\nGOPROXY=c\nX\n",
    );
  });

  it("makes Go read the settings, keeps all other lines, and changes nothing the second time", () => {
    fc.assert(
      fc.property(text, settings, (before, wanted) => {
        const after = editGoEnv(before, wanted);
        const read = readGoEnv(after);
        expect(read).toEqual(new Map([...readGoEnv(before), ...wanted]));
        const others = (s: string) =>
          s
            .replace(/\n$/u, "")
            .split("\n")
            .filter((l) => l !== "" && !wanted.has(l.split("=")[0] ?? ""));
        expect(others(after).slice(0, others(before).length)).toEqual(others(before));
        expect(editGoEnv(after, wanted)).toBe(after);
      }),
    );
  });

  it("keeps the bytes of a text in which nothing is to be set", () => {
    fc.assert(
      fc.property(text, (before) => {
        expect(editGoEnv(before, new Map())).toBe(before);
      }),
    );
  });

  it.each([
    ["GOPROXY", "a\nGONOSUMDB=*"],
    ["GOPROXY", "a\r"],
    ["GOPROXY", "a\0"],
    ["goproxy", "a"],
    ["GOPROXY=x", "a"],
    ["", "a"],
  ])("refuses %j = %j", (k, v) => {
    expect(() => editGoEnv("", new Map([[k, v]]))).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  });
});

describe("reading", () => {
  it("takes the first line in GOROOT/go.env and the last one in the user's file", () => {
    expect(readGoEnv("A=1\nA=2").get("A")).toBe("1");
    expect(readUserGoEnv("A=1\nA=2").get("A")).toBe("2");
    expect(readGoEnv("#A=0\n A=0\nA=1=2 \r\n").get("A")).toBe("1=2 \r");
  });
});

const go = await findRealGo();

describe.skipIf(go === undefined)("a real Go", () => {
  let scratch = "";
  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(join(tmpdir(), "goferry-go-env-")));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));

  it.each(["plain", "with space", "ü,|%41?#@;$HOME'\"\\", "日本"])(
    "finds the proxy of a root named %j",
    async (name) => {
      if (go === undefined) return;
      const root = join(scratch, name);
      const goroot = await plantGo(root, go);
      const shipped = await readFile(join(goroot, "go.env"), "utf8");
      const edited = editGoEnv(
        shipped,
        goEnvSettings({ root, privatePatterns: ["example.com/*"], direct: [] }),
      );
      await writeFile(join(goroot, "go.env"), edited);
      const list = join(root, "mod/cache/download/example.com/!some/mod/@v");
      await mkdir(list, { recursive: true });
      await writeFile(join(list, "list"), "v1.0.0\nv1.2.0\n");
      await writeFile(join(list, "v1.2.0.info"), '{"Version":"v1.2.0"}');
      await writeFile(join(list, "v1.2.0.mod"), "module example.com/Some/mod\n");
      const ask = async (...args: string[]) => {
        const { stdout } = await promisify(execFile)(join(goroot, "bin/go"), args, {
          env: cleanEnv(root),
          cwd: scratch,
        });
        return stdout.trim();
      };

      expect(await ask("list", "-m", "-versions", "example.com/Some/mod")).toBe(
        "example.com/Some/mod v1.0.0 v1.2.0",
      );
      const read = readGoEnv(edited);
      const keys = [...read.keys()];
      const printed: unknown = JSON.parse(await ask("env", "-json", ...keys));
      expect(printed).toEqual(Object.fromEntries(read));
      expect(await ask("env", "-changed")).toBe("");
    },
  );
});
