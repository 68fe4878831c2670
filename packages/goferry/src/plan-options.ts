// The flags of commands that read a spec, as the bundler takes them.

import type { PlanOptions } from "@goferry/bundler";
import type { Values } from "./option.ts";
import { readTrustedKeys } from "./key-files.ts";
import type { SPEC_OPTIONS } from "./commands/shared.ts";

/** @throws KEY_INVALID, NOT_FOUND, IO_FAILED for a file of --release-key */
export async function planOptions(
  values: Values<typeof SPEC_OPTIONS, Record<never, never>>,
): Promise<Omit<PlanOptions, "spec">> {
  const { lock, locked, from, "dl-url": dlUrl } = values;
  return { lock, locked, from, dlUrl, releaseKeys: await readTrustedKeys(values["release-key"]) };
}
