import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { realHost, testFolder } from "../../../../test/kit/host-root.ts";
import { layout } from "../layout.ts";
import { nodeFs } from "../node-fs.ts";
import { emptyState, parseState, readState, serializeState } from "./state.ts";
import type { State } from "./state.ts";

const at = layout("/opt/goferry");
const h1 = `h1:${"A".repeat(43)}=`;
const digest = `sha256:${"0".repeat(64)}`;

const full: State = {
  ...emptyState("/opt/goferry"),
  generation: 2,
  transaction: "t2",
  current: "1.27.1",
  sdks: [
    { version: "1.27.1", platform: "linux/amd64", h1, size: 1, record: { id: 7 }, bundles: [digest] },
    { version: "1.26.8", platform: "linux/amd64", h1, size: 1, record: { id: 7 }, bundles: [digest] },
  ],
  bundles: [
    {
      name: "site",
      serial: 1772600767,
      indexDigest: digest,
      installedAt: "2026-03-04T05:06:07.000Z",
      signers: ["0123456789ABCDEF0123456789ABCDEF01234567"],
      treeSize: 71_800_000,
      projects: ["./app"],
      complete: false,
      zips: true,
    },
  ],
  units: [
    {
      kind: "module",
      path: "golang.org/x/sync",
      version: "v0.15.0",
      h1,
      modH1: h1,
      record: { id: 7, h1 },
      size: 1,
      bundles: [digest],
    },
    {
      kind: "gomod",
      path: "golang.org/x/mod",
      version: "v0.25.0",
      h1: null,
      modH1: h1,
      record: { id: 7, h1 },
      size: 1,
      bundles: [digest],
    },
  ],
  serials: [
    { name: "site", serial: 1772600767, indexDigest: digest },
    { name: "gone", serial: 1772600768, indexDigest: digest },
  ],
  log: { key: "sum.example.com+00000000+x", heads: ["go.sum database tree\n71800000\n"], lookups: null },
  auditHead: digest,
};

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const refused = (code: string): unknown => expect.objectContaining({ code, subject: at.stateFile });

it("is that of an empty root where there is none", async () => {
  await using folder = await testFolder();
  const fs = nodeFs(realHost);
  const here = layout(folder.root);
  expect(await readState(fs, here)).toEqual(emptyState(folder.root));
  await mkdir(dirname(here.stateFile), { recursive: true });
  await writeFile(here.stateFile, serializeState({ ...emptyState(folder.root), generation: 7 }));
  expect((await readState(fs, here)).generation).toBe(7);
});

it("holds what a bundle may hold, Go 2 too", () => {
  const sdks = [
    ...full.sdks,
    { version: "2.0.1", platform: "linux/amd64", h1, size: 1, record: { id: 7 }, bundles: [digest] },
  ];
  const state = { ...full, sdks, current: "2.0.1" };
  expect(parseState(serializeState(state), at).current).toBe("2.0.1");
  expect(() => parseState(bytesOf({ ...state, current: "1.27" }), at)).toThrow(refused("STATE_DAMAGED"));
});

it("is read as it was written", () => {
  const read = parseState(serializeState(full), at);
  expect(new Set(read.sdks)).toEqual(new Set(full.sdks));
  expect(read.serials).toEqual(full.serials.toReversed());
  expect({ ...read, sdks: [], units: [], serials: [] }).toEqual({
    ...full,
    sdks: [],
    units: [],
    serials: [],
  });
});

it("has one spelling, whatever the order of its lists and keys", () => {
  const shuffled = fc.record({
    sdks: fc.shuffledSubarray(full.sdks, { minLength: 2 }),
    units: fc.shuffledSubarray(full.units, { minLength: 2 }),
    keys: fc.shuffledSubarray(Object.entries(full), { minLength: Object.keys(full).length }),
  });
  fc.assert(
    fc.property(shuffled, ({ keys, sdks, units }) => {
      const same = { ...full, ...Object.fromEntries(keys), sdks, units };
      expect(serializeState(same)).toEqual(serializeState(full));
    }),
  );
});

it("is never written when it could not be read again", () => {
  expect(() => serializeState({ ...full, current: "go1.27.1" })).toThrow(
    expect.objectContaining({ code: "INTERNAL" }),
  );
});

describe("refuses", () => {
  it.each<[string, Uint8Array]>([
    ["no JSON", Buffer.from("{")],
    ["an empty file, as a power cut leaves it", Buffer.from("")],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ["another kind of document", bytesOf([])],
    ["a missing key", bytesOf({ ...full, units: undefined })],
    ["a key too many", bytesOf({ ...full, extra: 1 })],
    ["a version that is none", bytesOf({ ...full, current: "../../etc" })],
    ["a generation that is no count", bytesOf({ ...full, generation: -1 })],
    ["__proto__", Buffer.from(JSON.stringify(full).replace("{", '{"__proto__":{},'))],
  ])("%s", (_name, bytes) => {
    expect(() => parseState(bytes, at)).toThrow(refused("STATE_DAMAGED"));
  });

  it("a later version, whatever else it holds", () => {
    expect(() => parseState(bytesOf({ stateVersion: 2, root: 5 }), at)).toThrow(refused("STATE_NEWER"));
  });

  it("the state of another root", () => {
    const moved = bytesOf({ ...full, root: "/srv/goferry" });
    expect(() => parseState(moved, at)).toThrow(
      expect.objectContaining({ code: "ROOT_MOVED", expected: "/opt/goferry", found: "/srv/goferry" }),
    );
  });

  it("or reads any damage, but never throws anything else", () => {
    const good = serializeState(full);
    const damage = fc.record({ index: fc.nat({ max: good.length - 1 }), byte: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(damage, ({ index, byte }) => {
        const bytes = Uint8Array.from(good);
        bytes[index] = byte;
        expect(codeOf(() => parseState(bytes, at))).toMatch(/^(read|STATE_DAMAGED|STATE_NEWER|ROOT_MOVED)$/);
      }),
    );
  });
});

function codeOf(call: () => unknown): string {
  try {
    call();
    return "read";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
