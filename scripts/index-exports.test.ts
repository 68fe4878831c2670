// What a package offers is a list that somebody wrote: names, one by one. `export *` would make everything public
// that anybody exports anywhere, and nobody would notice when it goes away.

import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";

const top = new URL("..", import.meta.url);

/** What in an index file is not `export { names } from` or `export type { names } from`, one line each. */
function findUnlisted(path: string, source: string): string[] {
  return parseSync(path, source).program.body.flatMap((statement) => {
    const isList =
      statement.type === "ExportNamedDeclaration" &&
      (statement.source !== null || (statement.specifiers.length === 0 && statement.declaration === null));
    const line = source.slice(0, statement.start).split("\n").length;
    return isList ? [] : [`${path}:${line}: ${source.slice(statement.start, statement.end).split("\n")[0]}`];
  });
}

describe("index files", async () => {
  const paths: string[] = [];
  for await (const path of glob("packages/*/src/index.ts", { cwd: fileURLToPath(top) })) paths.push(path);

  it("are there for every package", () => {
    expect(paths.length).toBeGreaterThanOrEqual(4);
  });

  it.each(paths)("%s lists names and does nothing else", async (path) => {
    expect(findUnlisted(path, await readFile(new URL(path, top), "utf8"))).toEqual([]);
  });

  it.each([
    'export * from "./errors.ts";',
    'export * as errors from "./errors.ts";',
    'export type * from "./errors.ts";',
    "export default 1;",
    "export const one = 1;",
    "const one = 1;\nexport { one };",
    'import "./errors.ts";',
  ])("may not hold %j", (source) => {
    expect(findUnlisted("planted.ts", source)).not.toEqual([]);
  });
});
