// What ZipFile writes, read by those who have to read it: Go's own archive/zip, by way of `go mod download` from a
// file:// proxy, which also takes the h1 of what it finds, and Info-ZIP.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { dirhash } from "@goferry/core";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cleanEnv, findRealGo } from "../../../../test/kit/real-go.ts";
import { canMount, smallDisk } from "../../../../test/kit/small-disk.ts";
import { ZipFile } from "./zip-file.ts";

const execute = promisify(execFile);
const go = await findRealGo();
const mounts = await canMount();
const hasUnzip = existsSync("/usr/bin/unzip");

const MODULE = "example.com/zipped";
const PREFIX = `${MODULE}@v1.0.0/`;

type Files = ReadonlyMap<string, Uint8Array>;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "goferry-zip-"));
  // Else Go may leave a process behind that counts in this home while it is removed.
  await mkdir(join(folder, ".config", "go", "telemetry"), { recursive: true });
  await writeFile(join(folder, ".config", "go", "telemetry", "mode"), "off");
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));

/** Hands every file over in pieces of at most `piece` bytes, out of one buffer that is overwritten each time. */
function writeZip(file: string, files: Files, piece = 1 << 20): void {
  const zip = new ZipFile(file, PREFIX);
  const view = Buffer.alloc(piece);
  for (const [name, content] of files) {
    zip.begin(name, content.length);
    for (let at = 0; at < content.length; at += piece) {
      const part = content.subarray(at, at + piece);
      view.set(part);
      zip.data(view.subarray(0, part.length));
      view.fill(0xee);
    }
    zip.end();
  }
  zip.finish();
}

/** The h1 that Go finds in the zip. */
async function hashOfGo(file: string): Promise<string> {
  const proxy = join(folder, "proxy", MODULE, "@v");
  await rm(join(folder, "proxy"), { recursive: true, force: true });
  await mkdir(proxy, { recursive: true });
  await writeFile(join(proxy, "v1.0.0.info"), `{"Version":"v1.0.0"}`);
  await writeFile(join(proxy, "v1.0.0.mod"), `module ${MODULE}\n`);
  await symlink(file, join(proxy, "v1.0.0.zip"));
  const env = {
    ...cleanEnv(folder),
    GOFLAGS: "-modcacherw",
    GOMODCACHE: await mkdtemp(join(folder, "mod-")),
    GOPROXY: `file://${join(folder, "proxy")}`,
    GOSUMDB: "off",
    GOTOOLCHAIN: "local",
  };
  const { stdout } = await execute("go", ["mod", "download", "-json", `${MODULE}@v1.0.0`], {
    env,
    cwd: folder,
  });
  return (JSON.parse(stdout) as { Sum: string }).Sum;
}

function hashOf(files: Files): string {
  return dirhash(
    [...files].map(([name, content]) => ({
      name: PREFIX + name,
      sha256: createHash("sha256").update(content).digest("hex"),
    })),
  );
}

function noise(bytes: number): Buffer {
  const block = createHash("sha512").update(String(bytes)).digest();
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += 64) content.set(block.subarray(0, Math.min(64, bytes - at)), at);
  for (let at = 0; at < bytes; at += 4096) content.writeUInt8((at / 4096) & 0xff, at);
  return content;
}

const GO_MOD: [string, Uint8Array] = ["go.mod", Buffer.from(`module ${MODULE}\n`)];

const CASES: Record<string, Files> = {
  "an empty module": new Map(),
  "an empty file alone": new Map([["empty", Buffer.alloc(0)]]),
  "an empty file first, between and last": new Map([
    ["a", Buffer.alloc(0)],
    GO_MOD,
    ["x", Buffer.alloc(0)],
    ["y", Buffer.from("y")],
    ["z", Buffer.alloc(0)],
  ]),
  "names that are not ASCII": new Map([
    GO_MOD,
    ["testdata/größe.txt", Buffer.from("1")],
    ["日本/語.go", Buffer.from("2")],
  ]),
  "content that deflate makes longer": new Map([
    GO_MOD,
    ["one", Buffer.of(7)],
    ["two", createHash("sha512").digest()],
  ]),
  "a file as large as is deflated, and one a byte larger": new Map([
    GO_MOD,
    ["large", noise(8 << 20)],
    ["larger", noise((8 << 20) + 1)],
    ["small", Buffer.from("behind them")],
  ]),
};

describe.skipIf(go === undefined)("ZipFile, read by Go", () => {
  it.each(Object.entries(CASES))("gives the h1 of %s", async (_, files) => {
    const file = join(folder, "module.zip");
    writeZip(file, files);
    expect(await hashOfGo(file)).toBe(hashOf(files));
  });
});

describe.skipIf(!hasUnzip)("ZipFile, read by unzip", () => {
  it("is whole, whatever the files and the pieces in which they come", async () => {
    let round = 0;
    const tree = fc.dictionary(
      fc.stringMatching(/^[a-zé日]{1,9}(\/[a-z]{1,9})?$/),
      fc.uint8Array({ maxLength: 3000 }),
      {
        minKeys: 1,
        maxKeys: 12,
      },
    );
    await fc.assert(
      fc.asyncProperty(tree, fc.integer({ min: 1, max: 2000 }), async (contents, piece) => {
        const files = new Map(Object.entries(contents));
        const file = join(folder, `${++round}.zip`);
        writeZip(file, files, piece);
        await execute("unzip", ["-tq", file], { env: { LC_ALL: "C.UTF-8" } });
        const { stdout } = await execute("unzip", ["-p", file], { encoding: "buffer", env: {} });
        expect(stdout).toEqual(Buffer.concat([...files.values()]));
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["the first number of files that needs Zip64", 0xffff],
    ["more files than that", 0x1_0002],
  ])("has %s", async (_, count) => {
    const files = new Map(Array.from({ length: count }, (__, i) => [`d${i & 255}/${i}`, Buffer.alloc(0)]));
    const file = join(folder, "many.zip");
    writeZip(file, files);
    const { stdout } = await execute("unzip", ["-tq", file], { env: { LC_ALL: "C.UTF-8" } });
    expect(stdout).toContain("No errors detected");
    const { stdout: list } = await execute("unzip", ["-Z1", file], { env: {}, maxBuffer: 1 << 24 });
    expect(list.trim().split("\n")).toHaveLength(count);
  });
});

describe("ZipFile", () => {
  it("gives the same bytes for the same files, however they come", async () => {
    const files = CASES["a file as large as is deflated, and one a byte larger"] ?? new Map();
    writeZip(join(folder, "a.zip"), files, 1 << 20);
    writeZip(join(folder, "b.zip"), files, 4000);
    expect((await readFile(join(folder, "a.zip"))).equals(await readFile(join(folder, "b.zip")))).toBe(true);
  });

  it("does not write over a file that is there", async () => {
    const file = join(folder, "there.zip");
    await writeFile(file, "somebody's");
    expect(() => new ZipFile(file, PREFIX)).toThrow(
      expect.objectContaining({ code: "IO_FAILED", subject: file }),
    );
    expect(await readFile(file, "utf8")).toBe("somebody's");
  });

  it.skipIf(!mounts)("says that the disk is full, and closes its file all the same", async () => {
    await using disk = await smallDisk({ size: "1m" });
    const file = join(disk.path, "x.zip");
    const zip = new ZipFile(file, PREFIX);
    const full = expect.objectContaining({ code: "DISK_FULL", subject: file });
    zip.begin("large", 9 << 20);
    expect(() => zip.data(Buffer.alloc(9 << 20))).toThrow(full);
    expect(() => zip.finish()).toThrow(full);
    expect(await openFiles()).not.toContain(file);
  });
});

async function openFiles(): Promise<string[]> {
  const open = await readdir("/proc/self/fd");
  return Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
}
