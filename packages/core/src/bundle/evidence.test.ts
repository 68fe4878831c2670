import { beforeAll, describe, expect, it } from "vitest";
import { checksumLog, dirhash } from "../../../../test/kit/checksum-log.ts";
import { evidenceOf, smallBundle, type SmallBundle } from "../../../../test/kit/small-bundle.ts";
import type { Contents, Unit } from "../format/contents.ts";
import { SUM_GOLANG_ORG_KEY } from "../sumdb/note.ts";
import { checkEvidence, type EvidencePolicy } from "./evidence.ts";

const OWN = "example.com/hello";

let small: SmallBundle;
let contents: Contents;
let policy: EvidencePolicy;

beforeAll(async () => {
  small = await smallBundle({ private: [OWN] });
  ({ contents } = small.packed);
  policy = { logKey: small.log.vkey, privatePatterns: [OWN] };
});

function withUnits(change: (unit: Unit) => Unit): Contents {
  return { ...contents, units: contents.units.map(change) };
}

const expectRefused = (changed: Contents, code: string, changedPolicy: Partial<EvidencePolicy> = {}): void =>
  expect(() => checkEvidence(changed, { ...policy, ...changedPolicy })).toThrow(
    expect.objectContaining({ code }),
  );

describe("a bundle whose units are all in the log, or allowed", () => {
  it("passes, with the tree head and how many are which", () => {
    const { head, ...counts } = checkEvidence(contents, policy);
    expect(counts).toEqual({
      logged: 4,
      private: 1,
      continues: [],
      patterns: [{ pattern: OWN, units: [`${OWN}@v1.2.0`] }],
    });
    expect(head?.size).toBe(small.log.size());
    expect(head && Buffer.compare(head.hash, small.log.root(head.size))).toBe(0);
  });
});

describe("a private unit", () => {
  it("is refused unless somebody on this host has allowed its path", () => {
    expectRefused(contents, "PRIVATE_REFUSED", { privatePatterns: [] });
  });

  it("is refused together with all others, with the patterns there are and the command that is missing", () => {
    const changed = withUnits((unit) =>
      unit.kind === "toolchain" ? unit : { ...unit, evidence: "private" as const },
    );
    const howToAllow = (patterns: readonly string[]): string => `type: ${patterns.join(" ")}`;
    const refuse = (): unknown =>
      checkEvidence(changed, { ...policy, privatePatterns: [OWN, "other.example"], howToAllow });
    expect(refuse).toThrow(
      expect.objectContaining({
        code: "PRIVATE_REFUSED",
        subject: "example.com/graph@v0.1.0",
        expected: expect.stringContaining(`(${OWN}, other.example)`),
        found: expect.stringContaining("example.com/Greeting/v2@v2.0.1"),
        next: expect.stringContaining("type: example.com/*"),
      }),
    );
  });

  it("is refused if it is public and only says that it is private", () => {
    expectRefused(
      withUnits((unit) => ({ ...unit, evidence: "private" })),
      "PRIVATE_REFUSED",
    );
  });

  it("is never a toolchain, whatever is allowed", () => {
    const changed = withUnits((unit) =>
      unit.kind === "toolchain" ? { ...unit, evidence: "private" } : unit,
    );
    expectRefused(changed, "PRIVATE_REFUSED", { privatePatterns: ["*"] });
  });
});

describe("evidence", () => {
  it.each<[string, (unit: Unit) => Unit]>([
    ["another h1", (unit) => (unit.kind === "gomod" ? unit : { ...unit, h1: dirhash("other") })],
    ["another modH1", (unit) => ({ ...unit, modH1: dirhash("other") })],
    ["another version", (unit) => ({ ...unit, version: "v0.0.2" })],
    ["another path", (unit) => ({ ...unit, path: `${unit.path}x` })],
    [
      "another record",
      (unit) => (unit.evidence === "private" ? unit : { ...unit, evidence: { ...unit.evidence, id: 0 } }),
    ],
    [
      "no proof",
      (unit) => (unit.evidence === "private" ? unit : { ...unit, evidence: { ...unit.evidence, proof: "" } }),
    ],
    [
      "another zip of a lone go.mod",
      ({ evidence, ...unit }) =>
        evidence === "private" || evidence.h1 === undefined
          ? { ...unit, evidence }
          : { ...unit, evidence: { ...evidence, h1: dirhash("other") } },
    ],
  ])("is refused for %s", (_, change) => expectRefused(withUnits(change), "LOG_MISMATCH"));

  it("is refused when two units have changed theirs for the other's", () => {
    const [first, second, ...rest] = contents.units;
    if (first === undefined || second === undefined) throw new Error("too few units");
    const units: Unit[] = [
      { ...first, evidence: second.evidence },
      { ...second, evidence: first.evidence },
      ...rest,
    ];
    expectRefused({ ...contents, units }, "LOG_MISMATCH");
  });

  it("is refused without a tree head", () => expectRefused({ ...contents, log: undefined }, "LOG_MISMATCH"));
});

describe("the tree head", () => {
  it("is refused of another database, even one with the same name and every record", async () => {
    const other = checksumLog();
    const units = contents.units.map((unit) => ({ ...unit, id: other.add(unit) }));
    const proven: Unit[] = [];
    for (const { id, ...unit } of units)
      proven.push({ ...unit, evidence: await evidenceOf(other, id, unit) });
    const forged = { ...contents, units: proven, log: { name: "sum.example.com", head: other.head() } };
    expect(checkEvidence(forged, { ...policy, logKey: other.vkey }).logged).toBe(5);
    expectRefused(forged, "LOG_MISMATCH");
  });

  it("is refused when the bundle calls its database by another name than the key does", () => {
    const log = { name: "sum.golang.org", head: small.log.head() };
    expectRefused({ ...contents, log }, "LOG_MISMATCH");
    expectRefused(contents, "LOG_MISMATCH", { logKey: SUM_GOLANG_ORG_KEY });
  });

  it("is refused with anything changed", () => {
    const { head } = contents.log ?? { head: "" };
    for (let i = 0; i < head.length; i++) {
      const changed = head.slice(0, i) + (head[i] === "A" ? "B" : "A") + head.slice(i + 1);
      expectRefused({ ...contents, log: { name: "sum.example.com", head: changed } }, "LOG_MISMATCH");
    }
  });

  it("needs a key that can be read", () => {
    expectRefused(contents, "ARGUMENT_INVALID", { logKey: "sum.golang.org" });
  });
});
