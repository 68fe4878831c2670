// A real bundle whose signature is not what it should be, or does not cover what is there; and what `install` makes of
// bundles that were changed: nothing at all.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { generateKey } from "../packages/bundler/src/index.ts";
import {
  blob,
  blobPath,
  layoutIndex,
  openBundle,
  readTrustedKey,
  signatureManifest,
  SUM_GOLANG_ORG_KEY,
  verifyBundle,
  type Contents,
  type TrustedKey,
} from "../packages/core/src/index.ts";
import { contentOf, entryOf, readOuterTar, wholeEntry, type OuterTar } from "./kit/outer-tar.ts";
import { PLAIN_PATH, runGoferry } from "./kit/run-goferry.ts";
import { scratchFolder, type Scratch } from "./kit/scratch.ts";
import { refusal, resigned, sourceOf, tarEntry, tarOf, verify } from "./kit/tampered.ts";

const demo = inject("demo");

let outer: OuterTar;
let keys: TrustedKey[];
let scratch: Scratch;
let folder: string;

beforeAll(async () => {
  scratch = await scratchFolder("goferry-signature");
  folder = scratch.path;
  outer = await readOuterTar(demo.bundle);
  keys = [await readTrustedKey(await readFile(demo.publicKey))];
});
afterAll(() => scratch[Symbol.asyncDispose]());

async function freshKey(): Promise<{ privateKey: string; trusted: TrustedKey; publicKey: string }> {
  const { privateKey, publicKey } = await generateKey({
    name: "Mallory",
    email: "mallory@example.com",
    now: new Date(),
  });
  return { privateKey, publicKey, trusted: await readTrustedKey(Buffer.from(publicKey)) };
}

describe("a bundle whose signature was changed", () => {
  const own = async (): Promise<string> => await readFile(demo.privateKey, "utf8");

  it("is accepted when the same key has signed the same again", async () => {
    expect(
      await refusal(verify(await resigned(outer, [await own()]), { keys, quick: true })),
    ).toBeUndefined();
  });

  it("is refused without any signature", async () => {
    expect(await refusal(verify(await resigned(outer, []), { keys }))).toMatchObject({
      code: "SIGNATURE_MISSING",
    });
  });

  it("is refused with a signature by a key that nobody has pinned, whatever the number", async () => {
    const { privateKey } = await freshKey();
    for (const others of [[privateKey], [privateKey, privateKey]]) {
      expect(await refusal(verify(await resigned(outer, others), { keys }))).toMatchObject({
        code: "SIGNATURE_UNTRUSTED",
      });
    }
  });

  it("is refused where another key is pinned", async () => {
    const { trusted } = await freshKey();
    expect(await refusal(verify(outer.bytes, { keys: [trusted] }))).toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });

  it("is accepted with a countersignature, and refused where two are asked for and one key gave both", async () => {
    const { privateKey, trusted } = await freshKey();
    const both = await resigned(outer, [await own(), privateKey]);
    expect(await refusal(verify(both, { keys, quick: true }))).toBeUndefined();
    expect(
      await refusal(verify(both, { quick: true, keys: [...keys, trusted], minSignatures: 2 })),
    ).toBeUndefined();
    expect(await refusal(verify(both, { keys, minSignatures: 2 }))).toMatchObject({
      code: "SIGNATURE_MISSING",
    });
    const twice = await resigned(outer, [await own(), await own()]);
    const found = await refusal(verify(twice, { keys, minSignatures: 2 }));
    expect(found?.exitCode).toBe(3);
  });

  it("is refused with a signature of the right key over something else", async () => {
    const signed = Buffer.from(contentOf(outer, entryOf(outer, "contents")));
    expect(await refusal(verify(await resigned(outer, [await own()], { signed }), { keys }))).toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });

  it("is refused when the contents were changed and only the right signature was kept", async () => {
    const { privateKey } = await freshKey();
    const other = await resigned(outer, [privateKey], {
      change: (contents) => ({ ...contents, name: "other" }),
    });
    const signed = contentOf(outer, entryOf(outer, "signature"));
    const fake = await readOuterBytes(other);
    const index = blob(contentOf(fake, entryOf(fake, "bundle index")));
    const manifest = signatureManifest(index, blob(signed));
    const entries = fake.entries.map((each) => {
      if (each.role === "index.json") return tarEntry("index.json", layoutIndex("other", index, [manifest]));
      if (each.role === "signature manifest") return tarEntry(blobPath(manifest.digest), manifest.bytes);
      if (each.role === "signature") return tarEntry(blobPath(blob(signed).digest), signed);
      return wholeEntry(fake, each);
    });
    expect(await refusal(verify(tarOf(entries), { keys }))).toMatchObject({ code: "SIGNATURE_INVALID" });
  });

  it("is refused by the log, though the right key has signed, when a hash is not what everybody gets", async () => {
    const change = (contents: Contents): Contents => ({
      ...contents,
      units: contents.units.map((unit) =>
        unit.kind === "module" ? { ...unit, h1: `h1:${"A".repeat(43)}=` } : unit,
      ),
    });
    expect(await refusal(verify(await resigned(outer, [await own()], { change }), { keys }))).toMatchObject({
      code: "LOG_MISMATCH",
      subject: "github.com/google/uuid@v1.6.0",
    });
  });

  it("is refused by the log, though the right key has signed, when a toolchain is called private", async () => {
    const change = (contents: Contents): Contents => ({
      ...contents,
      units: contents.units.map((unit) =>
        unit.kind === "toolchain" ? { ...unit, evidence: "private" as const } : unit,
      ),
    });
    const bundle = await openBundle(sourceOf(await resigned(outer, [await own()], { change })), {
      keys,
      now: new Date(),
    });
    const policy = { logKey: SUM_GOLANG_ORG_KEY, privatePatterns: ["*"] };
    expect(await refusal(verifyBundle(bundle, { policy }))).toMatchObject({
      code: "PRIVATE_REFUSED",
      subject: expect.stringContaining("golang.org/toolchain@"),
    });
  });
});

async function readOuterBytes(bytes: Uint8Array): Promise<OuterTar> {
  const file = join(folder, "rebuilt.tar");
  await writeFile(file, bytes);
  return await readOuterTar(file);
}

/** A copy of the bundle with one bit of a layer flipped. */
function flipped(role: string, at: number): Buffer {
  const bytes = Buffer.from(outer.bytes);
  const { content, size } = entryOf(outer, role);
  const offset = content + (at < 0 ? size + at : at);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  return bytes;
}

describe("a bundle that was changed is not installed", () => {
  const cases: [string, () => Uint8Array | Promise<Uint8Array>, string][] = [
    ["cut off in its last layer", () => outer.bytes.subarray(0, 70_000_000), "BUNDLE_MALFORMED"],
    [
      "damaged late in the layer that is unpacked first",
      () => flipped("layer 0", 26_000_000),
      "CHUNK_MISMATCH",
    ],
    ["damaged in its last byte of content", () => flipped("layer 3", -1), "CHUNK_MISMATCH"],
    ["without a signature", () => resigned(outer, []), "SIGNATURE_MISSING"],
    [
      "signed by somebody else",
      async () => resigned(outer, [(await freshKey()).privateKey]),
      "SIGNATURE_UNTRUSTED",
    ],
    ["with bytes behind its end", () => Buffer.concat([outer.bytes, Buffer.alloc(512)]), "BUNDLE_MALFORMED"],
  ];

  it.each(cases)("%s", async (_, make, code) => {
    const file = join(folder, "changed.tar");
    await writeFile(file, await make());
    const root = join(folder, "opt", "goferry");
    const words = ["install", file, "--key", demo.publicKey, "--root", root, "--json"];
    const result = await runGoferry(words, { env: { HOME: folder, PATH: PLAIN_PATH } });
    expect(result).toMatchObject({ code: 3, stderr: "", json: { error: { code } } });
    expect((await readdir(folder)).filter((name) => !name.endsWith(".tar"))).toEqual([]);
  });
});
