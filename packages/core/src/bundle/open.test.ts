import { beforeAll, describe, expect, it } from "vitest";
import {
  joinOuter,
  outerEntries,
  outerEntry,
  withContents,
  type OuterEntry,
} from "../../../../test/kit/changed-bundle.ts";
import {
  assembleSmall,
  memorySource,
  sealSmall,
  SMALL_NOW,
  smallBundle,
  testKey,
  type SmallBundle,
  type TestKey,
} from "../../../../test/kit/small-bundle.ts";
import type { Contents } from "../format/contents.ts";
import { blob, signedDocuments, type Blob } from "../format/documents.ts";
import { canonicalJson, type Json } from "../format/json.ts";
import { inspectBundle, openBundle, type OpenedBundle, type Trust } from "./open.ts";
import type { ByteSource } from "./source.ts";

// Entries of a bundle with one signature and one platform.
const README = 0;
const LAYOUT = 2;
const INDEX = 3;
const SIGNATURE = 6;
const CONTENTS = 8;
const FIRST_LAYER = 11;

let small: SmallBundle;
let key: TestKey;
let second: TestKey;
let stranger: TestKey;
/** The bundle, signed by `key`. */
let file: Buffer;

beforeAll(async () => {
  [small, key, second, stranger] = await Promise.all([
    smallBundle({ platforms: ["linux/amd64"] }),
    testKey(),
    testKey("Second"),
    testKey("Stranger"),
  ]);
  file = Buffer.from(await sealSmall(small, [key]));
});

async function open(bytes: Uint8Array, trust: Partial<Trust> = {}): Promise<OpenedBundle> {
  return await openBundle(memorySource(bytes), { keys: [key.trusted], now: SMALL_NOW, ...trust });
}

async function codeOf(bytes: Uint8Array, trust: Partial<Trust> = {}): Promise<string> {
  return await open(bytes, trust).then(
    () => "opened",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
  );
}

const sign = async ({ signer }: TestKey, { bytes }: Blob, at = SMALL_NOW): Promise<string> =>
  await signer.sign(bytes, at);

/** The file with another bundle index that nobody signed, and everything that names it mended. */
function withIndex(bytes: Uint8Array, signatures: string[]): Uint8Array {
  const documents = { ...small.packed.documents, index: blob(bytes) };
  return assembleSmall({ ...small, packed: { ...small.packed, documents } }, signatures);
}

function flipped(bytes: Uint8Array, i: number): Buffer {
  return Buffer.from(bytes).fill((bytes[i] ?? 0) ^ (1 << (i & 7)), i, i + 1);
}

/** Signs at any time, which the keys of the kit, made a second before the bundle, do not. */
async function oldKey(): Promise<TestKey> {
  return await testKey("Old", new Date("2020-01-01T00:00:00Z"));
}

describe("the time of a signature", () => {
  const DAY = 24 * 60 * 60 * 1000;

  it("is not more than a day before the bundle was made", async () => {
    const old = await oldKey();
    const { index } = small.packed.documents;
    const signedAt = async (ms: number): Promise<Uint8Array> =>
      assembleSmall(small, [await sign(old, index, new Date(SMALL_NOW.getTime() + ms))]);
    const keys = [old.trusted];
    expect(await codeOf(await signedAt(-DAY), { keys })).toBe("opened");
    expect(await codeOf(await signedAt(-DAY - 1000), { keys })).toBe("SIGNATURE_TIME");
    expect(await codeOf(await signedAt(-365 * DAY), { keys })).toBe("SIGNATURE_TIME");
  });

  it("spoils the bundle for one trusted key, and does no harm for a key of others", async () => {
    const old = await oldKey();
    const { index } = small.packed.documents;
    const both = assembleSmall(small, [
      await sign(key, index),
      await sign(old, index, new Date(SMALL_NOW.getTime() - 3 * DAY)),
    ]);
    expect(await codeOf(both)).toBe("opened");
    expect(await codeOf(both, { keys: [key.trusted, old.trusted] })).toBe("SIGNATURE_TIME");
  });
});

describe("a key that was revoked here", () => {
  it("does not count, pinned or not, and says so", async () => {
    const both = await sealSmall(small, [key, second]);
    const keys = [key.trusted, second.trusted];
    const revoked = [key.trusted.fingerprint];
    const opened = await open(both, { keys, revoked });
    expect(opened.signatures.map(({ fingerprint }) => fingerprint)).toEqual([second.trusted.fingerprint]);
    expect(opened.otherSignatures).toMatchObject([{ found: key.trusted.fingerprint }]);
    expect(await codeOf(both, { keys, revoked, minSignatures: 2 })).toBe("SIGNATURE_MISSING");
    for (const pinned of [[key.trusted], [second.trusted]]) {
      await expect(open(file, { keys: pinned, revoked })).rejects.toMatchObject({
        code: "SIGNATURE_UNTRUSTED",
        message: expect.stringContaining("revoked here"),
        found: key.trusted.fingerprint,
      });
    }
  });
});

describe("a signed bundle", () => {
  it("opens, with the contents, the signer, and where the layers are", async () => {
    const bundle = await open(file);
    expect(bundle.contents).toEqual(small.packed.contents);
    expect(bundle.indexDigest).toBe(small.packed.documents.index.digest);
    expect(bundle.signatures).toMatchObject([{ fingerprint: key.trusted.fingerprint, created: SMALL_NOW }]);
    expect(bundle.otherSignatures).toEqual([]);
    expect(bundle.signatureCount).toBe(1);
    expect(bundle.readme).toBe(Buffer.from(small.packed.readme).toString());
    const layers = bundle.contents.layers.map(({ size }, i) => {
      const offset = bundle.layerOffsets[i] ?? 0;
      return file.subarray(offset, offset + size);
    });
    expect(layers).toEqual(small.layers);
  });

  it("has its entries in the one order", () => {
    const { index, documents } = small.packed.documents;
    const paths = outerEntries(file).map(({ path }) => path);
    const names = paths.map((path) => path.replace("blobs/", "").replace("/", ":"));
    expect(names.slice(0, INDEX)).toEqual(["README.txt", "oci-layout", "index.json"]);
    expect(names[INDEX]).toBe(index.digest);
    expect(names[INDEX + 1]).toMatch(/^sha256:44136fa3/);
    expect(names.slice(SIGNATURE + 1, FIRST_LAYER)).toEqual(documents.map(({ digest }) => digest));
    expect(names.slice(FIRST_LAYER)).toEqual(small.packed.contents.layers.map(({ digest }) => digest));
  });

  it("is read in the order of trust: nothing behind the signatures before they are judged", async () => {
    let reached = 0;
    const source = memorySource(file);
    const watched: ByteSource = {
      ...source,
      read: async (offset, length) => {
        reached = Math.max(reached, offset + length);
        return await source.read(offset, length);
      },
    };
    const trust = { keys: [stranger.trusted], now: SMALL_NOW };
    await expect(openBundle(watched, trust)).rejects.toMatchObject({ code: "SIGNATURE_UNTRUSTED" });
    const { content } = outerEntries(file)[SIGNATURE] ?? outerEntry("", new Uint8Array());
    expect(reached).toBe(Math.ceil((content.byteOffset - file.byteOffset + content.length) / 512) * 512);
  });

  it("can be looked at without a key, signed or not", async () => {
    const claimed = await inspectBundle(memorySource(file));
    expect(claimed).toMatchObject({ contents: small.packed.contents, signatureCount: 1 });
    expect(claimed).not.toHaveProperty("signatures");
    const unsigned = await inspectBundle(memorySource(assembleSmall(small, [])));
    expect(unsigned).toMatchObject({ contents: small.packed.contents, signatureCount: 0 });
  });
});

describe("signatures", () => {
  it("are needed", async () => {
    expect(await codeOf(assembleSmall(small, []))).toBe("SIGNATURE_MISSING");
  });

  it("by an unknown key do not count, and the error names it", async () => {
    const by = await sealSmall(small, [stranger]);
    await expect(open(by)).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
      expected: expect.stringContaining(key.trusted.fingerprint),
      found: expect.stringContaining(stranger.trusted.fingerprint),
    });
    expect(await codeOf(file, { keys: [] })).toBe("SIGNATURE_UNTRUSTED");
    expect(await codeOf(by, { minSignatures: 0 })).toBe("SIGNATURE_UNTRUSTED");
  });

  it("of two keys are both found, and two can be asked for", async () => {
    const both = await sealSmall(small, [key, second]);
    const keys = [key.trusted, second.trusted];
    const bundle = await open(both, { keys, minSignatures: 2 });
    expect(bundle.signatures.map(({ fingerprint }) => fingerprint)).toEqual([
      key.trusted.fingerprint,
      second.trusted.fingerprint,
    ]);
    expect(await codeOf(file, { keys, minSignatures: 2 })).toBe("SIGNATURE_MISSING");
    expect(await codeOf(both, { minSignatures: 2 })).toBe("SIGNATURE_MISSING");
    expect(await codeOf(both, { keys, minSignatures: 3 })).toBe("SIGNATURE_MISSING");
  });

  it("by others stand beside a good one, and are reported", async () => {
    const bundle = await open(await sealSmall(small, [stranger, key]));
    expect(bundle.signatures).toHaveLength(1);
    expect(bundle.otherSignatures).toMatchObject([{ code: "SIGNATURE_UNTRUSTED" }]);
  });

  it("of the same key twice count once", async () => {
    const { index } = small.packed.documents;
    const later = await sign(key, index, new Date(SMALL_NOW.getTime() + 1000));
    const twice = assembleSmall(small, [await sign(key, index), later]);
    expect(await codeOf(twice)).toBe("opened");
    expect(await codeOf(twice, { minSignatures: 2 })).toBe("SIGNATURE_MISSING");
  });

  it("may not stand in the file twice", async () => {
    const same = await sign(key, small.packed.documents.index);
    expect(await codeOf(assembleSmall(small, [same, same]))).toBe("BUNDLE_MALFORMED");
  });

  it("of a pinned key over something else are tampering, even beside a good one", async () => {
    const good = await sign(key, small.packed.documents.index);
    const bad = await sign(key, blob(Buffer.from("something else")));
    expect(await codeOf(assembleSmall(small, [good, bad]))).toBe("SIGNATURE_INVALID");
    expect(await codeOf(assembleSmall(small, [bad, good]))).toBe("SIGNATURE_INVALID");
  });

  it("that are none are refused", async () => {
    for (const none of ["", "-----BEGIN PGP SIGNATURE-----\n", "x".repeat(70_000)]) {
      const code = await codeOf(assembleSmall(small, [none]));
      expect(["SIGNATURE_INVALID", "BUNDLE_MALFORMED"]).toContain(code);
    }
  });

  it("from the future are refused", async () => {
    const now = new Date(SMALL_NOW.getTime() - 2 * 24 * 60 * 60 * 1000);
    expect(await codeOf(file, { now })).toBe("CLOCK_BEHIND");
  });

  it("are at most 32", async () => {
    const many = Array.from({ length: 33 }, (_, i) => `signature ${i}`);
    expect(await codeOf(assembleSmall(small, many))).toBe("DOCUMENT_INVALID");
  });
});

describe("one bit changed", () => {
  it("is refused in every byte up to the signatures, and in headers, padding and documents behind them", async () => {
    const entries = outerEntries(file);
    const [readme, ...others] = entries.map(({ content }) => {
      const from = content.byteOffset - file.byteOffset;
      return { from, to: from + content.length };
    });
    const layers = others.slice(FIRST_LAYER - 1);
    const signaturesEnd = others[SIGNATURE - 1]?.to ?? 0;
    const within = ({ from, to } = { from: 0, to: 0 }, i: number): boolean => from <= i && i < to;
    const outcomes = new Map<string, number>();
    for (let i = 0; i < file.length; i++) {
      // Layers are the business of chunks. What costs a verified signature each time is looked at in samples.
      if (layers.some((layer) => within(layer, i))) continue;
      if ((i >= signaturesEnd || within(readme, i)) && i % 13 !== 0) continue;
      const code = await codeOf(flipped(file, i));
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }
    const refusals = ["BUNDLE_MALFORMED", "DOCUMENT_INVALID", "ENTRY_REFUSED", "HASH_MISMATCH"];
    expect([...outcomes.keys()].filter((code) => !refusals.includes(code))).toEqual([]);
  });

  it("is refused in every byte of the bundle index by the signature alone, when all digests are mended", async () => {
    const { bytes } = small.packed.documents.index;
    const signature = await sign(key, small.packed.documents.index);
    const outcomes = new Set<string>();
    for (let i = 0; i < bytes.length; i++)
      outcomes.add(await codeOf(withIndex(flipped(bytes, i), [signature])));
    expect([...outcomes]).toEqual(["SIGNATURE_INVALID"]);
  });

  it("is refused in a signature when all digests are mended, also where it would sign the same", async () => {
    const armored = Buffer.from(await sign(key, small.packed.documents.index));
    const outcomes = new Map<string, number>();
    for (let i = 0; i < armored.length; i++) {
      const code = await codeOf(assembleSmall(small, [flipped(armored, i).toString("latin1")]));
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
    }
    // DOCUMENT_INVALID: white space, and the checksum of the armor, are not part of a signature (RFC 9580 section 6.1).
    const known = ["DOCUMENT_INVALID", "SIGNATURE_INVALID", "SIGNATURE_UNTRUSTED"];
    expect([...outcomes.keys()].filter((code) => !known.includes(code))).toEqual([]);
  });
});

describe("the outer tar", () => {
  it("is refused cut off anywhere", async () => {
    const lengths = Array.from({ length: file.length / 512 }, (_, i) => [
      i * 512 - 1,
      i * 512,
      i * 512 + 1,
    ]).flat();
    for (const length of lengths.filter((each) => each >= 0)) {
      expect(await codeOf(file.subarray(0, length)), `${length} bytes`).toMatch(
        /^(BUNDLE_MALFORMED|ENTRY_REFUSED)$/,
      );
    }
  });

  it("is refused with anything behind it", async () => {
    for (const more of [Buffer.alloc(1), Buffer.alloc(512), Buffer.alloc(10_240), Buffer.from("x"), file]) {
      expect(await codeOf(Buffer.concat([file, more]))).toBe("BUNDLE_MALFORMED");
    }
  });

  it("is refused with an entry removed, repeated, renamed, executable, or turned with the next", async () => {
    const entries = outerEntries(file);
    for (const [i, { path, content }] of entries.entries()) {
      const next = entries[i + 1];
      const changes: [string, OuterEntry[]][] = [
        ["removed", entries.toSpliced(i, 1)],
        ["repeated", entries.toSpliced(i, 0, outerEntry(path, content))],
        ["at the end too", [...entries, outerEntry(path, content)]],
        ["renamed", entries.with(i, outerEntry(`${path}x`, content))],
        ["in another folder", entries.with(i, outerEntry(`./${path}`, content))],
        ["executable", entries.with(i, outerEntry(path, content, 0o755))],
        ["empty", entries.with(i, outerEntry(path, new Uint8Array()))],
        ["a new one before", entries.toSpliced(i, 0, outerEntry("blobs/sha256/new", content))],
      ];
      if (next !== undefined) changes.push(["turned", entries.toSpliced(i, 2, next, entries[i] ?? next)]);
      for (const [name, changed] of changes) {
        expect(await codeOf(joinOuter(changed)), `${path} ${name}`).toMatch(
          /^(BUNDLE_MALFORMED|DOCUMENT_INVALID|HASH_MISMATCH)$/,
        );
      }
    }
  });

  it("is refused when it is something else", async () => {
    for (const other of ["", "PK\u0003\u0004", "x".repeat(5000), Buffer.alloc(1024), Buffer.alloc(20_000)]) {
      expect(await codeOf(Buffer.from(other))).toMatch(/^(BUNDLE_MALFORMED|ENTRY_REFUSED)$/);
    }
  });
});

describe("documents that nobody signed", () => {
  it.each<[string, number, (text: string) => string]>([
    ["README.txt", README, (text) => `${text}\n`],
    ["oci-layout", 1, (text) => text.replace("1.0.0", "1.1.0")],
    [
      "index.json with one field more",
      LAYOUT,
      (text) => text.replace('{"manifests"', '{"annotations":{},"manifests"'),
    ],
    ["index.json with another name", LAYOUT, (text) => text.replace(':"small"', ':"large"')],
    ["index.json with white space", LAYOUT, (text) => `${text}\n`],
    ["index.json that is none", LAYOUT, () => "["],
  ])("are refused changed: %s", async (_, i, change) => {
    const entries = outerEntries(file);
    const { path, content } = entries[i] ?? outerEntry("", new Uint8Array());
    const text = Buffer.from(content).toString();
    expect(change(text)).not.toBe(text);
    const changed = joinOuter(entries.with(i, outerEntry(path, Buffer.from(change(text)))));
    expect(await codeOf(changed)).toBe("DOCUMENT_INVALID");
  });
});

describe("documents that were signed as they are", () => {
  async function codeOfSigned(index: Uint8Array): Promise<string> {
    return await codeOf(withIndex(index, [await sign(key, blob(index))]));
  }

  it("are refused if the index says anything that the contents do not", async () => {
    const original = Buffer.from(small.packed.documents.index.bytes).toString();
    const changes = [
      original.replace('"dev.goferry.bundle.name":"small"', '"dev.goferry.bundle.name":"large"'),
      original.replace(/"dev\.goferry\.bundle\.serial":"[0-9]+"/, '"dev.goferry.bundle.serial":"1"'),
      original.replace('{"annotations"', '{"a":1,"annotations"'),
      original.replace('"os":"linux"', '"os":"plan9"'),
      original.replace('"schemaVersion":2', '"schemaVersion":3'),
      original.replaceAll('"architecture"', '"architectura"'),
      `${original} `,
      "[]",
      "",
    ];
    for (const text of changes) {
      expect(text).not.toBe(original);
      expect(await codeOfSigned(Buffer.from(text)), text).toBe("DOCUMENT_INVALID");
    }
    expect(await codeOfSigned(Buffer.from(original))).toBe("opened");
  });

  it("are refused if README.txt is another than the index says", async () => {
    const { contents } = small.packed;
    const documents = signedDocuments(contents, Buffer.from("another\n"));
    const changed = { ...small, packed: { ...small.packed, documents } };
    const refused = { code: "DOCUMENT_INVALID", subject: "README.txt" };
    await expect(open(await sealSmall(changed, [key]))).rejects.toMatchObject(refused);
  });

  it.each<[string, (contents: Contents) => Contents]>([
    ["have a serial of another time", (contents) => ({ ...contents, serial: contents.serial + 1 })],
    [
      "lack a toolchain",
      (contents) => ({ ...contents, units: contents.units.filter(({ kind }) => kind !== "toolchain") }),
    ],
    ["have units out of order", (contents) => ({ ...contents, units: contents.units.toReversed() })],
    ["name a layer that is not there", (contents) => ({ ...contents, layers: contents.layers.slice(0, 1) })],
    [
      "call another module a toolchain, which would be proven by the log",
      (contents) => ({
        ...contents,
        units: contents.units.map((unit) =>
          unit.kind === "toolchain" ? { ...unit, path: "example.com/toolchain", version: "v1.0.0" } : unit,
        ),
      }),
    ],
  ])("are refused if the contents %s", async (_, change) => {
    const changed = withContents(small, change);
    expect(await codeOf(await sealSmall(changed, [key]))).toBe("DOCUMENT_INVALID");
  });

  it.each<[string, (contents: { [name: string]: Json | undefined }) => Json]>([
    ["a field more", (contents) => ({ ...contents, more: 1 })],
    ["another version of the format", (contents) => ({ ...contents, contentsVersion: 2 })],
    ["no layers", (contents) => ({ ...contents, layers: [] })],
    ["no fields at all", () => []],
  ])("are refused if the contents have %s", async (_, change) => {
    const { contents, readme, documents } = small.packed;
    const [, document, ...rest] = documents.documents;
    const changed = blob(canonicalJson(change({ ...contents })));
    const old = document ?? changed;
    // The manifest and the index that point to the changed contents.
    const repoint = ({ bytes }: Blob, from: Blob, to: Blob): Blob =>
      blob(
        Buffer.from(
          Buffer.from(bytes)
            .toString()
            .replace(`"${from.digest}"`, `"${to.digest}"`)
            .replace(`"size":${from.bytes.length}}`, `"size":${to.bytes.length}}`)
            .replace(`"size":${from.bytes.length},`, `"size":${to.bytes.length},`),
        ),
      );
    const [manifest] = documents.documents;
    const newManifest = repoint(manifest ?? changed, old, changed);
    const index = repoint(documents.index, manifest ?? changed, newManifest);
    const packed = {
      ...small.packed,
      readme,
      documents: { index, documents: [newManifest, changed, ...rest] },
    };
    const bytes = await sealSmall({ ...small, packed }, [key]);
    expect(outerEntries(bytes)[CONTENTS]?.content).toEqual(Buffer.from(changed.bytes));
    await expect(open(bytes)).rejects.toMatchObject({ code: "DOCUMENT_INVALID", subject: "contents" });
  });
});
