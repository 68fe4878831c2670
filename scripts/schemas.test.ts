import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { schemaFiles } from "./schemas.ts";

interface JsonSchema {
  [keyword: string]: unknown;
}

/** Every schema in a schema, itself first. */
function schemasIn(schema: unknown): JsonSchema[] {
  if (Array.isArray(schema)) return schema.flatMap(schemasIn);
  if (typeof schema !== "object" || schema === null) return [];
  return [{ ...schema }, ...Object.values(schema).flatMap(schemasIn)];
}

describe.each([...schemaFiles()])("%s", (path, text) => {
  const schema = JSON.parse(text) as JsonSchema;

  it("is up to date; if not: node scripts/schemas.ts", async () => {
    expect(await readFile(new URL(`../${path}`, import.meta.url), "utf8")).toBe(text);
  });

  it("says what it is", () => {
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: expect.stringMatching(/^urn:goferry:schema:[a-z]+:1$/),
      title: expect.any(String),
      type: "object",
    });
  });

  it("has no object that may hold anything, and no value without a type", () => {
    const all = schemasIn(schema);
    const objects = all.filter(({ type }) => type === "object");
    expect(objects.length).toBeGreaterThan(1);
    expect(objects.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
    const values = all.flatMap(({ properties }) => Object.values({ ...(properties as object | undefined) }));
    const typeless = values.filter(
      (value) => !["type", "anyOf", "oneOf", "const", "enum"].some((keyword) => keyword in (value as object)),
    );
    expect(typeless).toEqual([]);
  });

  it("has patterns that every implementation of the standard can read, with the u flag", () => {
    const patterns = schemasIn(schema).flatMap(({ pattern }) =>
      typeof pattern === "string" ? [pattern] : [],
    );
    expect(patterns.length).toBeGreaterThan(3);
    for (const pattern of patterns) expect(() => new RegExp(pattern, "u"), pattern).not.toThrow();
  });
});

it("the pattern of a digest is in the schema of the contents", () => {
  expect(schemaFiles().get("packages/core/schema/contents.v1.schema.json")).toContain(
    '"^sha256:[0-9a-f]{64}$"',
  );
});
