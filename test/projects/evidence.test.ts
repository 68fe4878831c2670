// A stolen signing key, and a real bundle: whatever is changed, with every hash of the bundle made to fit and the whole signed
// anew by the key that is trusted, does not agree with the checksum database that the whole world uses.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import {
  checkEvidence,
  openBundle,
  readTrustedKey,
  SUM_GOLANG_ORG_KEY,
  unitName,
  type Contents,
  type GoferryError,
  type TrustedKey,
  type Unit,
} from "../../packages/core/src/index.ts";
import { checksumLog } from "../kit/checksum-log.ts";
import { forgedBundle, type Forgery } from "../kit/forged-bundle.ts";
import { readOuterTar, type OuterTar } from "../kit/outer-tar.ts";
import { testPlatform } from "../kit/real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "../kit/run-goferry.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";
import { refusal, resigned, sourceOf } from "../kit/tampered.ts";
import { treeStamps } from "../kit/tree.ts";

const demo = inject("demo");
const UUID = "github.com/google/uuid@v1.6.0";
const TOOLCHAIN = `golang.org/toolchain@v0.0.1-go1.27.1.${testPlatform().replace("/", "-")}`;

let scratch: Scratch;
let outer: OuterTar;
let key: string;
let keys: TrustedKey[];

beforeAll(async () => {
  scratch = await scratchFolder("goferry-evidence");
  outer = await readOuterTar(demo.bundle);
  key = await readFile(demo.privateKey, "utf8");
  keys = [await readTrustedKey(await readFile(demo.publicKey))];
});
afterAll(() => scratch[Symbol.asyncDispose]());

/** What an installation says of a bundle; it leaves nothing. */
async function refused(bytes: Uint8Array): Promise<GoferryResult> {
  await writeFile(join(scratch.path, "forged.tar"), bytes);
  const before = await treeStamps(scratch.path);
  const result = await goferry("install", "--root", join(scratch.path, "root"));
  expect(result.code).toBe(3);
  expect(await treeStamps(scratch.path)).toEqual(before);
  return result;
}

async function goferry(command: string, ...more: string[]): Promise<GoferryResult> {
  const words = [command, join(scratch.path, "forged.tar"), "--key", demo.publicKey, "--json", ...more];
  return await runGoferry(words, { env: { HOME: scratch.path, PATH: PLAIN_PATH } });
}

/** What both commands ask before they unpack anything. */
async function evidenceRefused(bytes: Uint8Array): Promise<GoferryError | undefined> {
  const bundle = await openBundle(sourceOf(bytes), { keys, now: new Date() });
  const policy = { logKey: SUM_GOLANG_ORG_KEY, privatePatterns: [] };
  return await refusal(Promise.resolve().then(() => checkEvidence(bundle.contents, policy)));
}

const changed = async (change: (contents: Contents) => Contents): Promise<Uint8Array> =>
  await resigned(outer, [key], { change });

const changedUnit = async (
  name: string,
  change: (unit: Unit, all: readonly Unit[]) => Unit,
): Promise<Uint8Array> =>
  await changed((contents) => ({
    ...contents,
    units: contents.units.map((unit) => (unitName(unit) === name ? change(unit, contents.units) : unit)),
  }));

const withHead = async (head: (now: string) => string): Promise<Uint8Array> =>
  await changed((contents) => {
    const { log } = contents;
    if (log === undefined) throw new Error("the demo has no log");
    return { ...contents, log: { ...log, head: head(log.head) } };
  });

describe("one changed file, with every hash made to fit", () => {
  const forgeries: [string, Omit<Forgery, "keys">][] = [
    [
      "of a module",
      {
        unit: UUID,
        path: `mod/${UUID}/version4.go`,
        change: (content) => Buffer.concat([content, Buffer.from("\nfunc init() { println() }\n")]),
      },
    ],
    [
      "of a toolchain: bin/go",
      {
        unit: TOOLCHAIN,
        path: "sdk/go1.27.1/bin/go",
        change(content) {
          const evil = Buffer.from(content);
          evil.writeUInt8(evil.readUInt8(evil.length >> 1) ^ 1, evil.length >> 1);
          return evil;
        },
      },
    ],
  ];
  it.each(forgeries)("%s", async (_, forgery) => {
    const { bytes, h1 } = await forgedBundle(outer, { ...forgery, keys: [key] });
    const { json } = await refused(bytes);
    expect(json.error).toEqual({
      code: "LOG_MISMATCH",
      subject: forgery.unit,
      message: expect.stringContaining("signed tree head"),
      expected: expect.stringMatching(/^tree of \d{8} records, hash \S{44}$/u),
      found: expect.stringContaining(h1),
      next: expect.stringMatching(/./u),
    });
    // It is the one thing that is wrong: the forger made no other mistake.
    const verified = await goferry("verify");
    expect(verified).toMatchObject({ code: 3, json: { verified: false, moreFindings: 0, unread: [] } });
    expect(verified.json["findings"]).toEqual([json.error]);
  });
});

describe("other evidence", () => {
  it("that proves another record is refused", async () => {
    const bytes = await changedUnit(UUID, (unit, all) => {
      const other = all.find((each) => unitName(each) === TOOLCHAIN);
      return other === undefined ? unit : { ...unit, evidence: other.evidence };
    });
    expect(await evidenceRefused(bytes)).toMatchObject({ code: "LOG_MISMATCH", subject: UUID });
  });

  it("that names another record is refused", async () => {
    const bytes = await changedUnit(UUID, (unit) =>
      unit.evidence === "private"
        ? unit
        : { ...unit, evidence: { ...unit.evidence, id: unit.evidence.id + 1 } },
    );
    expect(await evidenceRefused(bytes)).toMatchObject({ code: "LOG_MISMATCH", subject: UUID });
  });

  it("of none, because the module is said to be private, is refused unless somebody allows that path", async () => {
    const bytes = await changedUnit(UUID, (unit) => ({ ...unit, evidence: "private" }));
    expect(await evidenceRefused(bytes)).toMatchObject({ code: "PRIVATE_REFUSED", subject: UUID });
  });
});

describe("another tree head", () => {
  it("that was forged is refused", async () => {
    const bytes = await withHead((head) =>
      head.replace(/\n(\d)/u, (_, digit: string) => `\n${(Number(digit) % 9) + 1}`),
    );
    expect(await evidenceRefused(bytes)).toMatchObject({
      code: "LOG_MISMATCH",
      subject: "signed note of sum.golang.org",
    });
  });

  it("of another log, of the same name and size, is refused", async () => {
    const other = checksumLog("sum.golang.org");
    const bytes = await withHead((head) => other.note(head.slice(0, head.indexOf("\n\n") + 1)));
    expect(await evidenceRefused(bytes)).toMatchObject({
      code: "LOG_MISMATCH",
      subject: "signed note of sum.golang.org",
      expected: expect.stringContaining("sum.golang.org+033de0ae"),
    });
  });
});
