import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { checksumLog, dirhash } from "../../../../test/kit/checksum-log.ts";
import { encodeProof, openTreeHead, verifyEvidence, type LogEvidence } from "./evidence.ts";
import { SUM_GOLANG_ORG_KEY } from "./note.ts";
import { parseLookup, type LogRecord } from "./record.ts";
import { tileHashReader, tilePath } from "./tile.ts";
import { checkConsistency, proveConsistency, proveInclusion, type TreeHead } from "./tlog.ts";

// testdata/ was recorded from sum.golang.org: a tree head, two lookups (the log's first record and a toolchain),
// and the tiles that connect them and the heads in them with that tree head.
const data = async (path: string): Promise<Buffer> =>
  await readFile(new URL(`testdata/${path}`, import.meta.url));

const REFUSED = expect.objectContaining({ code: "LOG_MISMATCH" });

interface Real {
  unit: LogRecord;
  evidence: LogEvidence;
  /** The head that came with the lookup. */
  older: TreeHead;
}

let head: TreeHead;
let real: [Real, Real];

beforeAll(async () => {
  head = openTreeHead((await data("latest")).toString(), SUM_GOLANG_ORG_KEY);
  const read = tileHashReader(head, { read: async (tile) => await data(tilePath(tile)) });
  const prove = async (path: string, version: string): Promise<Real> => {
    const { id, record, note } = parseLookup(await data(`lookup/${path}@${version}`), { path, version });
    const older = openTreeHead(note, SUM_GOLANG_ORG_KEY);
    checkConsistency(await proveConsistency(head.size, older.size, read), head, older);
    const proof = encodeProof(await proveInclusion(head.size, id, read));
    return { unit: record, evidence: { id, proof }, older };
  };
  real = [
    await prove("golang.org/x/text", "v0.3.0"),
    await prove("golang.org/toolchain", "v0.0.1-go1.27.1.linux-amd64"),
  ];
});

describe("real records of sum.golang.org", () => {
  it("are in the log", () => {
    for (const { unit, evidence } of real) verifyEvidence({ unit, evidence, head });
    expect(real.map(({ evidence, older }) => [evidence.id, older.size])).toEqual([
      [0, 66_385_784],
      [61_743_472, 66_393_050],
    ]);
  });

  it("are not in it with another hash, name, number or proof", () => {
    const [{ evidence: first }, { unit, evidence }] = real;
    const changes = [
      { unit: { ...unit, h1: dirhash("a changed toolchain") } },
      { unit: { ...unit, modH1: dirhash("a changed go.mod") } },
      { unit: { ...unit, h1: unit.modH1, modH1: unit.h1 } },
      { unit: { ...unit, version: "v0.0.1-go1.27.2.linux-amd64" } },
      { unit: { ...unit, path: "golang.org/Toolchain" } },
      { evidence: { ...evidence, id: evidence.id + 1 } },
      { evidence: { ...evidence, id: head.size } },
      { evidence: { ...evidence, id: -1 } },
      { evidence: first },
      { evidence: { ...evidence, proof: first.proof } },
      { evidence: { ...evidence, proof: "" } },
      { evidence: { ...evidence, proof: evidence.proof.slice(0, -4) } },
      { evidence: { ...evidence, proof: `${evidence.proof}\n` } },
      { evidence: { ...evidence, proof: evidence.proof + Buffer.alloc(32).toString("base64") } },
      { head: real[1].older },
      { head: { ...head, hash: real[1].older.hash } },
    ];
    for (const change of changes) {
      expect(() => verifyEvidence({ unit, evidence, head, ...change })).toThrow(REFUSED);
    }
  });

  it("are not in it with any byte changed in hash, name or proof", () => {
    const one = fc.record({
      which: fc.nat(1),
      field: fc.constantFrom(
        "path" as const,
        "version" as const,
        "h1" as const,
        "modH1" as const,
        "proof" as const,
      ),
      at: fc.nat(),
      by: fc.integer({ min: 1, max: 127 }),
    });
    fc.assert(
      fc.property(one, ({ which, field, at, by }) => {
        const { unit, evidence } = which === 0 ? real[0] : real[1];
        const bytes = Buffer.from(field === "proof" ? evidence.proof : unit[field]);
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ by;
        const value = bytes.toString("latin1");
        const changed =
          field === "proof"
            ? { unit, evidence: { ...evidence, proof: value }, head }
            : { unit: { ...unit, [field]: value }, evidence, head };
        expect(() => verifyEvidence(changed)).toThrow(REFUSED);
      }),
      { numRuns: 500 },
    );
  });

  it("name the module, what was expected and what was found when refused", () => {
    const [, { unit, evidence }] = real;
    const root = Buffer.from(head.hash).toString("base64");
    expect(() => verifyEvidence({ unit: { ...unit, h1: dirhash("") }, evidence, head })).toThrow(
      expect.objectContaining({
        subject: "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64",
        expected: expect.stringContaining(root),
        found: expect.stringMatching(/^hash /),
        next: expect.any(String),
      }),
    );
  });
});

describe("the hash of the zip", () => {
  it("stands in the evidence of a unit that carries only its go.mod", () => {
    const [{ unit, evidence }] = real;
    const { h1, ...gomod } = unit;
    verifyEvidence({ unit: gomod, evidence: { ...evidence, h1 }, head });
    const forged = { ...gomod, modH1: dirhash("a changed go.mod") };
    expect(() => verifyEvidence({ unit: forged, evidence: { ...evidence, h1 }, head })).toThrow(REFUSED);
  });

  it("stands in one place and no more", () => {
    const [{ unit, evidence }] = real;
    const { h1, ...gomod } = unit;
    expect(() => verifyEvidence({ unit: gomod, evidence, head })).toThrow(REFUSED);
    expect(() => verifyEvidence({ unit, evidence: { ...evidence, h1 }, head })).toThrow(REFUSED);
  });
});

describe("openTreeHead", () => {
  it("refuses a head that another database signed", async () => {
    const note = (await data("latest")).toString();
    expect(() => openTreeHead(note, checksumLog("sum.golang.org").vkey)).toThrow(REFUSED);
    expect(() => openTreeHead(checksumLog("sum.golang.org").head(), SUM_GOLANG_ORG_KEY)).toThrow(REFUSED);
  });
});
