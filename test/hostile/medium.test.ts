// A medium that fails or lies while a bundle is read: verification says so by the right code, and an installation leaves
// nothing. What is read is read once, from the file that was opened. test/mutants/pulled-out.test.ts has read errors of
// the system itself.

import { appendFile, open, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  openBundle,
  openFileSource,
  verifyBundle,
  type ByteSource,
  type FileSource,
  type OpenedBundle,
} from "../../packages/core/src/index.ts";
import { createHost, install } from "../../packages/installer/src/index.ts";
import { bundleSources } from "../../scripts/executables/bundle.ts";
import { goodBundle } from "../kit/hostile/build.ts";
import { picture, testFolder, type TestFolder } from "../kit/host-root.ts";
import { pulledOutAt, secondReadLies } from "../kit/lying-medium.ts";
import { PROCESS_FACTS } from "../kit/process-facts.ts";
import { testPlatform } from "../kit/real-go.ts";
import {
  memorySource,
  sealSmall,
  SMALL_NOW,
  testKey,
  type SmallBundle,
  type TestKey,
} from "../kit/small-bundle.ts";

/** How many places a stick is pulled out at. */
const POINTS = 20;
const ALLOWED = ["git.example.com/*"];

let folder: TestFolder;
let small: SmallBundle;
let key: TestKey;
let sealed: Uint8Array;
let file: string;
/** As in the stand-alone executable: a thread that compiles all of core takes a second of it. */
let workerSource: string | undefined;

beforeAll(async () => {
  folder = await testFolder();
  [small, key] = await Promise.all([goodBundle(), testKey()]);
  const { assets } = await bundleSources(fileURLToPath(new URL("../..", import.meta.url)));
  workerSource = assets["extract-worker.js"];
  sealed = await sealSmall(small, [key]);
  file = join(folder.path, "bundle.tar");
});
afterAll(() => folder[Symbol.asyncDispose]());

async function openIt(source: ByteSource): Promise<OpenedBundle> {
  return await openBundle(source, { keys: [key.trusted], now: SMALL_NOW });
}

async function verifyIt(source: ByteSource): Promise<void> {
  const policy = { logKey: small.log.vkey, privatePatterns: ALLOWED };
  await verifyBundle(await openIt(source), { policy });
}

describe("verify", () => {
  it("reads no byte twice, so a second answer cannot matter", async () => {
    const source = secondReadLies(memorySource(sealed));
    await verifyIt(source);
    const once = source.asked.filter(({ from, to }) => to > from).toSorted((a, b) => a.from - b.from);
    expect(once.every(({ from }, i) => from === (once[i - 1]?.to ?? 0))).toBe(true);
    expect(once.at(-1)?.to).toBe(sealed.length);
  });

  it(`says IO_FAILED at whichever read the stick is pulled out, in ${POINTS} places and more`, async () => {
    const watched = secondReadLies(memorySource(sealed));
    await verifyIt(watched);
    expect(watched.asked.length).toBeGreaterThan(POINTS);
    for (const at of watched.asked.keys()) {
      await expect(verifyIt(pulledOutAt(memorySource(sealed), at)), `read ${at}`).rejects.toMatchObject({
        code: "IO_FAILED",
      });
    }
  });
});

/** What happens to the file after its documents were read, and before its layers are. */
const LIES: [what: string, lie: (layer: number) => Promise<void>, code: string | undefined][] = [
  [
    "gets other bytes in a layer",
    async (at) => await overwrite(at + 10, Buffer.of(0xff, 0, 0xff)),
    "CHUNK_MISMATCH",
  ],
  ["becomes zeros", async (at) => await overwrite(at, Buffer.alloc(sealed.length - at)), "CHUNK_MISMATCH"],
  ["shrinks to nothing", async () => await truncate(file, 0), "BUNDLE_MALFORMED"],
  ["ends in a layer", async (at) => await truncate(file, at + 5), "BUNDLE_MALFORMED"],
  // What was opened is what is read: these change nothing.
  ["grows", async () => await appendFile(file, "evil"), undefined],
  ["is replaced by a link", async () => await replaceBy(join(folder.path, "elsewhere")), undefined],
  ["is replaced by a link to a device", async () => await replaceBy("/dev/zero"), undefined],
  ["is removed", async () => await rm(file), undefined],
];

async function overwrite(at: number, bytes: Uint8Array): Promise<void> {
  await using handle = await open(file, "r+");
  await handle.write(bytes, 0, bytes.length, at);
}

async function replaceBy(target: string): Promise<void> {
  await writeFile(join(folder.path, "elsewhere"), "not a bundle");
  await symlink(target, `${file}.new`);
  await rename(`${file}.new`, file);
}

async function freshFile(): Promise<FileSource> {
  await rm(file, { force: true });
  await writeFile(file, sealed);
  return await openFileSource(file);
}

describe.each(LIES)("a file that %s after it was opened", (what, lie, code) => {
  const told = code === undefined ? "is still the bundle that was opened" : `is refused: ${code}`;

  it(`${told}, by verify`, async () => {
    await using source = await freshFile();
    const bundle = await openIt(source);
    await lie(bundle.layerOffsets[2] ?? 0);
    const policy = { logKey: small.log.vkey, privatePatterns: ALLOWED };
    const found = await verifyBundle(bundle, { policy }).then(
      () => undefined,
      (error: unknown) => (error as { code: string }).code,
    );
    expect(found).toBe(code);
  });

  it(`${told}, by install`, async () => {
    await using source = await freshFile();
    const bundle = await openIt(source);
    await lie(bundle.layerOffsets[2] ?? 0);
    const before = picture(folder.path);
    const found = await installIt(bundle).then(
      () => undefined,
      (error: unknown) => (error as { code: string }).code,
    );
    const after = picture(folder.path);
    await rm(folder.root, { recursive: true, force: true });
    expect(found).toBe(code);
    expect(after["opt/goferry/bin/go"] === undefined, what).toBe(code !== undefined);
    for (const [name, is] of Object.entries(code === undefined ? {} : after))
      expect(before[name], name).toBe(is);
  });
});

async function installIt(bundle: OpenedBundle): Promise<void> {
  const host = createHost({
    platform: testPlatform(),
    env: { PATH: "/usr/bin:/bin" },
    home: undefined,
    uid: process.getuid?.(),
    userName: "tester",
    ...PROCESS_FACTS,
    cores: 1,
    workerSource,
  });
  await install(host, {
    root: folder.root,
    bundle,
    bundleFile: "bundle.tar",
    logKey: small.log.vkey,
    zips: true,
    path: "none",
    direct: [],
    allowPrivate: ALLOWED,
    selfTest: "tools",
  });
}

it("the bundle of these tests is a good one", async () => {
  await using source = await freshFile();
  await verifyIt(source);
  expect(Buffer.compare(await readFile(file), sealed)).toBe(0);
});
