// goferry init on folders as people have them, and on some that nobody should have.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSpec, type Spec } from "../spec/read.ts";
import { draftSpec, writeSpec, type InitDraft } from "./init.ts";

interface Folder extends AsyncDisposable {
  path: string;
}

async function folderOf(files: Readonly<Record<string, string>>): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "goferry-init-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function draft(dir: string, out = join(dir, "goferry.yaml")): Promise<InitDraft> {
  return draftSpec({ dir, out, schema: true, platform: "linux/amd64" });
}

async function specOf(files: Readonly<Record<string, string>>): Promise<{ spec: Spec; text: string }> {
  await using folder = await folderOf(files);
  const { text } = await draft(folder.path);
  return { spec: parseSpec(Buffer.from(text), "goferry.yaml"), text };
}

const mod = (module: string, go = "1.26.3"): string => `module ${module}\n\ngo ${go}\n`;

describe("draftSpec", () => {
  it("writes what it found, and where", async () => {
    const { spec, text } = await specOf({
      "go.mod": mod("example.com/app"),
      Dockerfile: "FROM golang:1.27.1-alpine AS build\n",
      ".go-version": "1.27.1\n",
      ".github/workflows/ci.yml":
        "jobs:\n  t:\n    strategy: {matrix: {go: [1.26, 1.27.1], goos: [linux], goarch: [arm64]}}\n" +
        "    steps: [{uses: actions/setup-go@v6, with: {go-version: '${{ matrix.go }}'}}]\n",
    });
    expect(spec).toMatchObject({
      name: "app",
      go: ["1.27.1"],
      platforms: ["linux/amd64", "linux/arm64"],
      projects: [{ path: ".", name: undefined }],
    });
    expect(text.split("\n")[0]).toBe("# yaml-language-server: $schema=./goferry.schema.json");
    expect(text).toContain(`  - "1.27.1" # .go-version:1, Dockerfile:1, .github/workflows/ci.yml:3\n`);
    expect(text).toContain(`  # - "1.26" # .github/workflows/ci.yml:3 tries it as well\n`);
    expect(text).toContain("  - linux/amd64 # this machine\n  - linux/arm64 # .github/workflows/ci.yml:3\n");
    expect(text).toContain("  - . # example.com/app, needs Go 1.26.3\n");
  });

  it.each([
    ["nothing at all", {}, ["stable"], 0],
    ["a project", { "go.mod": mod("example.com/a") }, ["go.mod"], 1],
    ["a project older than Go 1.21", { "go.mod": mod("example.com/a", "1.17") }, ["stable"], 1],
    ["a pin that is newer", { "go.mod": mod("example.com/a"), ".go-version": "1.27" }, ["1.27"], 1],
    [
      "a pin that is too old for it",
      { "go.mod": mod("example.com/a"), ".go-version": "1.25.1" },
      ["1.25.1", "go.mod"],
      1,
    ],
    [
      "a pin before Go 1.21",
      { "go.mod": mod("example.com/a", "1.19"), ".go-version": "1.19.4" },
      ["stable"],
      1,
    ],
    [
      "a line and a version of it",
      { ".go-version": "1.27", Dockerfile: "FROM golang:1.27.1" },
      ["1.27.1"],
      0,
    ],
  ])("asks for the right Go: %s", async (_, files, go, projects) => {
    const { spec } = await specOf(files);
    expect(spec.go).toEqual(go);
    expect(spec.projects).toHaveLength(projects);
  });

  it("names every module as a project, each by a name of its own, and nothing that go does not look at", async () => {
    const { spec } = await specOf({
      "api/go.mod": mod("example.com/one/api"),
      "tools/api/go.mod": mod("example.com/two/api/v2"),
      "x/tools/api/go.mod": mod("example.com/three/api"),
      "odd/go.mod": mod("example.com/~~~"),
      "vendor/example.com/dep/go.mod": mod("example.com/dep"),
      "testdata/t/go.mod": mod("example.com/t"),
      "_old/go.mod": mod("example.com/old"),
      ".cache/go.mod": mod("example.com/cache"),
      "node_modules/n/go.mod": mod("example.com/n"),
    });
    expect(spec.projects.map(({ path, name }) => [path, name])).toEqual([
      ["./api", undefined],
      ["./odd", "odd"],
      ["./tools/api", "tools-api"],
      ["./x/tools/api", "x-tools-api"],
    ]);
  });

  it("writes as a comment what a plan would refuse", async () => {
    const { spec, text } = await specOf({
      "good/go.mod": mod("example.com/good"),
      "nosum/go.mod": `${mod("example.com/nosum")}\nrequire golang.org/x/sync v0.15.0\n`,
      "broken/go.mod": "modul x\n",
    });
    expect(spec.projects.map(({ path }) => path)).toEqual(["./good"]);
    expect(text).toMatch(/ # - \.\/nosum # left out, GO_SUM_MISSING.*go mod tidy/u);
    expect(text).toContain("  # - ./broken # left out, PROJECT_INVALID");
  });

  it("covers the modules of a go.work by its folder", async () => {
    const { spec, text } = await specOf({
      "go.mod": mod("example.com/top"),
      "go.work": 'go 1.26\n\nuse (\n\t.\n\t./a\n\t"./b/c/"\n)\n',
      "a/go.mod": mod("example.com/a"),
      "b/c/go.mod": mod("example.com/c"),
      "d/go.mod": mod("example.com/d"),
    });
    expect(spec.projects.map(({ path }) => path)).toEqual([".", "./d"]);
    expect(text).toContain("its go.work uses ., a, b/c\n");
  });

  it("names projects from where the file is to be", async () => {
    await using folder = await folderOf({ "src/app/go.mod": mod("example.com/app") });
    const { text } = await draft(join(folder.path, "src"), join(folder.path, "deploy", "x.yaml"));
    expect(parseSpec(Buffer.from(text), "x").projects).toMatchObject([{ path: "../src/app" }]);
  });

  it("writes a spec that is read as it was meant, whatever folders and files are called and hold", async () => {
    const name = fc
      .string({ unit: "binary", minLength: 1, maxLength: 12 })
      .filter((text) => !/[/\0]|^[._]/u.test(text) && text.isWellFormed());
    const odd = fc.constantFrom(
      "a: b",
      "#x",
      "x #y",
      "- z",
      "'",
      '"',
      "\n",
      "null",
      "1.0",
      "\u2028",
      "{a}",
      "&a",
      "é",
      "\\",
    );
    const version = fc.oneof(fc.string(), fc.constantFrom("1.27", "1.26.1", "golang:1.27\nx: y", "${A}"));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.oneof(name, odd), { maxLength: 3 }),
        version,
        async (names, text) => {
          const folders = Object.fromEntries(
            names.map((each, i) => [`${each}/go.mod`, mod(`example.com/m${i}`)]),
          );
          const { spec } = await specOf({
            ...folders,
            ".go-version": text,
            Dockerfile: `FROM golang:${text}\n`,
          });
          const expected = names.filter((each) => !/\p{Cc}|^(?:vendor|testdata|node_modules)$/u.test(each));
          expect(spec.projects.map(({ path }) => path).toSorted()).toEqual(
            expected.map((each) => `./${each}`).toSorted(),
          );
          expect(spec.modules).toEqual([]);
          expect(spec.expires).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ["none", "NOT_FOUND"],
    ["go.mod", "NOT_FOUND"],
  ])("refuses %s for a folder", async (name, code) => {
    await using folder = await folderOf({ "go.mod": mod("example.com/a") });
    await expect(draft(join(folder.path, name))).rejects.toMatchObject({ code });
  });
});

describe("writeSpec", () => {
  it("writes both files, the schema with its id, and nothing twice", async () => {
    await using folder = await folderOf({ "go.mod": mod("example.com/a") });
    const made = await draft(folder.path);
    await writeSpec(made);
    expect(await readFile(made.out, "utf8")).toBe(made.text);
    const schema: unknown = JSON.parse(await readFile(join(folder.path, "goferry.schema.json"), "utf8"));
    expect(schema).toMatchObject({ $id: "urn:goferry:schema:spec:1", title: "goferry.yaml" });

    await writeFile(made.out, "name: mine\n");
    await expect(writeSpec(made)).rejects.toMatchObject({ code: "OUTPUT_EXISTS", subject: made.out });
    expect(await readFile(made.out, "utf8")).toBe("name: mine\n");
    expect((await readdir(folder.path)).toSorted()).toEqual([
      "go.mod",
      "goferry.schema.json",
      "goferry.yaml",
    ]);
  });

  it("renews a schema of ours, and keeps one of somebody else's", async () => {
    await using folder = await folderOf({ "goferry.schema.json": '{"$id": "urn:other"}' });
    const made = await draft(folder.path);
    await expect(writeSpec(made)).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    expect(await readdir(folder.path)).toEqual(["goferry.schema.json"]);
    await writeFile(join(folder.path, "goferry.schema.json"), '{\n  "$id": "urn:goferry:schema:spec:1"\n}\n');
    await writeSpec(made);
    expect(await readFile(join(folder.path, "goferry.schema.json"), "utf8")).toContain('"platforms"');
  });

  it("leaves nothing where it may not write", async () => {
    await using folder = await folderOf({ "go.mod": mod("example.com/a") });
    const made = await draft(folder.path, join(folder.path, "none", "goferry.yaml"));
    await expect(writeSpec(made)).rejects.toMatchObject({ code: "IO_FAILED" });
    expect(await readdir(folder.path)).toEqual(["go.mod"]);
  });
});
