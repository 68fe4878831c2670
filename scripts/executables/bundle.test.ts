// What a command loads of the program. Every package that is loaded costs each start of goferry: openpgp alone takes
// longer than node does.

import { fileURLToPath } from "node:url";
import type { Metafile } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleSources, type Sources } from "./bundle.ts";

let sources: Sources;

beforeAll(async () => {
  sources = await bundleSources(fileURLToPath(new URL("../..", import.meta.url)));
});

describe("the program", () => {
  it("has all its parts among the assets", () => {
    expect(Object.keys(sources.parts.outputs).toSorted()).toEqual(
      Object.keys(sources.assets)
        .filter((name) => name.startsWith("program/"))
        .toSorted(),
    );
  });

  it("hands on what a file of one package exports of another", () => {
    const entry = "packages/goferry/src/system-log.ts";
    const { outputs } = sources.parts;
    const exported = Object.values(outputs).find(({ entryPoint }) => entryPoint === entry)?.exports;
    expect(exported).toEqual(["tellSyslog"]);
  });

  it("starts with the command line alone", () => {
    expect(packagesOf("packages/goferry/src/main.ts")).toEqual(["yargs", "yargs-parser"]);
  });

  it.each(["use", "list", "rollback", "status", "gc", "check", "audit"])(
    "needs no OpenPGP, no network and no YAML for goferry %s",
    (command) => {
      expect(packagesOf(`packages/goferry/src/commands/${command}.ts`)).toEqual(["zod"]);
    },
  );

  it.each(["use", "list", "status", "check", "install", "verify"])(
    "has the small schemas of zod for goferry %s",
    (command) => {
      const inputs = inputsOf(`packages/goferry/src/commands/${command}.ts`);
      expect(inputs.filter((input) => input.includes("/zod/v4/classic/"))).toEqual([]);
    },
  );

  it("needs nothing of the bundler to install", () => {
    const command = "packages/goferry/src/commands/install.ts";
    expect(packagesOf(command)).toEqual(["openpgp", "zod"]);
    expect(inputsOf(command).filter((input) => input.startsWith("packages/bundler/"))).toEqual([]);
  });
});

/** Those of other people that are evaluated with the part that begins with `entry`, but for the smallest. */
function packagesOf(entry: string): string[] {
  const names = inputsOf(entry).flatMap((input) => {
    const [, name] = /node_modules\/\.pnpm\/[^/]+\/node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(input) ?? [];
    return name === undefined || ["escalade", "get-caller-file"].includes(name) ? [] : [name];
  });
  return [...new Set(names)].toSorted();
}

/** The sources that are evaluated with that part, without those of the start. */
function inputsOf(entry: string): string[] {
  const { outputs } = sources.parts;
  const start = partsOf("packages/goferry/src/main.ts", outputs);
  const parts = partsOf(entry, outputs);
  const added = entry.endsWith("main.ts") ? [...parts] : [...parts].filter((part) => !start.has(part));
  return added.flatMap((part) => Object.keys(outputs[part]?.inputs ?? {}));
}

function partsOf(entry: string, outputs: Metafile["outputs"]): Set<string> {
  const found = new Set<string>();
  const add = (part: string): void => {
    if (found.has(part)) return;
    found.add(part);
    for (const { path, kind, external } of outputs[part]?.imports ?? []) {
      if (kind === "import-statement" && external !== true) add(path);
    }
  };
  for (const [part, { entryPoint }] of Object.entries(outputs)) if (entryPoint === entry) add(part);
  expect(found.size, `parts of ${entry}`).toBeGreaterThan(0);
  return found;
}
