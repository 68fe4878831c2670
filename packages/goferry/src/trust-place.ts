// Whose trust a command is about, from the flags of TRUST_PLACE.

import { GoferryError } from "@goferry/core";
import { defaultRoot, type TrustPlace } from "@goferry/installer";
import type { Context } from "./context.ts";

/** @throws HOME_MISSING where neither is known */
export function trustPlace(
  { root, user }: { root: string | undefined; user: boolean },
  { terminal, host }: Pick<Context, "terminal" | "host">,
): TrustPlace {
  if (!user) return { root: root ?? defaultRoot(host) };
  const config = terminal.system.folders?.config;
  if (config !== undefined) return { config };
  throw new GoferryError("HOME_MISSING", {
    subject: "--user",
    message: "this user has no home folder to keep trusted keys in",
    next: "Name a root: --root DIR",
  });
}
