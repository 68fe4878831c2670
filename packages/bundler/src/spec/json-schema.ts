// JSON Schemas, for editors and other programs, of the documents whose shapes are zod schemas here. Rules between fields
// cannot be said in JSON Schema.

import * as z from "zod";
import { SPEC_SCHEMA } from "./schema.ts";

export interface SchemaTitle {
  /** Such as "urn:goferry:schema:spec:1": a name, not an address; nothing is to be fetched. */
  id: string;
  title: string;
  description: string;
}

/** The name by which a schema file of goferry.yaml is known to be one of ours. */
export const SPEC_SCHEMA_ID = "urn:goferry:schema:spec:1";

/** The JSON Schema of goferry.yaml as a file: completion and descriptions in editors. */
export function specSchemaText(): string {
  return jsonSchemaText(SPEC_SCHEMA, {
    id: SPEC_SCHEMA_ID,
    title: "goferry.yaml",
    description: "What a goferry bundle carries across the air gap.",
  });
}

/** A schema as the text of a file; the document is described as it is written, before defaults. */
export function jsonSchemaText(schema: z.core.$ZodType, { id, title, description }: SchemaTitle): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  const document = { $schema, $id: id, title, description, ...rest };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
