import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readTestLayer, testTar, type LayerFile } from "../../../../test/kit/changed-bundle.ts";
import { smallBundle, type SmallBundle } from "../../../../test/kit/small-bundle.ts";
import { EntryNames } from "../archive/names.ts";
import { TarReader } from "../archive/tar-reader.ts";
import { hashLines } from "../dirhash.ts";
import { GoferryError } from "../errors.ts";
import type { Layer, Unit } from "../format/contents.ts";
import { unitName } from "../format/units.ts";
import { LayerFiles, type LayerSink, type LayerSums } from "./layer-files.ts";
import { modulePlace } from "./place.ts";
import { checkToolchain } from "./toolchain.ts";

const COMMON = 0;
const OWN = 1;
const MODULES = 2;

const HELLO = { path: "example.com/hello", version: "v1.2.0" };
const GRAPH = { path: "example.com/graph", version: "v0.1.0" };
const PLACE = modulePlace(HELLO);

let small: SmallBundle;

beforeAll(async () => {
  small = await smallBundle({ platforms: ["linux/amd64"] });
});

function filesOf(index: number): LayerFile[] {
  return readTestLayer(small.layers[index] ?? new Uint8Array());
}

interface Reading {
  /** Changes what the contents say of the layer and its units. */
  layer?: Partial<Layer>;
  units?: (unit: Unit) => Unit;
  sink?: LayerSink;
  /** Bytes of the pieces in which the tar stream comes. */
  pieces?: number[];
}

/** Reads files as those of a layer of the bundle, which says that it has as many. */
function read(
  index: number,
  files: LayerFile[],
  { layer, units = (unit) => unit, sink, pieces }: Reading = {},
): LayerSums {
  const announced = small.packed.contents.layers[index];
  if (announced === undefined) throw new Error(`no layer ${index}`);
  const ofLayer = small.packed.contents.units.filter((unit) => unit.layers.includes(index)).map(units);
  const reader = new LayerFiles({ ...announced, entries: files.length, ...layer }, ofLayer, { sink });
  const tar = testTar(files);
  const limits = { subject: "layer", maxEntries: Infinity, maxBytes: Infinity, names: new EntryNames() };
  const stream = new TarReader(reader, limits);
  for (let at = 0, i = 0; at < tar.length; i++) {
    const end = at + (pieces?.[i % pieces.length] ?? tar.length);
    stream.write(tar.subarray(at, end));
    at = end;
  }
  stream.finish();
  return reader.finish();
}

const refused = (code: string, subject: string) =>
  expect.objectContaining({ code, subject: expect.stringContaining(subject) });

/** The files with one of them changed, by its path. */
function changed(files: LayerFile[], path: string, change: Partial<LayerFile>): LayerFile[] {
  const found = files.findIndex((file) => file.path === path);
  if (found === -1) throw new Error(`no file ${path}`);
  return files.map((file, i) => (i === found ? { ...file, ...change } : file));
}

const without = (files: LayerFile[], path: string): LayerFile[] =>
  changed(files, path, {}).filter((file) => file.path !== path);

const text = (content: string): Uint8Array => Buffer.from(content);

describe("a layer of modules", () => {
  it("proves every module in it, and keeps no sums for toolchains", () => {
    const proven: [string, string][] = [];
    const sink: LayerSink = {
      begin: () => undefined,
      data: () => undefined,
      end: () => undefined,
      module: (unit, { lines, sizes }) => {
        proven.push([unitName(unit), hashLines(lines)]);
        expect(sizes).toHaveLength(lines.split("\n").length - 1);
      },
    };
    expect(read(MODULES, filesOf(MODULES), { sink })).toEqual({ files: [], size: 0 });
    const modules = small.packed.contents.units.flatMap((unit) =>
      unit.kind === "module" ? [[unitName(unit), unit.h1]] : [],
    );
    expect(proven).toEqual(modules);
  });

  it("hands every file to the sink with its hash, in whatever pieces it comes", () => {
    const files = filesOf(MODULES);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1 }), (pieces) => {
        const seen: { path: string; sha256: string; found: string }[] = [];
        let sum = createHash("sha256");
        const sink: LayerSink = {
          begin: ({ path }) => {
            seen.push({ path, sha256: "", found: "" });
            sum = createHash("sha256");
          },
          data: (bytes) => void sum.update(bytes),
          end: (sha256) => void Object.assign(seen.at(-1) ?? {}, { sha256, found: sum.digest("hex") }),
        };
        read(MODULES, files, { sink, pieces });
        expect(seen.map(({ path }) => path)).toEqual(files.map(({ path }) => path));
        expect(seen.map(({ sha256 }) => sha256)).toEqual(seen.map(({ found }) => found));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    "mod/example.com/hello@v1.2.0/evil.go",
    "mod/example.com/hello@v1.2.1/x.go",
    "mod/example.com/hello/x.go",
    "mod/x.go",
    "x.go",
    "bin/go",
    "sdk/go1.27.1/src/x.go",
    "mod/cache/lock",
    "mod/cache/download/example.com/hello/@v/list",
    "mod/cache/download/example.com/hello/@v/v1.2.0.zip",
    "mod/cache/download/example.com/hello/@v/v1.2.0.ziphash2",
    "mod/cache/download/example.com/graph/@v/v0.1.0.ziphash",
    "mod/example.com/graph@v0.1.0/graph.go",
    "mod/cache/download/sumdb/sum.golang.org/latest",
    "mod/example.com/Hello@v1.2.0/x.go",
  ])("may not hold %s", (path) => {
    const isInTree = path.startsWith(PLACE.tree);
    const stray = { path, mode: 0o644 as const, content: text("evil") };
    // In the tree of a module its hash refuses it.
    const error = isInTree ? refused("HASH_MISMATCH", unitName(HELLO)) : refused("ENTRY_REFUSED", path);
    expect(() => read(MODULES, [...filesOf(MODULES), stray])).toThrow(error);
    expect(() => read(MODULES, [stray, ...filesOf(MODULES)])).toThrow(error);
  });

  it("has no executable files", () => {
    for (const { path } of filesOf(MODULES)) {
      const files = changed(filesOf(MODULES), path, { mode: 0o755 });
      expect(() => read(MODULES, files), path).toThrow(refused("ENTRY_REFUSED", path.slice(0, 100)));
    }
  });

  it("has none of its files changed, longer, shorter, missing or renamed", () => {
    const files = filesOf(MODULES);
    for (const { path, content } of files) {
      const contents = [
        Buffer.concat([content, text("x")]),
        ...(content.length > 0 ? [content.subarray(1)] : []),
      ];
      for (const other of contents) {
        const all = changed(files, path, { content: other });
        expect(() => read(MODULES, all), path).toThrow(expect.objectContaining({ code: "HASH_MISMATCH" }));
      }
      expect(() => read(MODULES, without(files, path)), path).toThrow(refused("HASH_MISMATCH", "@v"));
      const renamed = changed(files, path, { path: `${path}x` });
      const code = expect.stringMatching(/^(HASH_MISMATCH|ENTRY_REFUSED)$/);
      expect(() => read(MODULES, renamed), path).toThrow(expect.objectContaining({ code }));
    }
  });

  it.each(["info", "mod", "ziphash"] as const)(
    "has the .%s of a module, even if it announces a file less",
    (kind) => {
      const path = PLACE[kind];
      const removed = filesOf(MODULES).find((file) => file.path === path)?.content.length ?? 0;
      const units = (unit: Unit): Unit =>
        unit.path === HELLO.path ? { ...unit, files: unit.files - 1, size: unit.size - removed } : unit;
      expect(() => read(MODULES, without(filesOf(MODULES), path), { units })).toThrow(
        refused("HASH_MISMATCH", unitName(HELLO)),
      );
    },
  );

  it("has the .info of a lone go.mod, even if it announces a file less", () => {
    const units = (unit: Unit): Unit =>
      unit.kind === "gomod" ? { ...unit, files: 1, size: unit.size - 20 } : unit;
    const files = without(filesOf(MODULES), modulePlace(GRAPH).info);
    expect(() => read(MODULES, files, { units })).toThrow(refused("HASH_MISMATCH", unitName(GRAPH)));
  });

  it.each([
    ["a time, which no log covers", '{"Version":"v1.2.0","Time":"2026-01-01T00:00:00Z"}'],
    ["another version", '{"Version":"v1.2.1"}'],
    ["a newline", '{"Version":"v1.2.0"}\n'],
  ])("has no .info with %s", (_, info) => {
    const files = changed(filesOf(MODULES), PLACE.info, { content: text(info) });
    expect(() => read(MODULES, files)).toThrow(refused("HASH_MISMATCH", PLACE.info));
  });

  it("announces files and bytes of its units as they are", () => {
    const refusal = refused("HASH_MISMATCH", unitName(HELLO));
    for (const change of [{ files: 7 }, { files: 0 }, { size: 1 }]) {
      const units = (unit: Unit): Unit => (unit.path === HELLO.path ? { ...unit, ...change } : unit);
      expect(() => read(MODULES, filesOf(MODULES), { units })).toThrow(refusal);
    }
  });

  it("announces its number of files as it is", () => {
    const entries = filesOf(MODULES).length + 1;
    expect(() => read(MODULES, filesOf(MODULES), { layer: { entries } })).toThrow(
      refused("HASH_MISMATCH", "files"),
    );
  });
});

describe("what no unit answers for", () => {
  /** The paths that reach the sink before the refusal. */
  function begun(index: number, files: LayerFile[], units?: (unit: Unit) => Unit): string[] {
    const paths: string[] = [];
    const sink = {
      begin: ({ path }: { path: string }) => void paths.push(path),
      data: () => undefined,
      end: () => undefined,
    };
    expect(() => read(index, files, { sink, ...(units === undefined ? {} : { units }) })).toThrow(
      GoferryError,
    );
    return paths;
  }

  it("does not reach the sink: a stray file, a wrong mode, a go.mod that Go refuses", () => {
    for (const stray of [
      { path: "bin/go", mode: 0o644 as const, content: text("evil") },
      { path: `${PLACE.tree}x.sh`, mode: 0o755 as const, content: text("evil") },
      { path: `${PLACE.tree}sub/go.mod`, mode: 0o644 as const, content: text("module evil\n") },
    ]) {
      expect(begun(MODULES, [...filesOf(MODULES), stray])).not.toContain(stray.path);
    }
  });

  it("does not reach the sink: more bytes than the unit announces, in modules and in toolchains", () => {
    const big = { path: `${PLACE.tree}zzz`, mode: 0o644 as const, content: Buffer.alloc(1_000_000) };
    expect(begun(MODULES, [...filesOf(MODULES), big])).not.toContain(big.path);
    const own = { path: "sdk/go1.27.1/zzz", mode: 0o644 as const, content: Buffer.alloc(1_000_000) };
    expect(begun(COMMON, [...filesOf(COMMON), own])).not.toContain(own.path);
  });
});

describe("the layers of a toolchain", () => {
  it("leave the names and hashes of the module zip, which together have its h1", () => {
    const sums = [read(COMMON, filesOf(COMMON)), read(OWN, filesOf(OWN))];
    expect(sums.map(({ files }) => files.map(({ name }) => name))).toEqual([
      ["LICENSE", "VERSION", "go.env", "src/all.bash", "src/cmd/_go.mod", "src/fmt/print.go", "src/_go.mod"],
      ["bin/go", "bin/gofmt", "pkg/tool/linux_amd64/compile"],
    ]);
    const unit = small.packed.contents.units.find(({ kind }) => kind === "toolchain");
    if (unit?.kind !== "toolchain") throw new Error("no toolchain");
    expect(hashLines(checkToolchain(unit, sums).lines)).toBe(unit.h1);
  });

  it.each([
    "sdk/go1.27.2/VERSION",
    "sdk/go1.27.10/VERSION",
    "sdk/VERSION",
    "mod/example.com/a@v1.0.0/a.go",
    "bin/go",
    "go.env",
  ])("may not hold %s", (path) => {
    const stray = { path, mode: 0o644 as const, content: text("") };
    expect(() => read(COMMON, [...filesOf(COMMON), stray])).toThrow(refused("ENTRY_REFUSED", path));
  });

  it("have the modes of the official archives and no others", () => {
    for (const layer of [COMMON, OWN]) {
      for (const { path, mode } of filesOf(layer)) {
        const files = changed(filesOf(layer), path, { mode: mode === 0o644 ? 0o755 : 0o644 });
        expect(() => read(layer, files), path).toThrow(refused("ENTRY_REFUSED", path));
      }
    }
  });

  it("may not hold a _go.mod, which would hash like a go.mod", () => {
    const files = changed(filesOf(COMMON), "sdk/go1.27.1/src/go.mod", { path: "sdk/go1.27.1/src/_go.mod" });
    expect(() => read(COMMON, files)).toThrow(refused("ENTRY_REFUSED", "src/_go.mod"));
  });

  it("announce their number of files as it is", () => {
    expect(() => read(OWN, filesOf(OWN), { layer: { entries: 2 } })).toThrow(
      refused("HASH_MISMATCH", "files"),
    );
  });
});
