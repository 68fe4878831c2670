import { expect, it } from "vitest";
import { goEnvFile, layout, sdkFolder } from "./layout.ts";

it("names every path below the root", () => {
  const at = layout("/opt/goferry");
  const { root: _root, ...below } = at;
  for (const [name, path] of Object.entries(below)) {
    expect(path.startsWith("/opt/goferry/"), name).toBe(true);
  }
  expect(new Set(Object.values(at)).size).toBe(Object.keys(at).length);
});

it("has a GOROOT for each version", () => {
  const at = layout("/opt/goferry");
  expect(sdkFolder(at, "1.27.1")).toBe("/opt/goferry/sdk/go1.27.1");
  expect(goEnvFile(at, "1.27.1")).toBe("/opt/goferry/sdk/go1.27.1/go.env");
});

it("takes a root with a trailing slash for the same root", () => {
  expect(layout("/opt/goferry/").stateFile).toBe(layout("/opt/goferry").stateFile);
});
