// The flags of commands that read a spec, as the bundler takes them.

import type { PlanOptions } from "@goferry/bundler";
import { readTrustedKeys } from "./trusted-key-files.ts";

/** Of SPEC_OPTIONS. */
interface SpecValues {
  lock: string | undefined;
  locked: boolean;
  from: "proxy" | "dl" | undefined;
  smallest?: boolean;
  "dl-url": string | undefined;
  "release-key": readonly string[];
}

/** @throws KEY_INVALID, NOT_FOUND, IO_FAILED for a file of --release-key */
export async function planOptions(values: SpecValues): Promise<Omit<PlanOptions, "spec">> {
  const { lock, locked, from, smallest, "dl-url": dlUrl } = values;
  return {
    lock,
    locked,
    from,
    smallest: smallest === true ? true : undefined,
    dlUrl,
    releaseKeys: await readTrustedKeys(values["release-key"]),
  };
}
