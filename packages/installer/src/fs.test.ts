import { chmod, mkdir, readFile, readdir, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CrashSignal, faultyFs } from "../../../test/kit/faulty-fs.ts";
import { realHost, testFolder } from "../../../test/kit/host-root.ts";
import { isBelow, makeFolders, nameBeside, removeTree, replaceLink, writeFileAtomic } from "./fs.ts";
import { nodeFs } from "./node-fs.ts";

const fs = nodeFs(realHost);
const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("writeFileAtomic", () => {
  it("replaces a file and sets the mode whatever the umask is", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "go.env");
    await writeFile(path, "old");
    await writeFileAtomic(fs, path, bytes("new"), { mode: 0o666 });
    expect(await readFile(path, "utf8")).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o666);
    expect(await readdir(folder.path)).toEqual(["go.env"]);
  });

  it("replaces a link instead of writing through it", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "go.env");
    await writeFile(join(folder.path, "elsewhere"), "kept");
    await symlink("elsewhere", path);
    await writeFileAtomic(fs, path, bytes("new"), { mode: 0o644 });
    expect(await readFile(join(folder.path, "elsewhere"), "utf8")).toBe("kept");
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("does not follow a link planted where the new file waits", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "go.env");
    await writeFile(join(folder.path, "victim"), "kept");
    await symlink("victim", nameBeside(path));
    await writeFileAtomic(fs, path, bytes("new"), { mode: 0o644 });
    expect(await readFile(join(folder.path, "victim"), "utf8")).toBe("kept");
  });

  it.each(["error", "crash"] as const)(
    "keeps the old file or has the new one, by %s at every call",
    async (kind) => {
      await using folder = await testFolder();
      const path = join(folder.path, "go.env");
      for (let at = 1; ; at++) {
        await writeFile(path, "old");
        const broken = faultyFs(fs, { kind, at });
        const error: unknown = await writeFileAtomic(broken, path, bytes("new"), { mode: 0o644 }).catch(
          (e) => e,
        );
        if (error === undefined) break;
        expect(error instanceof CrashSignal).toBe(kind === "crash");
        expect(["old", "new"]).toContain(await readFile(path, "utf8"));
        const left = (await readdir(folder.path)).filter((name) => name !== "go.env");
        expect(left.length).toBeLessThanOrEqual(kind === "crash" ? 1 : 0);
        expect(at).toBeLessThan(20);
      }
    },
  );
});

it("replaceLink points a link elsewhere", async () => {
  await using folder = await testFolder();
  const path = join(folder.path, "current");
  await replaceLink(fs, path, "sdk/go1.26.8");
  await replaceLink(fs, path, "sdk/go1.27.1");
  expect(await readlink(path)).toBe("sdk/go1.27.1");
  expect(await readdir(folder.path)).toEqual(["current"]);
});

it("makeFolders returns only those it made", async () => {
  await using folder = await testFolder();
  const path = join(folder.path, "a", "b", "c");
  await mkdir(join(folder.path, "a"));
  expect(await makeFolders(fs, path)).toEqual([join(folder.path, "a", "b"), path]);
  expect(await makeFolders(fs, path)).toEqual([]);
});

describe("removeTree", () => {
  it("removes read-only folders, and links without following them", async () => {
    await using folder = await testFolder();
    const tree = join(folder.path, "mod");
    await mkdir(join(tree, "x@v1.0.0"), { recursive: true });
    await writeFile(join(tree, "x@v1.0.0", "x.go"), "package x");
    await writeFile(join(folder.path, "outside"), "kept");
    await symlink("..", join(tree, "up"));
    await chmod(join(tree, "x@v1.0.0"), 0o555);
    await removeTree(fs, tree);
    expect(await readdir(folder.path)).toEqual(["outside"]);
  });

  it("takes a missing tree for a removed one", async () => {
    await using folder = await testFolder();
    await expect(removeTree(fs, join(folder.path, "nothing", "here"))).resolves.toBeUndefined();
  });
});

it("isBelow compares whole names", () => {
  expect(isBelow("/opt/goferry", "/opt/goferry/bin")).toBe(true);
  expect(isBelow("/opt/goferry", "/opt/goferry")).toBe(false);
  expect(isBelow("/opt/goferry", "/opt/goferry-old/bin")).toBe(false);
  expect(isBelow("/", "/bin")).toBe(true);
});
