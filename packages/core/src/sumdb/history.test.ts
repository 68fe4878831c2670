import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { checksumLog, type ChecksumLog } from "../../../../test/kit/checksum-log.ts";
import { encodeProof } from "./evidence.ts";
import { openHistory, relateHistory, type LogHistory } from "./history.ts";
import { proveConsistency } from "./tlog.ts";

const SIZE = 300;
const MISMATCH = expect.objectContaining({ code: "LOG_MISMATCH" });

let log: ChecksumLog;
/** Another history of the same database: the same key, other records. */
let fork: ChecksumLog;

beforeAll(() => {
  log = checksumLog();
  fork = checksumLog();
  for (let i = 0; i < SIZE; i++) {
    log.add({ path: `example.com/m${i}`, version: "v1.0.0" });
    fork.add({ path: `example.com/m${i}`, version: i === 150 ? "v1.0.1" : "v1.0.0" });
  }
});

async function history(size: number, ...earlier: number[]): Promise<LogHistory> {
  return {
    head: log.head(size),
    earlier: await Promise.all(
      earlier.map(async (old) => ({ head: log.head(old), proof: await proofOf(size, old) })),
    ),
  };
}

async function proofOf(size: number, old: number): Promise<string> {
  const read = async (nodes: readonly { level: number; n: number }[]): Promise<Uint8Array[]> =>
    await Promise.resolve(nodes.map(({ level, n }) => log.node(level, n)));
  return encodeProof(await proveConsistency(size, old, read));
}

/** The head of the other history, signed by the key of this one. */
function forkedHead(size: number): string {
  const root = Buffer.from(fork.root(size)).toString("base64");
  return log.note(`go.sum database tree\n${size}\n${root}\n`);
}

describe("the history of a bundle", () => {
  it("is its head and those that were shown to come before it", async () => {
    const heads = openHistory(await history(SIZE, 257, 200, 1), log.vkey);
    expect(heads.map(({ size }) => size)).toEqual([SIZE, 257, 200, 1]);
  });

  it("is refused with a head by another key, a changed proof, or a head of another history", async () => {
    const good = await history(SIZE, 200);
    const [first] = good.earlier ?? [];
    if (first === undefined) throw new Error("no earlier head");
    const other = checksumLog();
    other.add({ path: "example.com/x", version: "v1.0.0" });
    for (const earlier of [
      { ...first, head: other.head() },
      { ...first, head: log.head(199) },
      { ...first, head: forkedHead(200) },
      { ...first, proof: await proofOf(SIZE, 201) },
      { ...first, proof: first.proof.slice(0, -4) },
      { ...first, proof: "" },
    ]) {
      expect(() => openHistory({ ...good, earlier: [earlier] }, log.vkey)).toThrow(MISMATCH);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(first.proof, "base64");
        const i = at % bytes.length;
        bytes[i] = (bytes[i] ?? 0) ^ flip;
        const earlier = [{ ...first, proof: bytes.toString("base64") }];
        await Promise.resolve();
        expect(() => openHistory({ ...good, earlier }, log.vkey)).toThrow(MISMATCH);
      }),
    );
  });
});

describe("against what a host has seen", () => {
  it("is the first, the same, one that continues it, one from before, or neither", async () => {
    const known = [log.head(200), log.head(100)];
    expect(relateHistory(await history(200), [], log.vkey)).toBe("first");
    expect(relateHistory(await history(200, 50), known, log.vkey)).toBe("same");
    expect(relateHistory(await history(SIZE, 250, 200), known, log.vkey)).toBe("continues");
    expect(relateHistory(await history(100), known, log.vkey)).toBe("behind");
    expect(relateHistory(await history(SIZE, 250, 100), known, log.vkey)).toBe("unconnected");
    expect(relateHistory(await history(150), known, log.vkey)).toBe("unconnected");
  });

  it("is refused where the log has signed two trees of one size", async () => {
    expect(() => relateHistory({ head: forkedHead(200) }, [log.head(200)], log.vkey)).toThrow(MISMATCH);
    const continued = await history(SIZE, 200);
    expect(() => relateHistory(continued, [forkedHead(200)], log.vkey)).toThrow(MISMATCH);
    expect(() => relateHistory(continued, [forkedHead(SIZE), log.head(10)], log.vkey)).toThrow(MISMATCH);
  });

  it("cannot tell a fork from a log that grew where no head is common: it says that it cannot", async () => {
    expect(relateHistory(await history(SIZE, 250), [forkedHead(200)], log.vkey)).toBe("unconnected");
  });
});
