// The JSON Schemas of the documents that people and other programs meet: `node scripts/schemas.ts` writes them from the
// zod schemas that the code uses, and schemas.test.ts fails when they are out of date. Rules between fields cannot be
// said in JSON Schema; FORMAT.md section 4 has those of the contents.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { SPEC_SCHEMA } from "../packages/bundler/src/index.ts";
import { LOCK_SCHEMA } from "../packages/bundler/src/lock/schema.ts";
import { CONTENTS_SCHEMA } from "../packages/core/src/index.ts";

interface Published {
  schema: typeof CONTENTS_SCHEMA | typeof SPEC_SCHEMA | typeof LOCK_SCHEMA;
  id: string;
  title: string;
  description: string;
}

const PUBLISHED: Readonly<Record<string, Published>> = {
  "packages/core/schema/contents.v1.schema.json": {
    schema: CONTENTS_SCHEMA,
    id: "urn:goferry:schema:contents:1",
    title: "Contents of a goferry bundle",
    description: "What a bundle holds and what proves it. FORMAT.md section 4 has the rules between fields.",
  },
  "packages/bundler/schema/goferry.yaml.schema.json": {
    schema: SPEC_SCHEMA,
    id: "urn:goferry:schema:spec:1",
    title: "goferry.yaml",
    description: "What a goferry bundle carries across the air gap.",
  },
  "packages/bundler/schema/goferry.lock.schema.json": {
    schema: LOCK_SCHEMA,
    id: "urn:goferry:schema:lock:1",
    title: "goferry.lock",
    description: "What a bundle was made of, so that it can be made again with the same bytes.",
  },
};

/** The text of every schema file, by its path below the top level. Documents are described as they are written. */
export function schemaFiles(): Map<string, string> {
  return new Map(
    Object.entries(PUBLISHED).map(([path, { schema, id, title, description }]) => {
      const { $schema, ...rest } = schema.toJSONSchema({ io: "input" });
      const document = { $schema, $id: id, title, description, ...rest };
      return [path, `${JSON.stringify(document, undefined, 2)}\n`];
    }),
  );
}

async function main(): Promise<void> {
  for (const [path, text] of schemaFiles()) {
    const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

if (import.meta.main) await main();
