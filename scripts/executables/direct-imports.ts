// Imports of a package of ours, which name its index file, become imports of the files that the index file lists. A part of
// the program has whole files in it, and with an index file it would have everything that the package offers.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";

/** `export { a, type B } from "./file.ts"` and the same with `import`; scripts/index-exports.test.ts holds the form. */
const LISTED = /^(import|export) (type )?\{([^}]*)\} from "([^"]+)";/gmu;

/** @param root the top level of the repository */
export function directImports(root: string): Plugin {
  const indexes = new Map<string, Promise<Map<string, string>>>();
  const indexOf = (name: string): Promise<Map<string, string>> => {
    const known = indexes.get(name) ?? readIndex(join(root, "packages", name, "src/index.ts"));
    indexes.set(name, known);
    return known;
  };
  return {
    name: "direct imports",
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]packages[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const names = [...text.matchAll(/from "@goferry\/(\w+)"/gu)].map(([, name = ""]) => name);
        const files = new Map<string, Map<string, string>>();
        for (const name of names) files.set(`@goferry/${name}`, await indexOf(name));
        return { contents: rewrite(text, files), loader: "ts" };
      });
    },
  };
}

function rewrite(text: string, packages: ReadonlyMap<string, ReadonlyMap<string, string>>): string {
  const direct = (statement: string, word: string, type: string | undefined, list: string, from: string) => {
    const files = packages.get(from);
    if (files === undefined || type !== undefined) return statement;
    const imports = values(list).map(({ name, as }) => {
      const file = files.get(name);
      if (file === undefined) throw new Error(`${from} offers no ${name}`);
      return `${word} { ${name} as ${as} } from ${JSON.stringify(file)};`;
    });
    return imports.join(" ");
  };
  return text.replaceAll(LISTED, direct);
}

/** The file of each name that is a value. */
async function readIndex(path: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [, , type, list = "", from = ""] of (await readFile(path, "utf8")).matchAll(LISTED)) {
    if (type !== undefined) continue;
    for (const { name, as } of values(list)) {
      if (name !== as) throw new Error(`${path} gives ${name} another name, which is not provided for`);
      files.set(name, join(dirname(path), from));
    }
  }
  return files;
}

function values(list: string): { name: string; as: string }[] {
  return list
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "" && !each.startsWith("type "))
    .map((each) => {
      const [name = "", as = name] = each.split(" as ");
      return { name, as };
    });
}
