import { appendFile, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareNames, toolchainModule } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { makeZip, type TestEntry } from "../../../../test/kit/make-zip.ts";
import type { FetchedUnit } from "../stages.ts";
import { planLayers } from "./layer-plan.ts";
import {
  MAX_PARTS,
  rememberedBegins,
  WORK_PER_FILE,
  WORK_PER_PART,
  type PartBegins,
  type ToolchainUnit,
} from "./toolchain-layers.ts";
import type { PlannedFile } from "./planned-layer.ts";

const HASHES = { h1: "h1:x=", modH1: "h1:y=", evidence: "private" } as const;

interface TestModule {
  path: string;
  version?: string;
  /** Size that the zip's directory claims for each file. */
  files: Record<string, number>;
}

async function moduleUnit(
  folder: string,
  { path, version = "v1.0.0", files }: TestModule,
): Promise<FetchedUnit> {
  const name = `${path.replaceAll("/", "_")}@${version}`;
  const entries = Object.entries(files).map(([file, size]): TestEntry => ({
    name: `${path}@${version}/${file}`,
    content: "content",
    size,
  }));
  const [zip, mod] = [join(folder, `${name}.zip`), join(folder, `${name}.mod`)];
  await writeFile(zip, makeZip(entries));
  await writeFile(mod, `module ${path}\n`);
  return { kind: "module", path, version, zip, mod, neededBy: [0], ...HASHES };
}

/** `sources`: files of src/ by the size that the zip's directory claims for them. */
async function toolchainUnit(
  folder: string,
  go: string,
  platform: string,
  sources: Record<string, number> = {},
): Promise<ToolchainUnit> {
  const module = toolchainModule(go, platform);
  const prefix = `${module.path}@${module.version}/`;
  const tool = `pkg/tool/${platform.replace("/", "_")}/compile`;
  const names = ["VERSION", "bin/go", tool, "pkg/include/asm.h", "src/_go.mod", "src/all.bash", "src/a.go"];
  const zip = join(folder, `${module.version}.zip`);
  const entries: TestEntry[] = names.map((name) => ({ name: prefix + name, content: name }));
  for (const [name, size] of Object.entries(sources))
    entries.push({ name: `${prefix}src/${name}`, content: name, size });
  await writeFile(zip, makeZip(entries));
  return { kind: "toolchain", ...module, zip, ...HASHES };
}

/** Zips that this process has open. */
async function openZips(folder: string): Promise<string[]> {
  const links = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return links.filter((target) => target.startsWith(folder));
}

/** The plan as text: what is in which layer. */
async function describePlan(units: readonly FetchedUnit[]): Promise<string[]> {
  const lines: string[] = [];
  for (const { kind, go = "", platform = "", open, units: held } of await planLayers(units)) {
    await using opened = await open();
    lines.push(
      `${kind} ${go} ${platform} units: ${held.map(({ path, version }) => path + version).join(" ")}`,
    );
    lines.push(...opened.files.map(({ path, mode, size }) => `${path} ${mode} ${size}`));
  }
  return lines;
}

async function read({ content }: PlannedFile): Promise<string> {
  return Buffer.from(
    content instanceof Uint8Array ? content : await content.zip.read(content.entry),
  ).toString();
}

describe("planLayers", () => {
  it("has a layer for what platforms share and one for each platform, by their names in a GOROOT", async () => {
    await using folder = await temporaryFolder();
    const units = [
      await toolchainUnit(folder.path, "1.27.1", "linux/arm64"),
      await toolchainUnit(folder.path, "1.27.1", "linux/amd64"),
      await toolchainUnit(folder.path, "1.26.8", "linux/amd64"),
    ];
    const layers = await planLayers(units);
    expect(layers.map(({ kind, go, platform }) => [kind, go, platform])).toEqual([
      ["sdk", "1.26.8", undefined],
      ["sdk", "1.26.8", "linux/amd64"],
      ["sdk", "1.27.1", undefined],
      ["sdk", "1.27.1", "linux/amd64"],
      ["sdk", "1.27.1", "linux/arm64"],
    ]);
    await using common = await layers[2]?.open();
    expect(common?.files.map(({ path, mode, hashed }) => [path, mode.toString(8), hashed?.name])).toEqual([
      ["sdk/go1.27.1/VERSION", "644", "VERSION"],
      ["sdk/go1.27.1/pkg/include/asm.h", "644", "pkg/include/asm.h"],
      ["sdk/go1.27.1/src/a.go", "644", "src/a.go"],
      ["sdk/go1.27.1/src/all.bash", "755", "src/all.bash"],
      ["sdk/go1.27.1/src/go.mod", "644", "src/_go.mod"],
    ]);
    // The first platform's copy stands for all of them.
    expect(common?.files.every(({ hashed }) => hashed?.unit === units[1])).toBe(true);
    await using own = await layers[4]?.open();
    expect(own?.files.map(({ path, mode }) => [path, mode.toString(8)])).toEqual([
      ["sdk/go1.27.1/bin/go", "755"],
      ["sdk/go1.27.1/pkg/tool/linux_arm64/compile", "755"],
    ]);
  });

  it("spreads what platforms share over at most four layers of about equal work, in path order", async () => {
    await using folder = await temporaryFolder();
    const sizes = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (megabytes) => {
        const names = megabytes.map((_, i) => `m${String(i).padStart(2, "0")}.go`);
        const sources = Object.fromEntries(names.map((name, i) => [name, (megabytes[i] ?? 0) << 20]));
        const unit = await toolchainUnit(folder.path, "1.27.1", "linux/amd64", sources);
        const common = (await planLayers([unit])).filter(({ platform }) => platform === undefined);
        const parts: PlannedFile[][] = [];
        for (const layer of common) {
          await using opened = await layer.open();
          parts.push(opened.files);
        }
        expect(new Set(common.map(({ identity }) => identity)).size).toBe(common.length);
        const paths = parts.flat().map(({ path }) => path);
        expect(paths).toEqual(paths.toSorted(compareNames));
        expect(paths.length).toBe(5 + names.length);
        const work = (files: readonly PlannedFile[]): number =>
          files.reduce((sum, { size }) => sum + size + WORK_PER_FILE, 0);
        const total = work(parts.flat());
        expect(parts.length).toBeLessThanOrEqual(MAX_PARTS);
        // A file is not cut, so one that is larger than a part takes the place of several.
        const largest = Math.max(...parts.flat().map(({ size }) => size + WORK_PER_FILE));
        expect(parts.length).toBeGreaterThanOrEqual(
          Math.min(MAX_PARTS, total / (WORK_PER_PART + largest)) | 0,
        );
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(0);
          expect(work(part)).toBeLessThan(Math.max(total / MAX_PARTS, 2 * WORK_PER_PART) + largest);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("remembers where the parts of a toolchain begin, and lists its zip once", async () => {
    await using folder = await temporaryFolder();
    const unit = await toolchainUnit(folder.path, "1.27.1", "linux/amd64", { "b.go": 80 << 20, "c.go": 1 });
    const records = join(folder.path, "records");
    const identities = async (begins?: PartBegins): Promise<string[]> =>
      (await planLayers([unit], { begins })).map(({ identity }) => identity);
    const planned = await identities();
    expect(planned.length).toBeGreaterThan(2);
    expect(await identities(rememberedBegins(records, "goferry/1"))).toEqual(planned);
    await rm(unit.zip);
    expect(await identities(rememberedBegins(records, "goferry/1"))).toEqual(planned);
    expect(await codeOf(identities(rememberedBegins(records, "goferry/2")))).toBe("IO_FAILED");
    const [record = ""] = await readdir(records);
    await appendFile(join(records, record), " ");
    expect(await codeOf(identities(rememberedBegins(records, "goferry/1")))).toBe("IO_FAILED");
  });

  it("puts a module's tree and what lies beside it into one layer, all in path order", async () => {
    await using folder = await temporaryFolder();
    const module = await moduleUnit(folder.path, {
      path: "example.com/Up/v2",
      version: "v2.0.0",
      files: { "z.go": 7, "a/b.go": 7 },
    });
    const mod = join(folder.path, "graph.mod");
    await writeFile(mod, "module example.com/graph\n");
    const path = "example.com/graph";
    const gomod: FetchedUnit = {
      kind: "gomod",
      path,
      version: "v0.1.0",
      neededBy: [0],
      mod,
      modH1: "h1:",
      evidence: "private",
    };
    const [layer] = await planLayers([gomod, module]);
    await using opened = await layer?.open();
    const files = opened?.files ?? [];
    expect(
      await Promise.all(files.map(async (file) => [file.path, await read(file), file.hashed?.name])),
    ).toEqual([
      ["mod/cache/download/example.com/!up/v2/@v/v2.0.0.info", '{"Version":"v2.0.0"}', undefined],
      ["mod/cache/download/example.com/!up/v2/@v/v2.0.0.mod", "module example.com/Up/v2\n", undefined],
      ["mod/cache/download/example.com/!up/v2/@v/v2.0.0.ziphash", "h1:x=", undefined],
      ["mod/cache/download/example.com/graph/@v/v0.1.0.info", '{"Version":"v0.1.0"}', undefined],
      ["mod/cache/download/example.com/graph/@v/v0.1.0.mod", "module example.com/graph\n", undefined],
      ["mod/example.com/!up/v2@v2.0.0/a/b.go", "content", "a/b.go"],
      ["mod/example.com/!up/v2@v2.0.0/z.go", "content", "z.go"],
    ]);
    expect(layer?.units).toEqual([module, gomod]);
  });

  it("spreads modules over layers of about equal size, each file once, whatever order they come in", async () => {
    await using folder = await temporaryFolder();
    const sizes = fc.array(fc.integer({ min: 0, max: 490 }), { minLength: 1, maxLength: 24 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(sizes, fc.infiniteStream(fc.double({ noNaN: true })), async (megabytes, order) => {
        run += 1;
        const units: FetchedUnit[] = [];
        for (const [i, size] of megabytes.entries()) {
          const path = `example.com/m${run}/${i}`;
          units.push(await moduleUnit(folder.path, { path, files: { "a.go": size << 20, "b.go": 0 } }));
        }
        const plan = await describePlan(units);
        const keyed = units.map((unit) => ({ unit, key: order.next().value }));
        const shuffled = keyed.toSorted((a, b) => a.key - b.key).map(({ unit }) => unit);
        expect(await describePlan(shuffled)).toEqual(plan);

        const paths = plan.flatMap((line) => (line.startsWith("mod/") ? [line.split(" ")[0] ?? ""] : []));
        expect(new Set(paths).size).toBe(paths.length);
        expect(paths).toHaveLength(units.length * 5);
        const layers = await planLayers(units);
        const total = megabytes.reduce((sum, each) => sum + each, 0);
        expect(layers.length).toBeLessThanOrEqual(Math.max(1, Math.min(16, Math.ceil(total / 192))));
        for (const layer of layers) {
          await using opened = await layer.open();
          const inOrder = opened.files.map(({ path }) => path).toSorted(compareNames);
          expect(opened.files.map(({ path }) => path)).toEqual(inOrder);
          // No layer is larger than its share and the one module that did not fit.
          const megabytesHere = opened.files.reduce((sum, { size }) => sum + size, 0) / (1 << 20);
          expect(megabytesHere).toBeLessThan(total / layers.length + Math.max(...megabytes) + 1);
        }
      }),
      { numRuns: 12 },
    );
  });

  it("has no more than 16 layers of modules", async () => {
    await using folder = await temporaryFolder();
    const units: FetchedUnit[] = [];
    for (let i = 0; i < 24; i++) {
      units.push(await moduleUnit(folder.path, { path: `example.com/${i}`, files: { "a.go": 400 << 20 } }));
    }
    expect(await planLayers(units)).toHaveLength(16);
  });

  // With a thousand modules, descriptors ran out, and each open zip kept a megabyte of what was read last.
  it("has one zip of a layer open at a time, and none afterwards", async () => {
    await using folder = await temporaryFolder();
    const units: FetchedUnit[] = [];
    for (let i = 0; i < 30; i++) {
      units.push(
        await moduleUnit(folder.path, { path: `example.com/${i}`, files: { "a.go": 7, "b.go": 7 } }),
      );
    }
    const [layer] = await planLayers(units);
    expect(await openZips(folder.path)).toEqual([]);
    const opened = await layer?.open();
    for (const file of opened?.files ?? []) {
      await read(file);
      expect((await openZips(folder.path)).length).toBeLessThanOrEqual(1);
    }
    await opened?.[Symbol.asyncDispose]();
    expect(await openZips(folder.path)).toEqual([]);
  });

  it("refuses a damaged zip, and leaves nothing open", async () => {
    await using folder = await temporaryFolder();
    const good = await moduleUnit(folder.path, { path: "example.com/a", files: { "a.go": 7 } });
    const bad = await moduleUnit(folder.path, { path: "example.com/b", files: { "a.go": 7 } });
    const [layer] = await planLayers([good, bad]);
    await writeFile(bad.kind === "module" ? bad.zip : "", "no zip");
    expect(await codeOf(planLayers([good, bad]))).toBe("MODULE_ZIP_INVALID");
    expect(await codeOf((async () => await layer?.open())())).toBe("MODULE_ZIP_INVALID");
    expect(await openZips(folder.path)).toEqual([]);
  });
});
