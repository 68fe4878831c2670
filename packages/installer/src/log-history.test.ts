import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../test/kit/checksum-log.ts";
import { encodeProof, proveConsistency, type Contents } from "@goferry/core";
import { followLog, historyFindings, missingFindings } from "./log-history.ts";
import { emptyState } from "./transaction/state.ts";

const log = checksumLog();
for (let i = 0; i < 100; i++) log.add({ path: `example.com/m${i}`, version: "v1.0.0" });

async function bundle(size: number, ...earlier: number[]): Promise<Pick<Contents, "log">> {
  const heads = await Promise.all(
    earlier.map(async (old) => ({
      head: log.head(old),
      proof: encodeProof(
        await proveConsistency(
          size,
          old,
          async (nodes) => await Promise.resolve(nodes.map(({ level, n }) => log.node(level, n))),
        ),
      ),
    })),
  );
  return { log: { name: "sum.example.com", head: log.head(size), earlier: heads } };
}

const known = (...sizes: number[]) => ({
  root: "/r",
  log: { key: log.vkey, heads: sizes.map((size) => log.head(size)), lookups: log.head(sizes[0]) },
});

/** The relation, and the sizes of the heads that are known afterwards. */
async function follow(...[contents, before]: [ReturnType<typeof bundle>, ReturnType<typeof known>]) {
  const step = followLog(await contents, before, log.vkey);
  const sizes = step?.after.heads.map((note) => Number(note.split("\n")[1]));
  return [step?.relation, sizes, historyFindings(step, before).map(({ code }) => code)];
}

describe("the heads that a root remembers", () => {
  it("are those of the first bundle, then all of one history, largest first", async () => {
    const first = followLog(await bundle(50, 40), emptyState("/r"), log.vkey);
    expect(first).toMatchObject({ relation: "first", after: { lookups: null, key: log.vkey } });
    expect(first?.after.heads).toEqual([log.head(50), log.head(40)]);
    expect(await follow(bundle(50), known(50, 40))).toEqual(["same", [50, 40], []]);
    expect(await follow(bundle(90, 60, 50), known(50, 40))).toEqual(["continues", [90, 60, 50, 40], []]);
    expect(await follow(bundle(40, 30), known(50, 40))).toEqual(["behind", [50, 40, 30], []]);
  });

  it("are the larger history where nothing connects two, which is told", async () => {
    expect(await follow(bundle(90, 60), known(50, 40))).toEqual([
      "unconnected",
      [90, 60],
      ["LOG_UNCONNECTED"],
    ]);
    expect(await follow(bundle(45), known(50, 40))).toEqual(["unconnected", [50, 40], ["LOG_UNCONNECTED"]]);
  });

  it("are no reason to follow another database, or one with two histories", async () => {
    const other = checksumLog("sum.example.org");
    const before = known(50);
    const contents = await bundle(90);
    expect(() => followLog(contents, before, other.vkey)).toThrow(
      expect.objectContaining({ code: "LOG_MISMATCH" }),
    );
    const root = Buffer.from(log.root(49)).toString("base64");
    const fork = { log: { name: "sum.example.com", head: log.note(`go.sum database tree\n50\n${root}\n`) } };
    expect(() => followLog(fork, before, log.vkey)).toThrow(
      expect.objectContaining({ code: "LOG_MISMATCH" }),
    );
  });

  it("stay where a bundle has none", () => {
    expect(followLog({}, known(50), log.vkey)).toBeUndefined();
    expect(historyFindings(undefined, known(50))).toEqual([]);
  });
});

describe("modules that go cannot look up", () => {
  it("are a remark that names a few", () => {
    expect(missingFindings([], "/r")).toEqual([]);
    expect(missingFindings(["a@v1", "b@v1", "c@v1", "d@v1"], "/r")).toEqual([
      expect.objectContaining({ code: "LOOKUPS_MISSING", found: "none for 4: a@v1, b@v1, c@v1 …" }),
    ]);
  });
});
