import { describe, expect, it } from "vitest";
import type { GoferryError } from "@goferry/core";
import { readProjectFiles } from "./project-files.ts";
import type { ProjectFiles } from "./project-files.ts";

type Files = Record<string, string>;

/** Reads the project /src/ws of files below /src. */
async function read(files: Files): Promise<ProjectFiles | undefined> {
  const readFile = async (path: string): Promise<Uint8Array> => {
    const file = files[path.replace(/^\/src\//u, "")];
    if (file === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return Buffer.from(file);
  };
  return await readProjectFiles({ dir: "/src/ws", label: "./ws", readFile });
}

async function refusal(files: Files): Promise<GoferryError> {
  return await read(files).then(
    () => expect.fail("it was accepted"),
    (error: GoferryError) => error,
  );
}

const mod = (path: string, ...lines: string[]): string =>
  [`module example.com/${path}`, "", ...lines, ""].join("\n");
const work = (...lines: string[]): string => ["go 1.26.0", ...lines, ""].join("\n");
const sum = (...versions: string[]): string =>
  versions.map((version) => `${version}/go.mod h1:x=\n`).join("");

describe("a project", () => {
  it("is a module with its go.sum and the folders that replace what it requires", async () => {
    const lines = [
      "go 1.21",
      "toolchain go1.26.8",
      "require (",
      "example.com/out v0.0.0",
      "example.com/in v1.0.0",
      ")",
      "replace example.com/out => ../libs/out",
      "replace example.com/in v1.0.0 => ./in",
      "replace example.com/unused => ../not/there",
      "replace example.com/absolute => /not/there",
    ];
    const found = await read({
      "ws/go.mod": mod("app", ...lines),
      "ws/go.sum": "",
      "ws/in/go.mod": mod("in", "go 1.25.0", "toolchain go1.99.0"),
      "ws/in/go.sum": "",
      "libs/out/go.mod": mod("out"),
    });
    expect(found).toMatchObject({
      layout: { modules: [""], replacements: ["../libs/out", "in"], hasWork: false },
      modules: ["example.com/app"],
    });
    expect(found?.files.map(({ path }) => path)).toEqual([
      "../libs/out/go.mod",
      "go.mod",
      "go.sum",
      "in/go.mod",
    ]);
    expect(found?.demands).toEqual([
      { subject: "./ws/go.mod", goMod: { go: "1.21", toolchain: "go1.26.8" } },
      { subject: "./ws/../libs/out/go.mod", goMod: { go: undefined, toolchain: undefined } },
      { subject: "./ws/in/go.mod", goMod: { go: "1.25.0", toolchain: undefined } },
    ]);
  });

  it("is a workspace where there is a go.work, whatever lies beside it", async () => {
    const found = await read({
      "ws/go.work": work("use (", "./b/", "../a", ")", "replace example.com/r => ./r"),
      "ws/go.mod": mod("not/used"),
      "ws/b/go.mod": mod(
        "b",
        "require (",
        "example.com/a v0.0.0",
        "example.com/r v1.0.0",
        "example.com/s v0.0.0",
        ")",
        "replace example.com/r => ./gone",
        "replace example.com/s => ../../a/s",
        "replace example.com/a => ../../a",
      ),
      "a/go.mod": mod("a"),
      "a/s/go.mod": mod("s"),
      "ws/r/go.mod": mod("r"),
    });
    expect(found).toMatchObject({
      layout: { modules: ["b", "../a"], replacements: ["r", "../a/s"], hasWork: true },
      modules: ["example.com/b", "example.com/a"],
    });
    expect(found?.files.map(({ path }) => path)).toEqual([
      "../a/go.mod",
      "../a/s/go.mod",
      "b/go.mod",
      "go.work",
      "r/go.mod",
    ]);
  });

  it("is nothing where there is neither file", async () => {
    expect(await read({ "ws/main.go": "package main\n" })).toBeUndefined();
  });
});

const NEEDY = { "ws/go.work": work("use ./a", "use ./b"), "ws/a/go.mod": mod("a", "require x.y/z v1.0.0") };

describe("a workspace needs no go.sum of a module", () => {
  it.each<[string, Files]>([
    ["that requires nothing", { "ws/b/go.mod": mod("b"), "ws/a/go.sum": "" }],
    [
      "whose requirements another go.sum has",
      { "ws/b/go.mod": mod("b"), "ws/b/go.sum": sum("x.y/z v1.0.0") },
    ],
    [
      "whose requirements go.work.sum has",
      { "ws/b/go.mod": mod("b"), "ws/go.work.sum": sum("x.y/z v1.0.0") },
    ],
    [
      "that requires modules of the workspace",
      { "ws/a/go.mod": mod("a"), "ws/b/go.mod": mod("b", "require example.com/a v0.0.0") },
    ],
    [
      "whose requirements are replaced by folders",
      {
        "ws/go.work": `${NEEDY["ws/go.work"]}replace x.y/z => ../z\n`,
        "ws/b/go.mod": mod("b"),
        "z/go.mod": mod("z"),
      },
    ],
    [
      "whose requirements are replaced by modules, which Go decides about",
      { "ws/go.work": `${NEEDY["ws/go.work"]}replace x.y/z => x.y/y v1.0.0\n`, "ws/b/go.mod": mod("b") },
    ],
  ])("%s", async (_, files) => {
    expect(await read({ ...NEEDY, ...files })).toBeDefined();
  });
});

describe("a project is refused with", () => {
  it.each<[string, Files, string, string]>([
    ["a go.mod that Go does not read", { "ws/go.mod": "modul a\n" }, "PROJECT_INVALID", "./ws/go.mod:1"],
    ["a go.work that Go does not read", { "ws/go.work": "use a b\n" }, "PROJECT_INVALID", "./ws/go.work:1"],
    ["a go.work that uses nothing", { "ws/go.work": work() }, "PROJECT_INVALID", "./ws/go.work"],
    [
      "a folder used twice",
      { "ws/go.work": work("use ./a", "use a"), "ws/a/go.mod": mod("a") },
      "PROJECT_INVALID",
      "./ws/go.work",
    ],
    [
      "a module used twice",
      { "ws/go.work": work("use ./a", "use ./b"), "ws/a/go.mod": mod("a"), "ws/b/go.mod": mod("a") },
      "PROJECT_INVALID",
      "./ws/go.work",
    ],
    [
      "a used folder without a go.mod",
      { "ws/go.work": work("use ./gone") },
      "REPLACE_OUT_OF_REACH",
      "./ws/go.work",
    ],
    ["an absolute use line", { "ws/go.work": work("use /srv/a") }, "REPLACE_OUT_OF_REACH", "./ws/go.work"],
    [
      "a replacement that is not there",
      { "ws/go.mod": mod("a", "require b.c/d v1.0.0", "replace b.c/d => ../d") },
      "REPLACE_OUT_OF_REACH",
      "./ws/go.mod",
    ],
    [
      "an absolute replacement",
      { "ws/go.mod": mod("a", "require b.c/d v1.0.0", "replace b.c/d => /srv/d"), "ws/go.sum": "" },
      "REPLACE_OUT_OF_REACH",
      "./ws/go.mod",
    ],
    [
      "an absolute replacement of Windows in a module of a workspace",
      {
        "ws/go.work": work("use ./a"),
        "ws/a/go.mod": mod("a", "require b.c/d v1.0.0", 'replace b.c/d => "C:/d"'),
      },
      "REPLACE_OUT_OF_REACH",
      "./ws/a/go.mod",
    ],
    [
      "a replacement with a go.mod that Go does not read",
      { "ws/go.mod": mod("a", "require b.c/d v1.0.0", "replace b.c/d => ./d"), "ws/d/go.mod": "go 1\n" },
      "PROJECT_INVALID",
      "./ws/d/go.mod:1",
    ],
    ["no go.sum", { "ws/go.mod": mod("a", "require b.c/d v1.0.0") }, "GO_SUM_MISSING", "./ws/go.sum"],
    [
      "no go.sum where only one version is replaced by a folder",
      {
        "ws/go.mod": mod("a", "require b.c/d v1.0.0", "replace b.c/d v1.1.0 => ./d"),
        "ws/d/go.mod": mod("d"),
      },
      "GO_SUM_MISSING",
      "./ws/go.sum",
    ],
    [
      "no go.sum where a module replaces the other",
      { "ws/go.mod": mod("a", "require b.c/d v1.0.0", "replace b.c/d => b.c/e v1.0.0") },
      "GO_SUM_MISSING",
      "./ws/go.sum",
    ],
    [
      "no go.sum of one module, where another knows another version",
      { ...NEEDY, "ws/b/go.mod": mod("b"), "ws/b/go.sum": sum("x.y/z v1.1.0") },
      "GO_SUM_MISSING",
      "./ws/a/go.sum",
    ],
  ])("%s", async (_, files, code, subject) => {
    expect(await refusal(files)).toMatchObject({
      code,
      subject,
      expected: expect.any(String),
      found: expect.any(String),
      next: expect.any(String),
    });
  });
});
