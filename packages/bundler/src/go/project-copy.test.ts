import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, projectAt, temporaryFolder, writeFiles } from "../../../../test/kit/bundler-go.ts";
import { draftOf } from "../output.ts";
import { copyTree } from "./copy-tree.ts";
import { cloneProject, copyProject } from "./project-copy.ts";
import type { ProjectCopy } from "./project-copy.ts";

const mod = (path: string, more = ""): string => `module example.com/${path}\n\ngo 1.21\n${more}`;

describe("copyProject", () => {
  /** Copies `project` of the files to a sibling of their folder. */
  async function copy(
    files: Record<string, string>,
    project: string,
    use: (copy: ProjectCopy, source: string) => Promise<void>,
    prepare: (source: string) => Promise<void> = async () => undefined,
  ): Promise<void> {
    await using folder = await temporaryFolder();
    const source = join(folder.path, "src");
    await writeFiles(source, files);
    await prepare(source);
    const to = join(folder.path, "copy");
    await use(await copyProject(await projectAt(join(source, project)), { to }), source);
  }

  it("copies a project alone, without version control", async () => {
    const files = {
      "app/go.mod": mod("app"),
      "app/x/.git/HEAD": "ref",
      "app/.git": "gitdir: x",
      "app/.hidden": "h",
    };
    await copy(files, "app", async ({ root, dir, moduleDirs, workFile, notes }) => {
      expect(dir).toBe(root);
      expect(moduleDirs).toEqual([root]);
      expect(workFile).toBeUndefined();
      expect(notes).toEqual([]);
      expect(await readFile(join(root, ".hidden"), "utf8")).toBe("h");
      await expect(lstat(join(root, ".git"))).rejects.toThrow("ENOENT");
      await expect(lstat(join(root, "x", ".git"))).rejects.toThrow("ENOENT");
    });
  });

  it("leaves out what is excluded, by whatever links it is named, and drafts of it", async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const app = join(path, "app");
    const { path: draft } = draftOf(join(app, "out", "site.tar"));
    await writeFiles(path, {
      "app/go.mod": mod("app"),
      "app/out/site.tar": "old",
      [relative(path, draft)]: "of another build",
      "app/out/other.tar": "kept",
      "app/cache/zip": "zip",
      "app/keys/private.asc": "secret",
    });
    await symlink(app, join(path, "link"));
    await symlink(join(app, "keys", "private.asc"), join(path, "key"));
    const exclude = ["link/out/site.tar", "link/cache", "key", "link/absent/x"].map((name) =>
      join(path, name),
    );
    const to = join(path, "copy");
    await copyProject(await projectAt(join(path, "link")), { to, exclude });
    const names = await readdir(to, { recursive: true });
    expect(names.toSorted()).toEqual(["go.mod", "keys", "out", "out/other.tar"]);
  });

  it("brings folders that replace directives name along, in the same place", async () => {
    const replace =
      "require (\n\texample.com/lib v0.0.0\n\texample.com/in v1.0.0\n)\nreplace (\n\texample.com/lib => ../libs/lib\n\texample.com/in v1.0.0 => ./in\n)\n";
    const files = {
      "a/app/go.mod": mod("app", replace),
      "a/app/in/go.mod": mod("in"),
      "a/libs/lib/go.mod": mod("lib"),
      "a/libs/other/go.mod": mod("other"),
    };
    await copy(files, "a/app", async ({ root, dir }) => {
      expect(relative(root, dir)).toBe("app");
      expect(await readFile(join(dir, "../libs/lib/go.mod"), "utf8")).toBe(mod("lib"));
      expect(await readFile(join(dir, "in/go.mod"), "utf8")).toBe(mod("in"));
      await expect(lstat(join(dir, "../libs/other"))).rejects.toThrow("ENOENT");
    });
  });

  it("copies a module in a folder of the module that it replaces", async () => {
    const files = {
      "go.mod": mod("lib"),
      "example/go.mod": mod("example", "require example.com/lib v0.0.0\nreplace example.com/lib => ../\n"),
    };
    await copy(files, "example", async ({ root, dir }) => {
      expect(relative(root, dir)).toBe("example");
      expect(await readFile(join(root, "go.mod"), "utf8")).toBe(mod("lib"));
    });
  });

  it("copies a workspace with the modules that it uses", async () => {
    const files = {
      "ws/go.work": "go 1.21\n\nuse (\n\t./one\n\t../two\n)\n\nreplace example.com/three => ../three\n",
      "ws/one/go.mod": mod("one", "require example.com/three v0.0.0\n"),
      "two/go.mod": mod("two", "require example.com/four v0.0.0\nreplace example.com/four => ./four\n"),
      "two/four/go.mod": mod("four"),
      "three/go.mod": mod("three"),
    };
    await copy(files, "ws", async ({ root, moduleDirs, workFile }) => {
      expect(moduleDirs.map((dir) => relative(root, dir))).toEqual(["ws/one", "two"]);
      expect(workFile).toBe(join(root, "ws", "go.work"));
      expect(await readFile(join(root, "three/go.mod"), "utf8")).toBe(mod("three"));
    });
  });

  it("says that a go.work in a folder above is not used", async () => {
    const files = { "go.work": "go 1.21\nuse ./app\n", "app/go.mod": mod("app") };
    await copy(files, "app", async ({ notes, workFile }) => {
      expect(workFile).toBeUndefined();
      expect(notes).toEqual(["app: ../go.work is not used; name its folder as the project if it should be"]);
    });
  });

  it("takes folders that are reached through links for what they are", async () => {
    const files = {
      "app/go.mod": mod(
        "app",
        "require (\n\ta.b/beside v0.0.0\n\ta.b/within v0.0.0\n)\nreplace a.b/beside => ../beside\nreplace a.b/within => ./within\n",
      ),
      "elsewhere/one/go.mod": mod("one"),
      "elsewhere/two/go.mod": mod("two"),
    };
    const link = async (source: string): Promise<void> => {
      await symlink("elsewhere/one", join(source, "beside"));
      await symlink("../elsewhere/two", join(source, "app", "within"));
    };
    const check = async ({ dir, notes }: ProjectCopy): Promise<void> => {
      expect(await readFile(join(dir, "../beside/go.mod"), "utf8")).toBe(mod("one"));
      expect(await readFile(join(dir, "within/go.mod"), "utf8")).toBe(mod("two"));
      expect(notes).toEqual([]);
    };
    await copy(files, "app", check, link);
  });

  it("never changes the project, nor a copy of the copy", async () => {
    const files = { "app/go.mod": mod("app"), "app/go.sum": "" };
    await copy(files, "app", async (made, source) => {
      await writeFile(join(made.dir, "go.mod"), "changed");
      expect(await readFile(join(source, "app", "go.mod"), "utf8")).toBe(mod("app"));
      const clone = await cloneProject(made, join(source, "..", "clone"));
      expect(clone.dir).toBe(join(source, "..", "clone"));
      await writeFile(join(clone.dir, "go.mod"), "changed again");
      expect(await readFile(join(made.dir, "go.mod"), "utf8")).toBe("changed");
    });
  });

  it("does not copy itself when the copy lies in the project", async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { "go.mod": mod("app"), "site.tar": "large" });
    const to = join(folder.path, "build", "copy");
    const exclude = [join(folder.path, "site.tar")];
    const made = await copyProject(await projectAt(folder.path), { to, exclude });
    await expect(lstat(join(made.root, "build", "copy"))).rejects.toThrow("ENOENT");
    await expect(lstat(join(made.root, "site.tar"))).rejects.toThrow("ENOENT");
  });

  it("refuses a folder that has gone since the project was read", async () => {
    await using folder = await temporaryFolder();
    const app = join(folder.path, "app");
    const lines = "require a.b/c v0.0.0\nreplace a.b/c => ../c\n";
    await writeFiles(folder.path, { "app/go.mod": mod("app", lines), "c/go.mod": mod("c") });
    const project = await projectAt(app);
    await rm(join(folder.path, "c"), { recursive: true });
    const to = join(folder.path, "copy");
    expect(await codeOf(copyProject(project, { to }))).toBe("REPLACE_OUT_OF_REACH");
    await rm(app, { recursive: true });
    expect(await codeOf(copyProject(project, { to }))).toBe("IO_FAILED");
  });
});

describe("copyTree", () => {
  it("keeps links within reach, as relative ones, copies files elsewhere, names folders elsewhere", async () => {
    await using folder = await temporaryFolder();
    const from = join(folder.path, "from");
    await writeFiles(folder.path, { "from/a/file": "x", outside: "package a" });
    await writeFile(join(folder.path, "large"), "");
    await truncate(join(folder.path, "large"), 17 << 20);
    await symlink("a/file", join(from, "inside"));
    await symlink(join(from, "a"), join(from, "absolute"));
    await symlink("../outside", join(from, "out"));
    await symlink("../large", join(from, "too large"));
    await symlink("/dev/zero", join(from, "device"));
    await symlink("nothing", join(from, "dangling"));
    await symlink("/etc", join(from, "a", "etc"));
    const to = join(folder.path, "to");
    const { skipped } = await copyTree({ from, to, reach: [from] });
    expect(skipped).toEqual(["a/etc"]);
    expect(await readFile(join(to, "out"), "utf8")).toBe("package a");
    expect((await lstat(join(to, "out"))).isFile()).toBe(true);
    await expect(lstat(join(to, "device"))).rejects.toThrow("ENOENT");
    await expect(lstat(join(to, "too large"))).rejects.toThrow("ENOENT");
    expect(await readFile(join(to, "inside"), "utf8")).toBe("x");
    expect(await readlink(join(to, "absolute"))).toBe("a");
    await expect(lstat(join(to, "dangling"))).rejects.toThrow("ENOENT");
  });

  it("makes read-only files writable, and stops when it is interrupted", async () => {
    await using folder = await temporaryFolder();
    const from = join(folder.path, "from");
    await writeFiles(from, { "go.sum": "" });
    await chmod(join(from, "go.sum"), 0o444);
    await mkdir(join(from, "empty"));
    await copyTree({ from, to: join(folder.path, "to"), reach: [] });
    expect((await lstat(join(folder.path, "to", "go.sum"))).mode & 0o777).toBe(0o644);
    expect((await lstat(join(folder.path, "to", "empty"))).isDirectory()).toBe(true);
    const interrupted = copyTree({
      from,
      to: join(folder.path, "no"),
      reach: [],
      signal: AbortSignal.abort(),
    });
    expect(await codeOf(interrupted)).toBe("INTERRUPTED");
  });
});
