// What a bundle was asked to hold: the spec after its defaults were filled in, as goferry.lock and the contents
// of a bundle record it. It travels with the bundle, so no absolute path, user name, proxy or secret has a
// place in it.

import * as z from "zod";
import { BUNDLE_NAME, DIGEST, PLATFORM } from "./fields.ts";

const PROJECT = z.strictObject({
  name: BUNDLE_NAME,
  /** Module path. */
  module: z.string().min(1),
  /** Digest of go.mod. */
  goMod: DIGEST,
  /** Digest of go.sum, if there is one. */
  goSum: DIGEST.optional(),
  platforms: z.array(PLATFORM).optional(),
  tags: z.array(z.string()),
  packages: z.array(z.string()),
  cgo: z.boolean().optional(),
});

export const REQUEST_SCHEMA = z.strictObject({
  go: z.array(z.string().min(1)).min(1),
  platforms: z.array(PLATFORM).min(1),
  projects: z.array(PROJECT),
  modules: z.array(z.string()),
  tools: z.array(z.string()),
  expires: z.string().optional(),
});

export type Request = z.infer<typeof REQUEST_SCHEMA>;
