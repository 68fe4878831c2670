// A further signature for a small bundle, in real files.

import { copyFile, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError, openBundle, openFileSource } from "@goferry/core";
import { beforeAll, describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../test/kit/bundler-go.ts";
import { outerEntries } from "../../../test/kit/changed-bundle.ts";
import { canMount, smallDisk } from "../../../test/kit/small-disk.ts";
import {
  sealSmall,
  SMALL_NOW,
  smallBundle,
  testKey,
  type SmallBundle,
  type TestKey,
} from "../../../test/kit/small-bundle.ts";
import { countersign, type CountersignOptions } from "./countersign.ts";

/** RFC 8878, section 3.1.1. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

let small: SmallBundle;
let builder: TestKey;
let officer: TestKey;
let stranger: TestKey;
/** Signed by the builder, and by the builder and a stranger. */
let bytes: Uint8Array;
let withStranger: Uint8Array;

beforeAll(async () => {
  small = await smallBundle({ platforms: ["linux/amd64"] });
  [builder, officer, stranger] = [
    await testKey("Builder"),
    await testKey("Officer"),
    await testKey("Stranger"),
  ];
  bytes = await sealSmall(small, [builder]);
  withStranger = await sealSmall(small, [builder, stranger]);
});

interface Bench extends AsyncDisposable {
  folder: string;
  file: string;
  sign(options?: Partial<CountersignOptions>): ReturnType<typeof countersign>;
}

async function bench(content = bytes): Promise<Bench> {
  const temporary = await temporaryFolder();
  const folder = join(temporary.path, "usb");
  await mkdir(folder);
  const file = join(folder, "site.tar");
  await writeFile(file, content);
  return {
    folder,
    file,
    sign: async (options = {}) =>
      await countersign({
        file,
        out: file,
        trust: { keys: [builder.trusted], now: SMALL_NOW },
        policy: { logKey: small.log.vkey, privatePatterns: [] },
        signers: [officer.signer],
        ...options,
      }),
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

async function signersOf(file: string, keys: readonly TestKey[]): Promise<string[]> {
  await using source = await openFileSource(file);
  const trust = { keys: keys.map(({ trusted }) => trusted), minSignatures: keys.length, now: SMALL_NOW };
  const { signatures } = await openBundle(source, trust);
  return signatures.map(({ fingerprint }) => fingerprint);
}

describe("countersign", () => {
  it("adds a signature and changes nothing else", async () => {
    await using bed = await bench();
    const signed = await bed.sign();
    expect(signed).toMatchObject({
      file: bed.file,
      added: [officer.trusted.fingerprint],
      signatureCount: 2,
    });
    expect(await signersOf(bed.file, [builder, officer])).toHaveLength(2);
    expect(await readdir(bed.folder)).toEqual(["site.tar"]);
    const after = await readFile(bed.file);
    expect(signed.size).toBe(after.length);
    const [before, now] = [outerEntries(Buffer.from(bytes)), outerEntries(after)];
    expect(now).toHaveLength(before.length + 2);
    const contentOf = (entries: typeof now) =>
      entries.map(({ path, content }) => [path, Buffer.from(content)]);
    const isNew = (path: string): boolean => !before.some((entry) => entry.path === path);
    const kept = contentOf(now).filter(([path]) => path !== "index.json" && !isNew(String(path)));
    expect(kept).toEqual(contentOf(before).filter(([path]) => path !== "index.json"));
    // Exactly what a build with both keys makes, up to the bytes of a signature.
    const both = outerEntries(Buffer.from(await sealSmall(small, [builder, officer])));
    expect(now.map(({ content }) => content.length)).toEqual(both.map(({ content }) => content.length));
  });

  it("writes another file and leaves the bundle alone, and can sign with several keys", async () => {
    await using bed = await bench();
    const out = join(bed.folder, "signed.tar");
    await bed.sign({ out, signers: [officer.signer, stranger.signer] });
    expect(await readFile(bed.file)).toEqual(Buffer.from(bytes));
    expect(await signersOf(out, [builder, officer, stranger])).toHaveLength(3);
  });

  it("replaces what a link leads to, and keeps the link", async () => {
    await using bed = await bench();
    const link = join(bed.folder, "latest.tar");
    await symlink("site.tar", link);
    await bed.sign({ file: link, out: link });
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readlink(link)).toBe("site.tar");
    expect(await signersOf(bed.file, [builder, officer])).toHaveLength(2);
  });

  it("keeps signatures of keys that are not trusted here", async () => {
    await using bed = await bench(withStranger);
    await bed.sign();
    expect(await signersOf(bed.file, [builder, stranger, officer])).toHaveLength(3);
  });

  it("refuses a key that has signed, also one that is not trusted here, and one that is revoked", async () => {
    await using bed = await bench(withStranger);
    expect(await codeOf(bed.sign({ signers: [builder.signer] }))).toBe("ALREADY_SIGNED");
    expect(await codeOf(bed.sign({ signers: [officer.signer, stranger.signer] }))).toBe("ALREADY_SIGNED");
    const trust = { keys: [builder.trusted], revoked: [officer.trusted.fingerprint], now: SMALL_NOW };
    expect(await codeOf(bed.sign({ trust }))).toBe("KEY_REVOKED");
    expect(await readFile(bed.file)).toEqual(Buffer.from(withStranger));
    expect(await readdir(bed.folder)).toEqual(["site.tar"]);
  });

  it("signs nothing that does not verify", async () => {
    await using bed = await bench();
    const keys = [stranger.trusted];
    expect(await codeOf(bed.sign({ trust: { keys, now: SMALL_NOW } }))).toBe("SIGNATURE_UNTRUSTED");
    const policy = {
      logKey: "sum.example.com+bd23ad32+AX8fPvlIDksGdvsru9gBVUZA4/GhBrS1cJhGtuORGs3p",
      privatePatterns: [],
    };
    expect(await codeOf(bed.sign({ policy }))).toBe("LOG_MISMATCH");
    const flipped = Buffer.from(bytes);
    const at = flipped.lastIndexOf(ZSTD_MAGIC) + 30;
    flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
    await writeFile(bed.file, flipped);
    expect(await codeOf(bed.sign())).toBe("CHUNK_MISMATCH");
    expect(await readFile(bed.file)).toEqual(flipped);
    expect(await readdir(bed.folder)).toEqual(["site.tar"]);
  });

  it("does not hand out what changed between verifying and copying", async () => {
    await using bed = await bench();
    const signer = {
      ...officer.signer,
      sign: async (data: Uint8Array, at: Date) => {
        const file = Buffer.from(bytes);
        file.fill(0x41, file.lastIndexOf(ZSTD_MAGIC) + 30, file.lastIndexOf(ZSTD_MAGIC) + 40);
        await writeFile(bed.file, file);
        return await officer.signer.sign(data, at);
      },
    };
    const out = join(bed.folder, "signed.tar");
    expect(await codeOf(bed.sign({ out, signers: [signer] }))).toBe("HASH_MISMATCH");
    expect(await readdir(bed.folder)).toEqual(["site.tar"]);
  });

  it("leaves the bundle as it was when it is interrupted, at the start or while it copies", async () => {
    await using bed = await bench();
    const interrupt = new AbortController();
    const reason = new GoferryError("INTERRUPTED", { subject: "goferry", message: "Ctrl-C" });
    const signer = {
      ...officer.signer,
      sign: async (data: Uint8Array, at: Date) => {
        interrupt.abort(reason);
        return await officer.signer.sign(data, at);
      },
    };
    expect(await codeOf(bed.sign({ signers: [signer], signal: interrupt.signal }))).toBe("INTERRUPTED");
    expect(await codeOf(bed.sign({ signal: interrupt.signal }))).toBe("INTERRUPTED");
    expect(await readdir(bed.folder)).toEqual(["site.tar"]);
    expect(await readFile(bed.file)).toEqual(Buffer.from(bytes));
  });
});

describe.skipIf(!(await canMount()))("countersign on a full disk", () => {
  it("says so and keeps the bundle", async () => {
    await using bed = await bench();
    await using disk = await smallDisk({ size: `${Math.ceil(bytes.length / 1024) + 8}k` });
    const file = join(disk.path, "site.tar");
    await copyFile(bed.file, file);
    expect(await codeOf(bed.sign({ file, out: file }))).toBe("DISK_FULL");
    expect(await readdir(disk.path)).toEqual(["site.tar"]);
    expect(await readFile(file)).toEqual(Buffer.from(bytes));
  });
});
