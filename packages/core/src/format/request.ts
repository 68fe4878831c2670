// What a bundle was asked to hold: the spec after its defaults were filled in, as goferry.lock and the contents
// of a bundle record it. It travels with the bundle, so no absolute path, user name, proxy or secret has a
// place in it.

import * as z from "zod";
import { BUNDLE_NAME, DIGEST, PLATFORM } from "./fields.ts";

const PROJECT = z.strictObject({
  name: BUNDLE_NAME,
  module: z.string().min(1).describe("Module path."),
  goMod: DIGEST.describe("Digest of go.mod."),
  goSum: DIGEST.optional().describe("Digest of go.sum, if there is one."),
  platforms: z.array(PLATFORM).optional().describe("If they differ from those of the bundle."),
  tags: z.array(z.string()).describe("Build tags."),
  packages: z.array(z.string()).describe("Package patterns that the rehearsal built."),
  cgo: z.boolean().optional().describe("CGO_ENABLED; absent where Go decided."),
});

export const REQUEST_SCHEMA = z
  .strictObject({
    go: z.array(z.string().min(1)).min(1).describe("As asked for: an exact version, a line, stable, go.mod."),
    platforms: z.array(PLATFORM).min(1),
    projects: z.array(PROJECT),
    modules: z.array(z.string()).describe("path@query."),
    tools: z.array(z.string()).describe("package@query."),
    expires: z.string().optional().describe("A date, or a number of days such as 180d."),
  })
  .describe("What was asked for: the spec, its defaults filled in, lists sorted.");

export type Request = z.infer<typeof REQUEST_SCHEMA>;
