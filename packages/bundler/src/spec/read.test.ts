import { GoferryError } from "@goferry/core";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { parseSpec, readSpec } from "./read.ts";
import { SPEC_SCHEMA } from "./schema.ts";

const FILE = "conf/goferry.yaml";

function parse(yaml: string): ReturnType<typeof parseSpec> {
  return parseSpec(new TextEncoder().encode(yaml), FILE);
}

function refusal(yaml: string): GoferryError {
  try {
    parse(yaml);
  } catch (error) {
    if (error instanceof GoferryError) return error;
    throw error;
  }
  throw new Error("the spec was accepted");
}

const HEAD = "name: site\nplatforms: [linux/amd64]\n";

describe("a spec that is accepted", () => {
  it("is the one of the design, with its defaults", () => {
    const { where, ...spec } = parse(`# goferry.yaml
name: site
go: ["1.27.1"]
platforms: [linux/arm64, linux/amd64, windows/amd64]
projects: [./app]
modules: [golang.org/x/sync@v0.15.0]
tools: [golang.org/x/tools/gopls@latest]
`);
    expect(spec).toEqual({
      file: FILE,
      name: "site",
      go: ["1.27.1"],
      platforms: ["linux/amd64", "linux/arm64", "windows/amd64"],
      from: undefined,
      projects: [
        {
          path: "./app",
          name: undefined,
          platforms: undefined,
          tags: [],
          packages: ["./..."],
          cgo: undefined,
        },
      ],
      modules: [{ path: "golang.org/x/sync", query: "v0.15.0" }],
      tools: [{ path: "golang.org/x/tools/gopls", query: "latest" }],
      expires: undefined,
    });
    expect(where(["projects", 0])).toBe(`${FILE}:5:12`);
    expect(where(["tools", 0])).toBe(`${FILE}:7:9`);
    expect(where(["expires"])).toBe(`${FILE}:2:1`);
  });

  it("has a project with everything", () => {
    const spec = parse(`${HEAD}projects:
  - path: ../server
    name: server
    platforms: [js/wasm, linux/amd64]
    tags: [sqlite, netgo, netgo]
    packages: [./cmd/..., ./internal/a]
    cgo: false
    # nothing behind the key is as good as no key
expires: 180d
from: dl
modules:
`);
    expect(spec.from).toBe("dl");
    expect(spec.projects).toEqual([
      {
        path: "../server",
        name: "server",
        platforms: ["js/wasm", "linux/amd64"],
        tags: ["netgo", "sqlite"],
        packages: ["./cmd/...", "./internal/a"],
        cgo: false,
      },
    ]);
    expect(spec.modules).toEqual([]);
    expect(spec.expires).toBe("180d");
  });

  it.each([
    ["go: 1.27", ["1.27"]],
    ["go: 1.30", ["1.30"]],
    ["go: 1.20", ["1.20"]],
    ["go: [1.27, 1.27.1, '1.30']", ["1.27", "1.27.1", "1.30"]],
    ["go:\n  - 1.30\n  - &v 1.40\n  - *v", ["1.30", "1.40"]],
    ["go: stable", ["stable"]],
    ["go: [oldstable, stable, stable]", ["oldstable", "stable"]],
    ["go: 1.28rc1", ["1.28rc1"]],
    ["go:", ["stable"]],
    ["", ["stable"]],
    ["projects: [.]", ["go.mod"]],
    ["projects: [.]\ngo: go.mod", ["go.mod"]],
  ])("means with %j the Go versions %j", (line, versions) => {
    expect(parse(HEAD + line).go).toEqual(versions);
  });

  it.each([
    "modules: [github.com/Azure/azure-sdk-for-go@v68.0.0+incompatible]",
    "modules: [golang.org/x/sync@v0, golang.org/x/sync@master, golang.org/x/sync@release-branch.go1.27]",
    "tools: [gopkg.in/check.v1@8fa46927fb4f, golang.org/x/tools/cmd/stringer@latest]",
    "projects: &p [./a]\nmodules: []",
    "projects: [../a b, /srv/app, 'C:\\app']",
    "expires: 2027-06-30",
    "expires: 2028-02-29",
    "from: proxy",
    "go: '1.27.0'",
    "# only a comment",
  ])("may say %j", (line) => {
    expect(parse(HEAD + line).name).toBe("site");
  });

  it("may have a byte order mark, line ends of Windows and be JSON", () => {
    expect(parse(`\uFEFF${HEAD.replaceAll("\n", "\r\n")}`).platforms).toEqual(["linux/amd64"]);
    expect(parse('{"name": "site", "platforms": ["linux/amd64"], "go": "1.27"}').go).toEqual(["1.27"]);
  });
});

describe("a spec that is refused", () => {
  it.each([
    ["an unknown key", `${HEAD}platfrom: x\n`, "3:1", 'unknown key "platfrom"', "platforms"],
    ["an unknown key without value", `${HEAD}verbose:\n`, "3:1", 'unknown key "verbose"', undefined],
    [
      "an unknown key of a project",
      `${HEAD}projects:\n  - {path: a, tag: [b]}\n`,
      "4:15",
      'key "tag"',
      "tags",
    ],
    ["a project without path", `${HEAD}projects:\n  - name: a\n`, "4:5", 'key "path" is missing', undefined],
    ["no name", "platforms: [linux/amd64]\n", "1:1", 'key "name" is missing', undefined],
    ["an empty name", "name:\nplatforms: [linux/amd64]\n", "1:6", 'key "name" is missing', undefined],
    ["a name in capitals", "name: Site\nplatforms: [linux/amd64]\n", "1:7", "name", undefined],
    [
      "a name that is too long",
      `name: ${"a".repeat(65)}\nplatforms: [linux/amd64]\n`,
      "1:7",
      "name",
      undefined,
    ],
    ["a name that climbs", "name: ..\nplatforms: [linux/amd64]\n", "1:7", "name", undefined],
    ["a number for a name", "name: 5\nplatforms: [linux/amd64]\n", "1:7", "name", undefined],
    ["no platforms", "name: site\n", "1:1", '"platforms" is missing', undefined],
    ["an empty list of platforms", "name: site\nplatforms: []\n", "2:12", "platforms", undefined],
    ["one platform as text", "name: site\nplatforms: linux/amd64\n", "2:12", "platforms", undefined],
    [
      "an unknown platform",
      "name: a\nplatforms:\n- linux/amd64\n- linux/x86_64\n",
      "4:3",
      "platforms[1]",
      "linux/amd64",
    ],
    [
      "a platform that only is a target",
      "name: a\nplatforms: [js/wasm]\n",
      "2:13",
      "platforms[0]",
      undefined,
    ],
    ["a Go version with go", `${HEAD}go: go1.27.1\n`, "3:5", "go", undefined],
    ["a Go version of three", `${HEAD}go: [1.27.1.2]\n`, "3:6", "go[0]", undefined],
    ["a Go version in exponents", `${HEAD}go: [1.27, 1e3]\n`, "3:12", "go[1]", undefined],
    ["a map for Go versions", `${HEAD}go: {a: 1}\n`, "3:5", "go", undefined],
    ["no Go versions", `${HEAD}go: []\n`, "3:5", "go", undefined],
    ["go.mod without projects", `${HEAD}go: [stable, go.mod]\n`, "3:14", "there are none", undefined],
    ["a module without version", `${HEAD}modules: [golang.org/x/sync]\n`, "3:11", "modules[0]", undefined],
    [
      "a module by URL",
      `${HEAD}modules: ['https://golang.org/x/sync@v1.0.0']\n`,
      "3:11",
      "modules[0]",
      undefined,
    ],
    ["a module that is a flag", `${HEAD}modules: [-mod.x/y@v1.0.0]\n`, "3:11", "modules[0]", undefined],
    ["a module of the standard library", `${HEAD}tools: [cmd/vet@latest]\n`, "3:9", "tools[0]", undefined],
    ["a module that climbs", `${HEAD}tools: [a.b/../c@latest]\n`, "3:9", "tools[0]", undefined],
    ["a version that removes", `${HEAD}modules: [a.b/c@none]\n`, "3:11", "modules[0]", undefined],
    ["a version that compares", `${HEAD}modules: ['a.b/c@<v1.2.0']\n`, "3:11", "modules[0]", undefined],
    [
      "a tag that is a flag",
      `${HEAD}projects: [{path: a, tags: [-race]}]\n`,
      "3:29",
      "projects[0].tags[0]",
      undefined,
    ],
    [
      "packages that are a flag",
      `${HEAD}projects: [{path: a, packages: [-x]}]\n`,
      "3:33",
      "packages[0]",
      undefined,
    ],
    ["cgo as text", `${HEAD}projects: [{path: a, cgo: "yes"}]\n`, "3:27", "projects[0].cgo", undefined],
    ["a day that is none", `${HEAD}expires: 2027-02-30\n`, "3:10", "expires", undefined],
    ["a number of days without d", `${HEAD}expires: 180\n`, "3:10", "expires", undefined],
    ["a source that is none", `${HEAD}from: go.dev\n`, "3:7", "from", undefined],
    ["the same key twice", `${HEAD}name: other\n`, "3:1", "twice", undefined],
    ["a prototype", `${HEAD}__proto__: {x: 1}\n`, "3:1", "__proto__", undefined],
    ["an unknown tag", `${HEAD}go: !!js/regexp x\n`, "3:5", "YAML", undefined],
    ["two documents", `${HEAD}---\nname: b\n`, "3:1", "YAML", undefined],
    ["a tab for indentation", `${HEAD}go:\n\t- "1.27"\n`, "4:1", "YAML", undefined],
    ["an unclosed list", `${HEAD}go: [1.27\n`, "4:1", "YAML", undefined],
    ["an alias to nothing", `${HEAD}go: *v\n`, "3:5", "YAML", undefined],
    ["a list", "- name: site\n", "1:1", "not a map", undefined],
    ["nothing", "", "1:1", "empty", undefined],
    ["a merge key", `${HEAD}<<: {go: stable}\n`, "3:1", 'unknown key "<<"', undefined],
  ])("for %s names the place", (_, yaml, place, words, meant) => {
    const error = refusal(yaml);
    expect(error.code).toBe("SPEC_INVALID");
    expect(error.subject).toBe(`${FILE}:${place}`);
    expect(error.message).toContain(words);
    expect(error.expected).toBeTruthy();
    const correct = `correct ${FILE} at this line and column`;
    expect(error.next).toBe(meant === undefined ? correct : `did you mean ${meant}?`);
  });

  it("names every problem, in the order of the file", () => {
    const error = refusal(
      "nam: site\nplatforms: [linux/amd65, linux/amd64]\ngo: 1.x\nprojects: [{pth: a}]\n",
    );
    expect(error.subject).toBe(`${FILE}:1:1`);
    const places = [...error.message.matchAll(/conf\/goferry\.yaml:(\d+:\d+)/gu)].map(([, place]) => place);
    expect(places).toEqual(["2:13", "3:5", "4:13"]);
    expect(error.next).toBe("did you mean name?");
    expect(error.message).toContain("did you mean linux/amd64?");
  });

  it.each([
    [
      "aliases that multiply",
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${"*a,".repeat(99)}]\nc: [${"*b,".repeat(99)}]\n`,
    ],
    ["an alias to itself", `${HEAD}projects: &p [*p]\n`],
    ["a map inside itself", `${HEAD}projects: &p [{path: *p}]\n`],
    ["deep nesting", `${HEAD}projects: ${"[".repeat(50_000)}`],
    ["too many bytes", `${HEAD}#${"x".repeat(1 << 20)}`],
  ])("for %s does not hang or crash", (_, yaml) => {
    expect(refusal(yaml).code).toBe("SPEC_INVALID");
  });

  it("does not print a password that stands in it", () => {
    const error = refusal(
      `${HEAD}modules: ["https://joe:hunter2@git.example.com/x@v1.0.0", "https://u:hunter2@h/x"]\n`,
    );
    expect(JSON.stringify(error)).not.toContain("hunter2");
    expect(error.found).toContain("git.example.com");
  });

  it("is refused if it is not text", () => {
    const bytes = Uint8Array.of(0x6e, 0x61, 0xff, 0xfe);
    expect(() => parseSpec(bytes, FILE)).toThrow(expect.objectContaining({ code: "SPEC_INVALID" }));
  });
});

describe("readSpec", () => {
  it("reads the file it is given", async () => {
    const files = new Map([[FILE, new TextEncoder().encode(HEAD)]]);
    const spec = await readSpec(FILE, async (path) => files.get(path) ?? new Uint8Array());
    expect(spec.name).toBe("site");
  });

  it("says how to get a spec where there is none", async () => {
    const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
    const read = readSpec(FILE, () => Promise.reject(missing));
    await expect(read).rejects.toMatchObject({ code: "SPEC_UNREADABLE", subject: FILE, exitCode: 2 });
    await expect(read).rejects.toMatchObject({ next: expect.stringContaining("goferry build PATH") });
  });

  it("names the reason where it cannot be read", async () => {
    const denied = Object.assign(new Error("denied"), { code: "EACCES" });
    const read = readSpec(FILE, () => Promise.reject(denied));
    await expect(read).rejects.toMatchObject({ code: "SPEC_UNREADABLE", found: "EACCES" });
  });
});

describe("the published schema", () => {
  const published = z.toJSONSchema(SPEC_SCHEMA, { io: "input" });

  it("describes every key, and allows no others", () => {
    expect(published.additionalProperties).toBe(false);
    expect(published.required).toEqual(["name", "platforms"]);
    for (const [key, schema] of Object.entries(published.properties ?? {})) {
      expect(schema, key).toHaveProperty("description");
    }
  });

  it("gives editors the platforms to complete", () => {
    expect(JSON.stringify(published.properties?.["platforms"])).toContain('"linux/riscv64"');
  });
});
