import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import * as net from "../packages/bundler/src/net/limits.ts";
import { MAX_NAME_BYTES } from "../packages/core/src/archive/names.ts";
import { CHUNK_BYTES, MAX_FILE_BYTES } from "../packages/core/src/index.ts";
import * as limits from "../packages/core/src/limits.ts";

const DOC = new URL("../packages/goferry/docs/LIMITS.md", import.meta.url);

it("LIMITS.md has a row for every limit, with its value, its unit and a reason", async () => {
  const text = await readFile(DOC, "utf8");
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| [^|]+ \| [^|]{10,} \|$/gmu)];
  const found = rows.map(([, name, value]) => [name, Number(value)]);
  expect(Object.fromEntries(found)).toEqual({
    ...limits,
    ...net,
    CHUNK_BYTES,
    MAX_FILE_BYTES,
    MAX_NAME_BYTES,
  });
  expect(found).toHaveLength(new Set(found.map(([name]) => name)).size);
});
