import { appendFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError, openBundle, openFileSource } from "@goferry/core";
import { beforeAll, describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { canMount, smallDisk } from "../../../../test/kit/small-disk.ts";
import { SMALL_NOW, smallFetched, testKey, type TestKey } from "../../../../test/kit/small-bundle.ts";
import { draftOf } from "../output.ts";
import type { Packed, Sealed } from "../stages.ts";
import { layerPress } from "./layer-press.ts";
import { pack } from "./pack.ts";
import { seal, type SealOptions } from "./seal.ts";

let key: TestKey;
beforeAll(async () => {
  key = await testKey();
});

/** A packed bundle and a folder `out` with an older bundle in it. */
async function prepare(folder: string): Promise<{ packed: Packed; out: string }> {
  const { fetched } = await smallFetched(folder);
  const packed = await pack(fetched, layerPress({ workDir: join(folder, "layers") }));
  await mkdir(join(folder, "out"));
  const out = join(folder, "out", "site.tar");
  await writeFile(out, "the older bundle");
  return { packed, out };
}

type Options = Omit<SealOptions, "draft">;

function options(out: string): Options {
  return { out, signers: [key.signer], now: SMALL_NOW };
}

/** Seals as a build does. */
async function sealAndPlace(packed: Packed, given: Options): Promise<Sealed> {
  await using draft = draftOf(given.out);
  const sealed = await seal(packed, { ...given, draft });
  await draft.place();
  return sealed;
}

async function expectOlder(out: string): Promise<void> {
  expect(await readdir(join(out, ".."))).toEqual(["site.tar"]);
  expect(await readFile(out, "utf8")).toBe("the older bundle");
}

describe("seal", () => {
  it("puts a bundle that hosts believe in place of the older one", async () => {
    await using folder = await temporaryFolder();
    const { packed, out } = await prepare(folder.path);
    const sealed = await sealAndPlace(packed, options(out));
    expect(sealed).toMatchObject({ file: out, signers: [key.signer.fingerprint] });
    expect(sealed.size).toBe((await stat(out)).size);
    expect(await readdir(join(folder.path, "out"))).toEqual(["site.tar"]);
    await using source = await openFileSource(out);
    const { contents } = await openBundle(source, { keys: [key.trusted], now: SMALL_NOW });
    expect(contents).toEqual(packed.contents);
  });

  it("follows no link in its way, and leaves the draft of another build alone", async () => {
    await using folder = await temporaryFolder();
    const { packed, out } = await prepare(folder.path);
    const victim = join(folder.path, "victim");
    await writeFile(victim, "precious");
    await symlink(victim, `${out}.part`);
    await using other = draftOf(out);
    await other.write([Buffer.from("of another build")]);
    await sealAndPlace(packed, options(out));
    expect(await readFile(victim, "utf8")).toBe("precious");
    expect(await readFile(other.path, "utf8")).toBe("of another build");

    await using taken = draftOf(out);
    await symlink(victim, taken.path);
    expect(await codeOf(seal(packed, { ...options(out), draft: taken }))).toBe("IO_FAILED");
    expect(await readFile(victim, "utf8")).toBe("precious");
  });

  it("leaves it to the build when the bundle gets its name", async () => {
    await using folder = await temporaryFolder();
    const { packed, out } = await prepare(folder.path);
    {
      await using draft = draftOf(out);
      await seal(packed, { ...options(out), draft });
      expect(await readFile(out, "utf8")).toBe("the older bundle");
    }
    await expectOlder(out);
  });

  it("keeps the older bundle when a signer fails", async () => {
    await using folder = await temporaryFolder();
    const { packed, out } = await prepare(folder.path);
    const tooEarly = { ...options(out), now: new Date(0) };
    expect(await codeOf(sealAndPlace(packed, tooEarly))).toBe("KEY_INVALID");
    await expectOlder(out);
  });

  it("keeps the older bundle when a layer was changed, cut or lost after it was packed", async () => {
    await using folder = await temporaryFolder();
    const { packed, out } = await prepare(folder.path);
    const file = packed.layers[1]?.file ?? "";
    const bytes = await readFile(file);
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(50) ^ 1, 50);
    for (const changed of [flipped, bytes.subarray(1)]) {
      await writeFile(file, changed);
      expect(await codeOf(sealAndPlace(packed, options(out)))).toBe("HASH_MISMATCH");
    }
    await writeFile(file, bytes);
    await appendFile(file, "more");
    expect(await codeOf(sealAndPlace(packed, options(out)))).toBe("HASH_MISMATCH");
    await rm(file);
    expect(await codeOf(sealAndPlace(packed, options(out)))).toBe("IO_FAILED");
    await expectOlder(out);
  });

  it("keeps the older bundle when it is interrupted", async () => {
    await using folder = await temporaryFolder();
    const { packed, out } = await prepare(folder.path);
    const reason = new GoferryError("INTERRUPTED", { subject: "goferry", message: "Ctrl-C" });
    const signal = AbortSignal.abort(reason);
    expect(await codeOf(sealAndPlace(packed, { ...options(out), signal }))).toBe("INTERRUPTED");
    await expectOlder(out);
  });

  it("leaves nothing where the bundle cannot get its name", async () => {
    await using folder = await temporaryFolder();
    const { packed } = await prepare(folder.path);
    const out = join(folder.path, "out");
    expect(await codeOf(sealAndPlace(packed, options(out)))).toBe("IO_FAILED");
    expect((await readdir(folder.path)).filter((name) => name.endsWith(".part"))).toEqual([]);
    expect(await codeOf(sealAndPlace(packed, options(join(folder.path, "absent", "site.tar"))))).toBe(
      "IO_FAILED",
    );
  });
});

describe.skipIf(!(await canMount()))("seal on a full disk", () => {
  it("says so and keeps the older bundle", async () => {
    await using folder = await temporaryFolder();
    await using disk = await smallDisk({ size: "16k" });
    const { packed } = await prepare(folder.path);
    const out = join(disk.path, "site.tar");
    await writeFile(out, "the older bundle");
    expect(await codeOf(sealAndPlace(packed, options(out)))).toBe("DISK_FULL");
    await expectOlder(out);
  });
});
