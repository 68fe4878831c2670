import { beforeAll, describe, expect, it } from "vitest";
import { testTar, type LayerFile } from "../../../../test/kit/changed-bundle.ts";
import { checksumLog, type ChecksumLog } from "../../../../test/kit/checksum-log.ts";
import { TarReader } from "../archive/tar-reader.ts";
import type { Contents, Layer, Unit } from "../format/contents.ts";
import { MAX_TILES } from "../limits.ts";
import { encodeProof } from "../sumdb/evidence.ts";
import { proveConsistency } from "../sumdb/tlog.ts";
import { LogFiles, logTiles } from "./log-files.ts";

const SIZE = 66_000;
/** The first two are in one tile; then one in the middle and the last. */
const IDS = [3, 200, 40_000, SIZE - 1];
const EARLIER = 65_000;

let log: ChecksumLog;
let history: NonNullable<Contents["log"]>;
let units: Unit[];
let files: LayerFile[];

beforeAll(async () => {
  log = checksumLog();
  for (let i = 0; i < SIZE; i++) log.add({ path: `example.com/m${i}`, version: "v1.0.0" });
  const proof = await proveConsistency(
    SIZE,
    EARLIER,
    async (nodes) => await Promise.resolve(nodes.map(({ level, n }) => log.node(level, n))),
  );
  history = {
    name: "sum.example.com",
    head: log.head(),
    earlier: [{ head: log.head(EARLIER), proof: encodeProof(proof) }],
  };
  units = IDS.map((id) => unit("module", id));
  files = await Promise.all(
    logTiles(history, units).map(async ({ path }) => {
      const asked = path.slice("mod/cache/download/sumdb/sum.example.com/".length);
      return { path, mode: 0o644, content: await log.fetch(asked) };
    }),
  );
}, 120_000);

function unit(kind: "module" | "gomod", id: number): Unit {
  const h1 = `h1:${Buffer.alloc(32).toString("base64")}`;
  const base = { path: `example.com/m${id}`, version: "v1.0.0", modH1: h1, size: 1, files: 1, layers: [0] };
  return kind === "module"
    ? { kind, h1, neededBy: [0], ...base, evidence: { id, proof: "" } }
    : { kind, neededBy: [0], ...base, evidence: { id, proof: "", h1 } };
}

interface Reading {
  log?: NonNullable<Contents["log"]>;
  of?: Unit[];
  entries?: number;
}

async function read(
  content: LayerFile[],
  { log: of = history, of: asked = units, entries = content.length }: Reading = {},
): Promise<object> {
  const layer: Layer = {
    kind: "log",
    digest: `sha256:${"0".repeat(64)}`,
    size: 1,
    diffId: `sha256:${"0".repeat(64)}`,
    tarSize: 1,
    entries,
    chunks: [],
  };
  const reader = new LogFiles(layer, of, asked);
  const tar = new TarReader(reader, { subject: "layer", maxEntries: Infinity, maxBytes: Infinity });
  const bytes = testTar(content);
  for (let at = 0; at < bytes.length; at += 5000) tar.write(bytes.subarray(at, at + 5000));
  tar.finish();
  return await reader.finish();
}

function withFile(index: number, change: (file: LayerFile) => LayerFile): LayerFile[] {
  return files.map((file, i) => (i === index ? change(file) : file));
}

describe("the log layer", () => {
  it("holds the tiles of its records up to the root, and those that connect earlier heads", async () => {
    const place = "mod/cache/download/sumdb/sum.example.com/tile/8/";
    expect(files.map(({ path }) => path.slice(place.length))).toEqual([
      "0/000",
      "0/156",
      "0/253",
      "0/253.p/232",
      "0/257.p/208",
      "1/000",
      "1/000.p/253",
      "1/001.p/1",
      "2/000.p/1",
    ]);
    expect(await read(files)).toEqual({ files: [], size: 0 });
  });

  it("holds none for what go does not ask for", () => {
    const [first] = units;
    if (first === undefined) throw new Error("no unit");
    const own = logTiles({ name: "n", head: log.head() }, [{ ...first, evidence: "private" }]);
    const none = logTiles({ name: "n", head: log.head() }, []);
    expect(own).toEqual(none);
    expect(
      logTiles(
        history,
        IDS.map((id) => unit("gomod", id)),
      ),
    ).toEqual(logTiles(history, units));
  });

  it("is refused with any hash changed, in whatever tile", async () => {
    for (const [index, { content }] of files.entries()) {
      for (const at of [0, Math.floor(content.length / 2), content.length - 1]) {
        const changed = Buffer.from(content);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const layer = withFile(index, (file) => ({ ...file, content: changed }));
        await expect(read(layer)).rejects.toMatchObject({ code: "LOG_MISMATCH" });
      }
    }
  });

  it("is refused with a tile missing, too many, renamed, of another size or mode", async () => {
    const [first] = files;
    const last = files.at(-1);
    if (first === undefined || last === undefined) throw new Error("no file");
    for (const layer of [
      files.slice(1),
      files.slice(0, -1),
      [...files, { ...last, path: `${last.path}0` }],
      withFile(0, (file) => ({ ...file, path: file.path.replace("000", "001") })),
      withFile(0, (file) => ({ ...file, content: file.content.subarray(32) })),
      withFile(0, (file) => ({ ...file, content: Buffer.concat([file.content, file.content]) })),
      withFile(1, (file) => ({ ...file, mode: 0o755 })),
    ]) {
      await expect(read(layer)).rejects.toMatchObject({ code: "ENTRY_REFUSED" });
      await expect(read(layer, { entries: files.length })).rejects.toMatchObject({ code: "ENTRY_REFUSED" });
    }
    await expect(read([])).rejects.toMatchObject({ code: "ENTRY_REFUSED" });
  });

  it("is refused when it has more tiles than a reader holds in memory", async () => {
    const many = Array.from({ length: MAX_TILES + 1 }, (_, i) => unit("module", i * 256));
    const head = log.note(`go.sum database tree\n${2 ** 40}\n${Buffer.alloc(32).toString("base64")}\n`);
    const large = { name: "n", head };
    const entries = logTiles(large, many).length;
    expect(entries).toBeGreaterThan(MAX_TILES);
    await expect(read(files, { log: large, of: many, entries })).rejects.toMatchObject({
      code: "ENTRY_REFUSED",
      expected: expect.stringContaining(String(MAX_TILES)),
    });
  });
});
