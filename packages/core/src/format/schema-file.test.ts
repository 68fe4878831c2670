// The published JSON Schema of the contents, as others use it: read from the file, without our zod schema.

import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { smallBundle } from "../../../../test/kit/small-bundle.ts";
import type { Contents } from "./contents.ts";

let contents: Contents;
let schema: z.ZodType;

beforeAll(async () => {
  const file = new URL("../../schema/contents.v1.schema.json", import.meta.url);
  schema = z.fromJSONSchema(
    JSON.parse(await readFile(file, "utf8")) as Parameters<typeof z.fromJSONSchema>[0],
  );
  ({ contents } = (await smallBundle({ private: ["example.com/hello"] })).packed);
});

describe("the JSON Schema of the contents", () => {
  it("accepts those of a bundle", () => {
    expect(schema.safeParse(contents).error).toBeUndefined();
    expect(schema.safeParse({ ...contents, expires: "2027-01-01T00:00:00Z" }).success).toBe(true);
  });

  it.each<[string, (contents: Contents) => unknown]>([
    ["a field more", (good) => ({ ...good, more: 1 })],
    ["a field less", (good) => ({ ...good, name: undefined })],
    ["another version", (good) => ({ ...good, contentsVersion: 2 })],
    [
      "a digest of another form",
      (good) => ({ ...good, layers: [{ ...good.layers[0], digest: "sha256:0" }] }),
    ],
    [
      "a kind of unit that there is not",
      (good) => ({ ...good, units: [{ ...good.units[0], kind: "tool" }] }),
    ],
    ["a module without h1", (good) => ({ ...good, units: [{ ...good.units[0], kind: "module" }] })],
    ["a number for a text", (good) => ({ ...good, created: 1 })],
    ["no platforms", (good) => ({ ...good, platforms: [] })],
  ])("refuses %s", (_, change) => expect(schema.safeParse(change(contents)).success).toBe(false));
});
