// The JSON Schemas of the documents that people and other programs meet: `node scripts/schemas.ts` writes them from the
// zod schemas that the code uses, and schemas.test.ts fails when they are out of date. Rules between fields cannot be
// said in JSON Schema; FORMAT.md section 4 has those of the contents.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { LOCK_SCHEMA } from "../packages/bundler/src/lock/schema.ts";
import { jsonSchemaText, specSchemaText } from "../packages/bundler/src/spec/json-schema.ts";
import { CONTENTS_SCHEMA } from "../packages/core/src/index.ts";

/** The text of every schema file, by its path below the top level. Documents are described as they are written. */
export function schemaFiles(): Map<string, string> {
  const contents = jsonSchemaText(CONTENTS_SCHEMA, {
    id: "urn:goferry:schema:contents:1",
    title: "Contents of a goferry bundle",
    description: "What a bundle holds and what proves it. FORMAT.md section 4 has the rules between fields.",
  });
  const lock = jsonSchemaText(LOCK_SCHEMA, {
    id: "urn:goferry:schema:lock:1",
    title: "goferry.lock",
    description: "What a bundle was made of, so that it can be made again with the same bytes.",
  });
  return new Map([
    ["packages/core/schema/contents.v1.schema.json", contents],
    ["packages/bundler/schema/goferry.yaml.schema.json", specSchemaText()],
    ["packages/bundler/schema/goferry.lock.schema.json", lock],
  ]);
}

async function main(): Promise<void> {
  for (const [path, text] of schemaFiles()) {
    const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

if (import.meta.main) await main();
