import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { modulePlace } from "@goferry/core";
import { expect, it } from "vitest";
import { realHost, testFolder } from "../../../test/kit/host-root.ts";
import { layout } from "./layout.ts";
import { nodeFs } from "./node-fs.ts";
import { selfTestProgram, type SelfTestProgram } from "./selftest-program.ts";
import type { InstalledUnit } from "./transaction/state.ts";

const H1 = `h1:${"A".repeat(43)}=`;
const PLAIN = {
  "a.go": 'package a\n\nimport (\n\t"errors"\n\talias "io/fs"\n)\n\nvar Err = errors.New("")\n',
};

function unit(path: string, kind: "module" | "gomod" = "module"): InstalledUnit {
  const h1 = kind === "module" ? H1 : null;
  const bundles = [`sha256:${"0".repeat(64)}`];
  return { kind, path, version: "v1.0.0", h1, modH1: H1, record: null, size: 1, bundles };
}

/** What is imported when these modules are installed. */
async function chosen(modules: Record<string, Record<string, string>>): Promise<SelfTestProgram> {
  await using folder = await testFolder();
  const units = Object.keys(modules).map((path) => unit(path));
  for (const [i, files] of Object.values(modules).entries()) {
    const place = modulePlace(units[i] ?? unit("example.com/a"));
    const { "go.mod": text = "module x\n\ngo 1.21\n", ...tree } = files;
    for (const [name, content] of [
      [place.mod, text],
      ...Object.entries(tree).map(([n, c]) => [place.tree + n, c]),
    ]) {
      const path = join(folder.root, name ?? "");
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content ?? "");
    }
  }
  const request = { units: [unit("example.com/0", "gomod"), ...units], version: "1.27.1" };
  return await selfTestProgram(nodeFs(realHost), layout(folder.root), request);
}

it("imports a package of a module that needs nothing else, by its hashes", async () => {
  const { files, module } = await chosen({ "example.com/a": PLAIN });
  expect(module).toEqual({ path: "example.com/a", version: "v1.0.0" });
  expect(files["module/main.go"]).toContain('import _ "example.com/a"\n');
  // It is run, by root too, and a module that is imported is run with it.
  expect(files["main.go"]).not.toContain("example.com");
  expect(files["go.mod"]).toContain("require example.com/a v1.0.0\n");
  expect(files["go.sum"]).toBe(`example.com/a v1.0.0 ${H1}\nexample.com/a v1.0.0/go.mod ${H1}\n`);
});

it("takes the package that compiles the least, in a folder too", async () => {
  const many = Array.from({ length: 9 }, (_, i) => `import "std${i}"\n`).join("");
  const { module, files } = await chosen({
    "example.com/many": { "a.go": `package many\n\n${many}` },
    "example.com/deep": { "sub/a.go": "package sub\n", "README.md": "" },
  });
  expect(module?.path).toBe("example.com/deep");
  expect(files["module/main.go"]).toContain('_ "example.com/deep/sub"');
});

it.each<[string, Record<string, string>]>([
  ["requirements", { ...PLAIN, "go.mod": "module x\n\nrequire example.com/y v1.0.0\n" }],
  ["a newer Go", { ...PLAIN, "go.mod": "module x\n\ngo 1.28\n" }],
  ["a build constraint", { "a.go": "//go:build windows\n\npackage a\n" }],
  ["files for one system", { ...PLAIN, "b_windows.go": "package a\n" }],
  ["C", { "a.go": 'package a\n\nimport "C"\n' }],
  ["another module in it", { "a.go": 'package a\n\nimport "example.com/y"\n' }],
  ["a program", { "a.go": "package main\n\nfunc main() {}\n" }],
  ["packages of its own only", { "internal/a.go": "package internal\n" }],
  ["tests alone", { "a_test.go": "package a\n" }],
])("leaves out a module with %s", async (_, files) => {
  const { module, files: program } = await chosen({ "example.com/a": files });
  expect(module).toBeNull();
  expect(program["go.sum"]).toBe("");
  expect(Object.keys(program)).toEqual(["main.go", "go.mod", "go.sum"]);
});
