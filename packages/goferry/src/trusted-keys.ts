// Which keys count for a command: --key, else what the root or the user trusts. One answer for install, verify and diff,
// so that a bundle which verifies here is one that can be installed here.

import { GoferryError, type Trust } from "@goferry/core";
import { defaultRoot, pinnedTrust, type Host } from "@goferry/installer";
import type { Context } from "./context.ts";
import { readTrustedKeys } from "./trusted-key-files.ts";

export interface TrustValues {
  readonly key: readonly string[];
  readonly "min-signatures": number | undefined;
  /** Absolute; the default of the system if left out. */
  readonly root: string | undefined;
}

/** For a bundle that is looked at, and goes nowhere. Throws as pinnedTrust and readTrustedKeys do. */
export async function trustFor(values: TrustValues, context: TrustContext): Promise<Trust> {
  return await askTrust(values, { ...context, purpose: "verify" });
}

/** For a bundle that is to get one of the signatures that it lacks. Throws as trustFor. */
export async function trustForSigning(values: TrustValues, context: TrustContext): Promise<Trust> {
  return await askTrust(values, { ...context, purpose: "sign" });
}

/** For a bundle that is to be installed in the root. Throws as trustFor. */
export async function trustForInstall(
  values: TrustValues & { readonly root: string; readonly "dry-run": boolean },
  context: TrustContext,
): Promise<Trust> {
  return await askTrust(values, { ...context, purpose: "install", dryRun: values["dry-run"] });
}

type TrustContext = Pick<Context, "terminal" | "host" | "signal">;

async function askTrust(
  values: TrustValues,
  { terminal, host, ...how }: TrustContext & { purpose: "install" | "verify" | "sign"; dryRun?: boolean },
): Promise<Trust> {
  const { keys, revoked, minSignatures } = await pinnedTrust(host, {
    named: await readTrustedKeys(values.key),
    minSignatures: values["min-signatures"],
    root: values.root ?? rootOrNone(host),
    config: terminal.system.folders?.config,
    ...how,
  });
  return { keys, revoked, minSignatures, now: terminal.now() };
}

/** Where nobody has a home folder, there is no root of the user whose keys could count. */
function rootOrNone(host: Host): string | undefined {
  try {
    return defaultRoot(host);
  } catch (error) {
    if (error instanceof GoferryError && error.code === "HOME_MISSING") return undefined;
    throw error;
  }
}
