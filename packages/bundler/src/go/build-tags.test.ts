// With the go on PATH: which files a package has is its answer.
import { beforeAll, describe, expect, it } from "vitest";
import { join } from "node:path";
import {
  findBundlerGo,
  goIn,
  projectAt,
  temporaryFolder,
  writeFiles,
} from "../../../../test/kit/bundler-go.ts";
import { unknownTags } from "./build-tags.ts";
import { copyProject } from "./project-copy.ts";

const found = await findBundlerGo();

describe.skipIf(found === undefined)("unknownTags", () => {
  let real: NonNullable<typeof found>;
  beforeAll(() => {
    if (found !== undefined) real = found;
  });

  /** The tags of `tags` that nobody asks about in a project of `files`. */
  async function unknown(tags: string[], files: Record<string, string>): Promise<string[]> {
    await using folder = await temporaryFolder();
    await writeFiles(join(folder.path, "app"), { "go.mod": "module example.com/app\n\ngo 1.21\n", ...files });
    const copy = await copyProject(await projectAt(join(folder.path, "app")), {
      to: join(folder.path, "copy"),
    });
    const project = { copy, platforms: ["linux/amd64", "windows/amd64"], tags, packages: [], cgo: undefined };
    const notes = await unknownTags({ go: goIn(join(folder.path, "w"), real), project });
    return notes.map((note) => /^app: .*build tag ([^,]*),/u.exec(note)?.[1] ?? note);
  }

  it.each<[string, string[], Record<string, string>]>([
    ["a file that needs it", ["special"], { "a.go": "//go:build linux && (special || x)\n\npackage a\n" }],
    ["a file that it leaves out", ["special"], { "a.go": "// A.\n\n//go:build !special\n\npackage a\n" }],
    ["a line of the older form", ["special"], { "a.go": "// +build special,linux\n\npackage a\n" }],
    ["a test", ["e2e.x"], { "a.go": "package a\n", "a_test.go": "//go:build e2e.x\n\npackage a\n" }],
    [
      "a file for another platform",
      ["special"],
      { "a.go": "package a\n", "a_windows.go": "//go:build special\n\npackage a\n" },
    ],
    ["a line of cgo", ["static"], { "a.go": 'package a\n\n// #cgo static LDFLAGS: -lm\nimport "C"\n' }],
    ["a file in C", ["special"], { "a.go": 'package a\n\nimport "C"\n', "a.c": "//go:build special\n" }],
    ["the standard library", ["purego"], { "a.go": 'package a\n\nimport _ "crypto/sha256"\n' }],
  ])("knows a tag of %s", async (_, tags, files) => {
    expect(await unknown(tags, files)).toEqual([]);
  });

  it.each<[string, string[], Record<string, string>]>([
    ["that occur nowhere", ["spec"], { "a.go": "//go:build special\n\npackage a // spec\n" }],
    ["that a package has which is not imported", ["purego"], { "a.go": "package a\n" }],
    [
      "that a module below has which is no part of the project",
      ["special"],
      { "a.go": "package a\n", "b/go.mod": "module b\n", "b/b.go": "//go:build special\n\npackage b\n" },
    ],
  ])("names tags %s", async (_, tags, files) => {
    expect(await unknown(tags, files)).toEqual(tags);
  });
});
