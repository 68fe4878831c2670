import { unitName } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { layeredBundle, scriptedToolchain, type LayeredBundle } from "../../../../test/kit/layered-bundle.ts";
import { EVERYTHING, selectUnits, type Selection } from "./selection.ts";

const module = (name: string, neededBy: number[]) => ({
  path: `example.com/${name}`,
  version: "v1.0.0",
  neededBy,
  ...(name === "lone" ? {} : { files: { [name]: name } }),
});

let folder: Awaited<ReturnType<typeof testFolder>>;
let bundle: LayeredBundle;

beforeAll(async () => {
  folder = await testFolder();
  const toolchains = ["1.27.1", "1.26.8"].flatMap((go) => [
    scriptedToolchain(go),
    scriptedToolchain(go, "linux/arm64"),
  ]);
  const modules = [[module("both", [0, 1]), module("app", [0]), module("lone", [1])]];
  bundle = await layeredBundle(folder.path, { toolchains, modules });
});
afterAll(async () => {
  await bundle[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function select(selection: Partial<Selection>): string[] {
  const units = selectUnits(bundle.contents, "linux/amd64", { ...EVERYTHING, ...selection });
  return units.map((unit) => (unit.kind === "toolchain" ? unit.go : unitName(unit))).toSorted();
}

const ALL = ["example.com/app@v1.0.0", "example.com/both@v1.0.0", "example.com/lone@v1.0.0"];

describe("selectUnits", () => {
  it.each<[string, Partial<Selection>, string[]]>([
    ["everything", {}, ["1.26.8", "1.27.1", ...ALL]],
    ["one Go version", { go: ["1.26.8"] }, ["1.26.8", ...ALL]],
    ["Go alone", { modules: "none" }, ["1.26.8", "1.27.1"]],
    ["one version alone", { go: ["1.27.1"], modules: "none" }, ["1.27.1"]],
    [
      "what one project needs",
      { go: ["1.27.1"], modules: { projects: ["app"] } },
      ["1.27.1", "example.com/app@v1.0.0", "example.com/both@v1.0.0"],
    ],
    ["what two projects need", { modules: { projects: ["other", "app"] } }, ["1.26.8", "1.27.1", ...ALL]],
  ])("gives %s, for this platform", (_, selection, expected) => {
    expect(select(selection)).toEqual(expected);
  });

  it.each<[Partial<Selection>, string, string]>([
    [{ go: ["1.27.1", "1.25.0"] }, "Go 1.25.0", "one of 1.27.1, 1.26.8"],
    [{ go: ["1.27"] }, "Go 1.27", "one of 1.27.1, 1.26.8"],
    [{ modules: { projects: ["ap"] } }, "project ap", "one of app, other"],
  ])("refuses %j, and names what there is", (selection, subject, expected) => {
    const error = expect.objectContaining({ code: "NOT_FOUND", subject, expected });
    expect(() => select(selection)).toThrow(error);
  });
});
