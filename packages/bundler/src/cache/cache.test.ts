import { mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { sha256Hex } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { hashModuleZip } from "../go/zip.ts";
import { closureFolder, layerFolder, storeFolder } from "./folders.ts";
import { readInventory } from "./inventory.ts";
import { keepRecord, recordKey } from "./records.ts";
import { trimCache } from "./trim.ts";
import { verifyCache } from "./verify.ts";

const DAY = 24 * 60 * 60 * 1000;
const uid = process.getuid?.();

interface Planted {
  cacheDir: string;
  layer: string;
  toolchain: string;
  moduleZip: string;
  goBuild: string;
}

/** One thing of each kind, all used now. */
async function plant(path: string): Promise<Planted> {
  const cacheDir = join(path, "cache");
  const put = async (file: string, content: string | Uint8Array): Promise<string> => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  const zip = (name: string): Uint8Array => makeZip([{ name: `${name}/go.mod`, content: "module m\n" }]);
  const store = join(storeFolder(cacheDir), "example.com/m/@v");
  const moduleZip = await put(join(store, "v1.0.0.zip"), zip("example.com/m@v1.0.0"));
  const h1 = await hashModuleZip(moduleZip, "example.com/m@v1.0.0/");
  await put(join(store, "v1.0.0.ziphash"), h1);
  await put(join(store, "v1.0.0.mod"), "module example.com/m\n");
  await put(join(store, "v1.0.0.info"), '{"Version":"v1.0.0"}');
  await keepRecord(closureFolder(cacheDir), recordKey("a closure"), { x: 1 });
  const hex = sha256Hex(Buffer.from("a layer"));
  const version = "v0.0.1-go1.27.1.linux-amd64";
  const downloads = join(cacheDir, "downloads/name/golang.org/toolchain/@v");
  return {
    cacheDir,
    moduleZip,
    layer: await put(join(layerFolder(cacheDir), "blobs", hex.slice(0, 2), hex), "a layer"),
    toolchain: await put(join(downloads, `${version}.zip`), zip(`golang.org/toolchain@${version}`)),
    goBuild: await put(join(cacheDir, "go-build/00/x-d"), "built"),
  };
}

async function age(file: string, days: number): Promise<void> {
  const then = new Date(Date.now() - days * DAY);
  await utimes(file, then, then);
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}

describe("readInventory", () => {
  it("counts a version of a module once, and everything else by files", async () => {
    await using folder = await temporaryFolder();
    const { cacheDir } = await plant(folder.path);
    await mkdir(join(cacheDir, "work/build-x/layers"), { recursive: true });
    await writeFile(join(cacheDir, "work/build-x/layers/0"), "12345");
    const items = await readInventory(cacheDir);
    expect(items.map(({ kind, name, bytes }) => `${kind} ${name} ${bytes > 0}`)).toEqual([
      "downloads downloads/name/golang.org/toolchain/@v/v0.0.1-go1.27.1.linux-amd64.zip true",
      "modules example.com/m@v1.0.0 true",
      expect.stringMatching(/^layers layers\/blobs\/../u),
      expect.stringMatching(/^records closures\//u),
      "go-build go-build/00/x-d true",
      "work work/build-x true",
    ]);
    expect(items.at(-1)?.bytes).toBe(5);
  });

  it("finds nothing where no build was", async () => {
    expect(await readInventory("/nonexistent/cache")).toEqual([]);
  });
});

describe("verifyCache", () => {
  it("finds nothing wrong in what builds put there", async () => {
    await using folder = await temporaryFolder();
    const { cacheDir } = await plant(folder.path);
    const found = await verifyCache({ cacheDir, uid, dryRun: false });
    expect(found).toEqual({ checked: 4, damaged: [] });
  });

  it.each(["layer", "toolchain", "moduleZip"] as const)(
    "finds a damaged %s, and removes it",
    async (what) => {
      await using folder = await temporaryFolder();
      const planted = await plant(folder.path);
      const { cacheDir } = planted;
      const bytes = await readFile(planted[what]);
      // A file's content is what the CRC and the digest are of.
      const at = what === "layer" ? 3 : bytes.indexOf("module m") + 2;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await writeFile(planted[what], bytes);
      const dry = await verifyCache({ cacheDir, uid, dryRun: true });
      expect(dry.damaged).toHaveLength(1);
      expect(await isThere(planted[what])).toBe(true);
      expect(await verifyCache({ cacheDir, uid, dryRun: false })).toEqual(dry);
      expect(await isThere(planted[what])).toBe(false);
      expect((await verifyCache({ cacheDir, uid, dryRun: false })).damaged).toEqual([]);
    },
  );

  it("believes no cache that another user may write in", async () => {
    await using folder = await temporaryFolder();
    const { cacheDir } = await plant(folder.path);
    await rm(cacheDir, { recursive: true });
    await mkdir(cacheDir);
    const { chmod } = await import("node:fs/promises");
    await chmod(cacheDir, 0o777);
    const verifying = verifyCache({ cacheDir, uid: uid ?? 0, dryRun: false });
    expect(await codeOf(verifying)).toBe("CACHE_UNSAFE");
  });
});

describe("trimCache", () => {
  it("removes what was not used for so long, and nothing else", async () => {
    await using folder = await temporaryFolder();
    const { cacheDir, layer, toolchain, moduleZip } = await plant(folder.path);
    await age(layer, 40);
    await age(toolchain, 20);
    // A version was used when one of its files was.
    await age(moduleZip, 40);
    const options = { cacheDir, uid, now: new Date(), unusedFor: 30 * DAY };
    const dry = await trimCache({ ...options, dryRun: true });
    expect(await isThere(layer)).toBe(true);
    const { removed, kept } = await trimCache({ ...options, dryRun: false });
    expect(removed).toEqual(dry.removed);
    expect(removed.map(({ kind }) => kind)).toEqual(["layers"]);
    expect(kept).toHaveLength(4);
    expect(await isThere(layer)).toBe(false);
    expect(await isThere(moduleZip)).toBe(true);
  });

  it("removes what was not used for longest until the rest fits", async () => {
    await using folder = await temporaryFolder();
    const { cacheDir, layer, toolchain, goBuild } = await plant(folder.path);
    await age(layer, 3);
    await age(toolchain, 2);
    const all = await readInventory(cacheDir);
    const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
    const { removed } = await trimCache({
      cacheDir,
      uid,
      now: new Date(),
      maxBytes: total - 8,
      dryRun: false,
    });
    expect(removed.map(({ kind }) => kind)).toEqual(["layers", "downloads"]);
    expect(await isThere(goBuild)).toBe(true);
  });

  it("leaves what go may be using, and the work of builds that may be running", async () => {
    await using folder = await temporaryFolder();
    const { cacheDir, goBuild } = await plant(folder.path);
    const work = join(cacheDir, "work/build-x");
    await mkdir(work, { recursive: true });
    const options = { cacheDir, uid, unusedFor: -Infinity, dryRun: false };
    const { kept } = await trimCache({ ...options, now: new Date() });
    expect(kept.map(({ kind }) => kind).sort()).toEqual(["go-build", "work"]);
    expect(await isThere(goBuild)).toBe(true);
    await trimCache({ ...options, now: new Date(Date.now() + 2 * DAY) });
    expect(await readInventory(cacheDir)).toEqual([]);
  });
});
