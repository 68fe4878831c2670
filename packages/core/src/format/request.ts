// What a bundle was asked to hold: the spec after its defaults were filled in, as goferry.lock and the contents
// of a bundle record it. It travels with the bundle, so no absolute path, user name, proxy or secret has a
// place in it.

import * as z from "zod/mini";
import { BUNDLE_NAME, DIGEST, PLATFORM } from "./fields.ts";

/** Relative, and climbing only at its beginning: a folder that a replace directive names may lie beside the project. */
const PROJECT_FILE = z.string().check(
  z.regex(/^(?!\p{L}:)(?:\.\.\/)*(?:(?!\.{1,2}\/)[^/\\\p{Cc}]+\/)*go\.(?:mod|sum|work|work\.sum)$/u, {
    error: "the path of a go.mod, go.sum, go.work or go.work.sum, relative to the project",
  }),
);

const PROJECT = z.strictObject({
  name: BUNDLE_NAME,
  modules: z
    .array(z.string().check(z.minLength(1)))
    .check(z.minLength(1), z.describe("Module paths: one, or those that the project's go.work uses.")),
  files: z
    .array(z.strictObject({ path: PROJECT_FILE, digest: DIGEST }))
    .check(
      z.minLength(1),
      z.refine(isInOrder, { error: "files sorted by path, each once" }),
      z.describe(
        "Every go.mod, go.sum, go.work and go.work.sum that decides what is built, also of folders that replace directives name; sorted by path.",
      ),
    ),
  platforms: z.optional(z.array(PLATFORM)).check(z.describe("If they differ from those of the bundle.")),
  tags: z.array(z.string()).check(z.describe("Build tags.")),
  packages: z.array(z.string()).check(z.describe("Package patterns that the rehearsal built.")),
  cgo: z.optional(z.boolean()).check(z.describe("CGO_ENABLED; absent where Go decided.")),
});

export const REQUEST_SCHEMA = z
  .strictObject({
    go: z
      .array(z.string().check(z.minLength(1)))
      .check(z.minLength(1), z.describe("As asked for: an exact version, a line, stable, go.mod.")),
    platforms: z.array(PLATFORM).check(z.minLength(1)),
    from: z
      .optional(z.literal("dl"))
      .check(
        z.describe(
          "dl: toolchains came from go.dev/dl or a mirror of it, with a signature each; absent: from a module proxy.",
        ),
      ),
    smallest: z
      .optional(z.literal(true))
      .check(z.describe("true: layers are compressed for size (build --smallest); absent: as usual.")),
    projects: z.array(PROJECT),
    modules: z.array(z.string()).check(z.describe("path@query.")),
    tools: z.array(z.string()).check(z.describe("package@query.")),
    expires: z.optional(z.string()).check(z.describe("A date, or a number of days such as 180d.")),
  })
  .check(z.describe("What was asked for: the spec, its defaults filled in, lists sorted."));

export type Request = z.infer<typeof REQUEST_SCHEMA>;

function isInOrder(files: readonly { path: string }[]): boolean {
  return files.every(({ path }, at) => at === 0 || (files[at - 1]?.path ?? "") < path);
}
