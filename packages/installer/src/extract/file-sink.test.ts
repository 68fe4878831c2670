import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { modulePlace, readLayer, sha256Hex, unitsOfLayer } from "@goferry/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { picture } from "../../../../test/kit/host-root.ts";
import { scriptedToolchain, layeredBundle, type LayeredBundle } from "../../../../test/kit/layered-bundle.ts";
import { canMount, smallDisk } from "../../../../test/kit/small-disk.ts";
import { FileSink } from "./file-sink.ts";

// Calls through: only that a file was synced leaves nothing behind to look at.
vi.mock(import("node:fs"), { spy: true });

const mounts = await canMount();

let folder: string;
let out: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "goferry-sink-"));
  out = join(folder, "out");
  await mkdir(out);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface UnpackOptions {
  layer?: number;
  zips?: boolean;
  to?: string;
  sync?: boolean;
}

/** Reads a layer into a sink, as worker.ts does. */
async function unpack(
  bundle: LayeredBundle,
  { layer: index = 0, zips = true, to = out, sync = false }: UnpackOptions = {},
): Promise<FileSink> {
  const { source, contents, layerOffsets } = bundle;
  const layer = contents.layers[index];
  if (layer === undefined) throw new Error(`no layer ${index}`);
  const units = unitsOfLayer(contents, index);
  const sink = new FileSink({ folder: to, units, zips, sync });
  try {
    await readLayer({ source, offset: layerOffsets[index] ?? -1, layer, units, sink });
  } catch (error) {
    try {
      sink.close();
    } catch {
      // The directory of a zip, on the same full disk.
    }
    throw error;
  }
  sink.close();
  return sink;
}

const text = {
  path: "example.com/text",
  version: "v1.2.0",
  files: { "go.mod": "module example.com/text\n", "a/b.go": "package b\n" },
};
const upper = {
  path: "example.com/Big/Case",
  version: "v2.0.0+incompatible",
  files: { "Größe.txt": "x", empty: "" },
};
const lone = { path: "example.com/lone", version: "v0.1.0" };

async function openFiles(): Promise<string[]> {
  const open = await readdir("/proc/self/fd");
  return Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
}

describe("FileSink", () => {
  it("makes every file of a layer durable before it is closed, if asked", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[text, lone]] });
    const [synced, closed] = [vi.mocked(fsyncSync), vi.mocked(closeSync)];
    await unpack(bundle, { zips: false });
    expect(synced).not.toHaveBeenCalled();
    closed.mockClear();
    await unpack(bundle, { zips: false, sync: true, to: join(folder, "other") });
    const fds = synced.mock.calls.map(([fd]) => fd);
    expect(fds.length).toBeGreaterThan(4);
    expect(closed.mock.calls.map(([fd]) => fd)).toEqual(fds);
    for (const [i, order] of synced.mock.invocationCallOrder.entries())
      expect(order).toBeLessThan(closed.mock.invocationCallOrder[i] ?? 0);
  });

  it("writes the files of modules where Go looks for them, and a zip of each", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[text, upper, lone]] });
    const sink = await unpack(bundle);
    expect(Object.keys(picture(out)).filter((name) => !picture(out)[name]?.startsWith("folder"))).toEqual([
      "mod/cache/download/example.com/!big/!case/@v/v2.0.0+incompatible.info",
      "mod/cache/download/example.com/!big/!case/@v/v2.0.0+incompatible.mod",
      "mod/cache/download/example.com/!big/!case/@v/v2.0.0+incompatible.zip",
      "mod/cache/download/example.com/!big/!case/@v/v2.0.0+incompatible.ziphash",
      "mod/cache/download/example.com/lone/@v/v0.1.0.info",
      "mod/cache/download/example.com/lone/@v/v0.1.0.mod",
      "mod/cache/download/example.com/text/@v/v1.2.0.info",
      "mod/cache/download/example.com/text/@v/v1.2.0.mod",
      "mod/cache/download/example.com/text/@v/v1.2.0.zip",
      "mod/cache/download/example.com/text/@v/v1.2.0.ziphash",
      "mod/example.com/!big/!case@v2.0.0+incompatible/Größe.txt",
      "mod/example.com/!big/!case@v2.0.0+incompatible/empty",
      "mod/example.com/text@v1.2.0/a/b.go",
      "mod/example.com/text@v1.2.0/go.mod",
    ]);
    expect(await readFile(join(out, "mod/example.com/text@v1.2.0/a/b.go"), "utf8")).toBe("package b\n");
    expect(new Set(sink.sums.keys())).toEqual(
      new Set([
        "example.com/Big/Case@v2.0.0+incompatible",
        "example.com/Big/Case@v2.0.0+incompatible.zip",
        "example.com/text@v1.2.0",
        "example.com/text@v1.2.0.zip",
      ]),
    );
    const tree = sink.sums.get("example.com/text@v1.2.0");
    expect(tree?.lines).toMatch(/^[0-9a-f]{64} {2}example\.com\/text@v1\.2\.0\/a\/b\.go\n/);
    expect(tree?.sizes).toEqual([10, 24]);
    const zip = "mod/cache/download/example.com/text/@v/v1.2.0.zip";
    const bytes = await readFile(join(out, zip));
    expect(sink.sums.get("example.com/text@v1.2.0.zip")).toEqual({
      lines: `${sha256Hex(bytes)}  ${zip}\n`,
      sizes: [bytes.length],
    });
  });

  it("writes no zips where none are wanted", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[text, upper]] });
    await unpack(bundle, { zips: false });
    expect(Object.keys(picture(out)).filter((name) => name.endsWith(".zip"))).toEqual([]);
    expect(Object.keys(picture(out)).filter((name) => name.endsWith(".ziphash"))).toHaveLength(2);
  });

  it("puts every file into the zip of its own module, with neighbours whose names begin alike", async () => {
    const names = ["v1.0.0", "v1.0.0-pre", "v1.0.0+incompatible", "v1.0.1"];
    const modules = names.map((version) => ({ path: "example.com/m", version, files: { version } }));
    await using bundle = await layeredBundle(folder, { modules: [modules] });
    await unpack(bundle);
    for (const module of modules) {
      const zip = await readFile(join(out, modulePlace(module).ziphash.replace(/hash$/, "")));
      const inside = zip.toString("latin1").match(/example\.com\/m@[^/]+\/version/g);
      expect(inside).toEqual([
        `example.com/m@${module.version}/version`,
        `example.com/m@${module.version}/version`,
      ]);
    }
  });

  it("gives a module without files a folder and a zip, which Go asks for all the same", async () => {
    const empty = { path: "example.com/empty", version: "v1.0.0", files: {} };
    await using bundle = await layeredBundle(folder, { modules: [[empty, text]] });
    await unpack(bundle);
    expect((await stat(join(out, "mod/example.com/empty@v1.0.0"))).isDirectory()).toBe(true);
    expect((await stat(join(out, "mod/cache/download/example.com/empty/@v/v1.0.0.zip"))).size).toBe(22);
  });

  it("gives executables of a toolchain their mode, and nothing else", async () => {
    await using bundle = await layeredBundle(folder, { toolchains: [scriptedToolchain("1.27.1")] });
    await unpack(bundle, { layer: 0 });
    await unpack(bundle, { layer: 1 });
    expect((await stat(join(out, "sdk/go1.27.1/bin/go"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(out, "sdk/go1.27.1/src/fmt/print.go"))).mode & 0o777).toBe(0o644);
    expect(await readFile(join(out, "sdk/go1.27.1/src/go.mod"), "utf8")).toBe("module std\n");
  });

  it("neither overwrites a file nor follows a link that is there", async () => {
    await using bundle = await layeredBundle(folder, { modules: [[text]] });
    const there = join(out, "mod/example.com/text@v1.2.0/go.mod");
    await mkdir(join(out, "mod/example.com/text@v1.2.0"), { recursive: true });
    await symlink(join(folder, "elsewhere"), there);
    await expect(unpack(bundle)).rejects.toMatchObject({
      code: "ENTRY_REFUSED",
      subject: "mod/example.com/text@v1.2.0/go.mod",
      found: "the name twice",
    });
    await rm(there);
    await writeFile(there, "mine");
    await rm(join(out, "mod/cache"), { recursive: true });
    await rm(join(out, "mod/example.com/text@v1.2.0/a"), { recursive: true });
    await expect(unpack(bundle)).rejects.toMatchObject({ code: "ENTRY_REFUSED" });
    expect(await readFile(there, "utf8")).toBe("mine");
    expect(await readdir(folder)).not.toContain("elsewhere");
  });

  it.skipIf(!mounts)(
    "says that the disk is full, by a file or by a zip, and leaves nothing open",
    async () => {
      const noise = randomBytes(300_000);
      const module = { ...text, files: { ...text.files, noise } };
      await using bundle = await layeredBundle(folder, { modules: [[module]] });
      // Room for the tree; for the zip that is buffered until its end, none.
      await using tight = await smallDisk({ size: "400k" });
      await expect(unpack(bundle, { to: tight.path })).rejects.toMatchObject({
        code: "DISK_FULL",
        subject: expect.stringMatching(/\/v1\.2\.0\.zip$/),
      });
      await using tiny = await smallDisk({ size: "100k" });
      await expect(unpack(bundle, { to: tiny.path })).rejects.toMatchObject({
        code: "DISK_FULL",
        subject: expect.stringMatching(/\/noise$/),
      });
      await using few = await smallDisk({ inodes: 12 });
      await expect(unpack(bundle, { to: few.path })).rejects.toMatchObject({ code: "DISK_FULL" });
      const left = (await openFiles()).filter((file) =>
        [tight, tiny, few].some(({ path }) => file.startsWith(path)),
      );
      expect(left).toEqual([]);
    },
  );
});
