import { describe, expect, it } from "vitest";
import { joinOuter, outerEntry, type OuterEntry } from "../../../../test/kit/changed-bundle.ts";
import { memorySource } from "../../../../test/kit/small-bundle.ts";
import { encodeHeader } from "../archive/ustar.ts";
import { digestOf, type Digest } from "../digest.ts";
import { blobPath, FrameReader } from "./frame.ts";

const README = Buffer.from("read me\n");
const BLOB = Buffer.from('{"a":1}');
const OTHER = Buffer.alloc(1000, "layer");
const LIMIT = 100_000;

const blobEntry = (bytes: Uint8Array): OuterEntry => outerEntry(blobPath(digestOf(bytes)), bytes);
const GOOD = [outerEntry("README.txt", README), blobEntry(BLOB), blobEntry(OTHER)];

function reader(file: Uint8Array): FrameReader {
  return new FrameReader(memorySource(file));
}

/** Reads a file that should have these three entries. */
async function readAll(file: Uint8Array): Promise<number> {
  const frame = reader(file);
  expect(Buffer.from(await frame.file("README.txt", LIMIT))).toEqual(README);
  expect(Buffer.from(await frame.blob(digestOf(BLOB), BLOB.length, LIMIT))).toEqual(BLOB);
  const offset = await frame.skipBlob(digestOf(OTHER), OTHER.length);
  await frame.end();
  return offset;
}

async function expectRefused(file: Uint8Array, ...codes: string[]): Promise<void> {
  await expect(readAll(file)).rejects.toMatchObject({
    code: expect.stringMatching(`^(${codes.join("|")})$`),
  });
}

describe("blobPath", () => {
  it("is that of the OCI image layout", () => {
    const digest: Digest = `sha256:${"0a".repeat(32)}`;
    expect(blobPath(digest)).toBe(`blobs/sha256/${"0a".repeat(32)}`);
  });
});

describe("FrameReader", () => {
  it("reads entries in the order that it asks for, and says where a blob begins", async () => {
    const file = joinOuter(GOOD);
    const offset = await readAll(file);
    expect(file.subarray(offset, offset + OTHER.length)).toEqual(OTHER);
  });

  it("refuses any bit changed outside the content of a blob that is only passed over", async () => {
    const file = Buffer.from(joinOuter(GOOD));
    const passedOver = file.indexOf(OTHER);
    for (let i = 0; i < file.length; i++) {
      // The content of README.txt and of layers has digests elsewhere.
      if ((i >= 512 && i < 512 + README.length) || (i >= passedOver && i < passedOver + OTHER.length))
        continue;
      const changed = Buffer.from(file).fill((file[i] ?? 0) ^ (1 << (i & 7)), i, i + 1);
      await expectRefused(changed, "BUNDLE_MALFORMED", "ENTRY_REFUSED", "HASH_MISMATCH");
    }
  });

  it("refuses every truncation and everything behind the end", async () => {
    const file = joinOuter(GOOD);
    for (let length = 0; length < file.length; length++) {
      await expectRefused(file.subarray(0, length), "BUNDLE_MALFORMED", "ENTRY_REFUSED");
    }
    for (const more of [1, 512, 10_240]) {
      await expectRefused(Buffer.concat([file, Buffer.alloc(more)]), "BUNDLE_MALFORMED");
    }
  });

  it.each<[string, OuterEntry[]]>([
    ["an entry removed", GOOD.slice(1)],
    ["the last entry removed", GOOD.slice(0, -1)],
    ["an entry added", [...GOOD, outerEntry("more", BLOB)]],
    ["an entry between", GOOD.toSpliced(1, 0, outerEntry("more", BLOB))],
    ["two entries turned", [...GOOD.slice(0, 1), ...GOOD.slice(1).toReversed()]],
    ["an entry renamed", GOOD.with(0, outerEntry("readme.txt", README))],
    ["a blob in another folder", GOOD.with(1, outerEntry(`x${blobPath(digestOf(BLOB)).slice(1)}`, BLOB))],
    ["an executable file", GOOD.with(0, outerEntry("README.txt", README, 0o755))],
    ["an executable blob", GOOD.with(1, outerEntry(blobPath(digestOf(BLOB)), BLOB, 0o755))],
    ["a longer blob", GOOD.with(1, outerEntry(blobPath(digestOf(BLOB)), Buffer.concat([BLOB, BLOB])))],
    ["a long name where a short one is due", GOOD.with(0, outerEntry("ä".repeat(60), README))],
  ])("refuses %s", async (_, entries) => {
    await expectRefused(joinOuter(entries), "BUNDLE_MALFORMED");
  });

  it("refuses a blob with another content, by its hash", async () => {
    const changed = GOOD.with(1, outerEntry(blobPath(digestOf(BLOB)), Buffer.from('{"a":2}')));
    await expectRefused(joinOuter(changed), "HASH_MISMATCH");
  });

  it("refuses what is larger than it may be before it is read", async () => {
    const limited = { code: "BUNDLE_MALFORMED", expected: expect.stringContaining("at most 7 bytes") };
    await expect(reader(joinOuter(GOOD)).file("README.txt", 7)).rejects.toMatchObject(limited);
    const blobs = reader(joinOuter(GOOD.slice(1)));
    await expect(blobs.blob(digestOf(OTHER), 8, 7)).rejects.toMatchObject(limited);
    const huge = encodeHeader({ path: "README.txt", size: 2 ** 32, mode: 0o644 });
    await expect(reader(huge).file("README.txt", LIMIT)).rejects.toMatchObject({ code: "BUNDLE_MALFORMED" });
  });

  it("refuses to have one blob twice: the file would have two entries of one name", async () => {
    const frame = reader(joinOuter([blobEntry(BLOB), blobEntry(BLOB)]));
    await frame.skipBlob(digestOf(BLOB), BLOB.length);
    await expect(frame.skipBlob(digestOf(BLOB), BLOB.length)).rejects.toMatchObject({
      code: "BUNDLE_MALFORMED",
      expected: "every blob once",
    });
  });

  it("says at which byte it met what", async () => {
    const file = joinOuter(GOOD.with(1, outerEntry("other\u0007", BLOB)));
    await expect(readAll(file)).rejects.toMatchObject({
      subject: "small.tar, byte 1024",
      expected: `${blobPath(digestOf(BLOB))} of 7 bytes`,
      found: "other\\u{7} of 7 bytes",
    });
  });
});
