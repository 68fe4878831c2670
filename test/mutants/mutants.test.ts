// Ten thousand mutants of a real bundle, and every bit of the signature and of the index of a small one: none is accepted,
// none makes the reader fail in a way that is not a refusal. Mutant N again: MUTANT=N pnpm test:mutants

import { readFile } from "node:fs/promises";
import process from "node:process";
import { beforeAll, describe, expect, inject, it } from "vitest";
import {
  blob,
  layoutIndex,
  openBundle,
  readTrustedKey,
  signatureManifest,
  SUM_GOLANG_ORG_KEY,
} from "../../packages/core/src/index.ts";
import { hostileDocuments, type Part } from "../kit/hostile/documents.ts";
import { hostileFile } from "../kit/hostile/outer.ts";
import { judgeMutant, type Original } from "../kit/mutant-trial.ts";
import { mutantOf, type Mutant } from "../kit/mutations.ts";
import { readOuterTar } from "../kit/outer-tar.ts";
import {
  memorySource,
  SMALL_NOW,
  smallBundle,
  testKey,
  type SmallBundle,
  type TestKey,
} from "../kit/small-bundle.ts";
import { refusal, verify } from "../kit/tampered.ts";

const demo = inject("demo");

const COUNT = 10_000;
/** Of how many one is also read as a whole, which takes a second. */
const WHOLE = 200;
/** The first seed. Another one: MUTANT_SEED=N. */
const SEED = Number(process.env["MUTANT_SEED"] ?? 20_261_126);
const ONLY = process.env["MUTANT"];

describe("mutants of a real bundle", () => {
  let original: Original;
  let marks: number[];

  beforeAll(async () => {
    const { bytes, entries } = await readOuterTar(demo.bundle);
    const keys = [await readTrustedKey(await readFile(demo.publicKey))];
    const policy = { logKey: SUM_GOLANG_ORG_KEY, privatePatterns: [] };
    original = { bytes, keys, now: new Date(), policy };
    marks = entries.flatMap(({ header, size, role }) =>
      role.startsWith("layer") ? [header] : [header, header + size],
    );
  });

  it("begin with one that is accepted", async () => {
    expect(await refusal(verify(original.bytes, { keys: original.keys }))).toBeUndefined();
  });

  it("are all refused", async () => {
    process.stdout.write(`  seeds from ${SEED}; one again: MUTANT=SEED pnpm test:mutants\n`);
    const seeds = ONLY === undefined ? Array.from({ length: COUNT }, (_, i) => SEED + i) : [Number(ONLY)];
    const problems: string[] = [];
    const kinds = new Map<string, number>();
    for (const [i, seed] of seeds.entries()) {
      const mutant: Mutant = mutantOf(original.bytes, seed, marks);
      const [kind = ""] = mutant.what.replace(/\d+ bytes /u, "").split(" ", 1);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      const depth = i % WHOLE === 0 ? "everything" : "changed layers";
      const problem = await judgeMutant(original, mutant, depth);
      if (problem !== undefined) problems.push(problem);
    }
    process.stdout.write(
      `  ${seeds.length} mutants: ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(", ")}\n`,
    );
    expect(problems).toEqual([]);
  });
});

describe("every bit of the signature and of the index", () => {
  let small: SmallBundle;
  let key: TestKey;
  let parts: Part[];

  beforeAll(async () => {
    [small, key] = await Promise.all([smallBundle({ platforms: ["linux/amd64"] }), testKey()]);
    parts = await hostileDocuments(small, [], key);
  });

  const ROLES = ["index.json", "bundle index", "signature manifest", "signature"];

  const fileOf = (all: readonly Part[]): Buffer =>
    hostileFile([...all, ...small.layers.map((bytes, i) => ({ role: `layer ${i}`, bytes }))], []);

  async function judge(file: Uint8Array): Promise<string> {
    const opened = openBundle(memorySource(file), { keys: [key.trusted], now: SMALL_NOW });
    return (await refusal(opened))?.code ?? "accepted";
  }

  it("is refused when it is flipped, headers and padding too", async () => {
    const file = fileOf(parts);
    expect(await judge(file)).toBe("accepted");
    const found = new Map<string, number>();
    let tried = 0;
    for (const role of ROLES) {
      const { start, end } = stretchOf(file, parts, role);
      for (let bit = start * 8; bit < end * 8; bit++) {
        const at = bit >> 3;
        file.writeUInt8(file.readUInt8(at) ^ (1 << (bit & 7)), at);
        const code = await judge(file);
        file.writeUInt8(file.readUInt8(at) ^ (1 << (bit & 7)), at);
        found.set(code, (found.get(code) ?? 0) + 1);
        tried += 1;
      }
    }
    process.stdout.write(
      `  ${tried} bits: ${[...found].map(([code, count]) => `${code} ${count}`).join(", ")}\n`,
    );
    expect(tried).toBeGreaterThan(20_000);
    expect([...found.keys()].filter((code) => !REFUSALS.has(code))).toEqual([]);
  });

  it.each(["bundle index", "signature"])(
    "of the %s is refused too when every digest is made to fit",
    async (role) => {
      const [index, signature] = ["bundle index", "signature"].map((name) => bytesOf(parts, name));
      if (index === undefined || signature === undefined) throw new Error("no index or signature");
      const original = bytesOf(parts, role);
      const found = new Map<string, number>();
      const accepted: string[] = [];
      for (let bit = 0; bit < original.length * 8; bit++) {
        const changed = Buffer.from(original);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const fitted = role === "signature" ? fit(index, changed) : fit(changed, signature);
        const code = await judge(fileOf(fitted));
        found.set(code, (found.get(code) ?? 0) + 1);
        if (code === "accepted") accepted.push(`bit ${bit & 7} of byte ${bit >> 3}`);
      }
      process.stdout.write(
        `  ${role}: ${[...found].map(([code, count]) => `${code} ${count}`).join(", ")}\n`,
      );
      expect(accepted).toEqual([]);
      expect([...found.keys()].filter((code) => !REFUSALS.has(code))).toEqual([]);
    },
  );

  /** The parts with this index and signature, and what names them. */
  function fit(index: Uint8Array, signature: Uint8Array): Part[] {
    const manifest = signatureManifest(blob(index), blob(signature));
    const layout = layoutIndex(small.packed.contents.name, blob(index), [manifest]);
    const mended: Record<string, Uint8Array> = {
      "bundle index": index,
      signature,
      "signature manifest": manifest.bytes,
      "index.json": layout,
    };
    return parts.map((part) => ({ ...part, bytes: mended[part.role] ?? part.bytes }));
  }
});

const REFUSALS = new Set([
  "BUNDLE_MALFORMED",
  "DOCUMENT_INVALID",
  "ENTRY_REFUSED",
  "HASH_MISMATCH",
  "SIGNATURE_INVALID",
  "SIGNATURE_MISSING",
  "SIGNATURE_TIME",
  "SIGNATURE_UNTRUSTED",
]);

function bytesOf(parts: readonly Part[], role: string): Uint8Array {
  const part = parts.find((each) => each.role === role);
  if (part === undefined) throw new Error(`no ${role}`);
  return part.bytes;
}

/** Where a part stands in the file, from its header to the next one. */
function stretchOf(file: Buffer, parts: readonly Part[], role: string): { start: number; end: number } {
  const bytes = bytesOf(parts, role);
  const content = file.indexOf(bytes);
  return { start: content - 512, end: content + Math.ceil(bytes.length / 512) * 512 };
}
