import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unitName } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { smallFetched } from "../../../../test/kit/small-bundle.ts";
import type { Fetched, FetchedUnit } from "../stages.ts";
import { layerPress } from "./layer-press.ts";
import { pack } from "./pack.ts";

/** Replaces the zip of the first unit that `is` says, by one with these files. */
async function replaceZip(
  { units }: Fetched,
  is: (unit: FetchedUnit) => boolean,
  files: Record<string, string>,
): Promise<string> {
  const unit = units.find(is);
  if (unit === undefined || unit.kind === "gomod") throw new Error("no such unit");
  const entries = Object.entries(files).map(([name, content]) => ({
    name: `${unitName(unit)}/${name}`,
    content,
  }));
  await writeFile(unit.zip, makeZip(entries));
  return unitName(unit);
}

describe("pack", () => {
  it("describes what it packed: every unit, its layers, its files", async () => {
    await using folder = await temporaryFolder();
    const { fetched } = await smallFetched(folder.path);
    const { contents, layers } = await pack(fetched, layerPress({ workDir: join(folder.path, "layers") }));
    expect(contents.layers).toEqual(layers.map(({ layer }) => layer));
    expect(contents.layers.map(({ kind, platform }) => `${kind} ${platform ?? ""}`)).toEqual([
      "sdk ",
      "sdk linux/amd64",
      "sdk linux/arm64",
      "mod ",
      "log ",
    ]);
    expect(contents.units.map(({ kind, layers: held }) => [kind, held])).toEqual([
      ["gomod", [3]],
      ["module", [3]],
      ["module", [3]],
      ["toolchain", [0, 1]],
      ["toolchain", [0, 2]],
    ]);
    const carrying = contents.layers.filter(({ kind }) => kind !== "log");
    const entries = carrying.reduce((sum, layer) => sum + layer.entries, 0);
    const common = contents.layers[0]?.entries ?? 0;
    const files = contents.units.reduce((sum, unit) => sum + unit.files, 0);
    expect(files).toBe(entries + common);
  });

  it("makes the same bytes again", async () => {
    await using folder = await temporaryFolder();
    const { fetched } = await smallFetched(folder.path);
    const first = await pack(fetched, layerPress({ workDir: join(folder.path, "one") }));
    const second = await pack(fetched, layerPress({ workDir: join(folder.path, "two") }));
    expect(second.documents).toEqual(first.documents);
    for (const [i, { file }] of first.layers.entries()) {
      expect(await readFile(second.layers[i]?.file ?? "")).toEqual(await readFile(file));
    }
  });

  it("refuses a module whose zip is not the one that was fetched", async () => {
    await using folder = await temporaryFolder();
    const { fetched } = await smallFetched(folder.path);
    const is = (unit: FetchedUnit): boolean => unit.kind === "module";
    const name = await replaceZip(fetched, is, { "go.mod": "module example.com/Greeting/v2\n", "x.go": "" });
    const packing = pack(fetched, layerPress({ workDir: join(folder.path, "layers") }));
    await expect(packing).rejects.toMatchObject({ code: "HASH_MISMATCH", subject: name });
  });

  // Common layers are read from one platform's zip only; that the other has the same files must be shown.
  it("refuses toolchains whose common files differ", async () => {
    await using folder = await temporaryFolder();
    const { fetched } = await smallFetched(folder.path);
    const tool = "pkg/tool/linux_amd64/compile";
    const is = (unit: FetchedUnit): boolean => unit.kind === "toolchain" && unit.platform === "linux/amd64";
    const own = { "bin/go": "the go command of 1.27.1 for linux/amd64\n", [tool]: "x" };
    await replaceZip(fetched, is, { ...own, VERSION: "go1.27.1 of somebody else\n" });
    expect(await codeOf(pack(fetched, layerPress({ workDir: join(folder.path, "layers") })))).toBe(
      "HASH_MISMATCH",
    );
  });

  it("ends with the reason of an abort, and with the first failure otherwise", async () => {
    await using folder = await temporaryFolder();
    const { fetched } = await smallFetched(folder.path);
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(pack(fetched, layerPress({ workDir: join(folder.path, "one"), signal }))).rejects.toThrow(
      "Ctrl-C",
    );
    const is = (unit: FetchedUnit): boolean => unit.kind === "toolchain";
    await replaceZip(fetched, is, {});
    const unit = fetched.units.find(is);
    await writeFile(unit?.kind === "toolchain" ? unit.zip : "", "no zip");
    expect(await codeOf(pack(fetched, layerPress({ workDir: join(folder.path, "two") })))).toBe(
      "MODULE_ZIP_INVALID",
    );
  });
});
