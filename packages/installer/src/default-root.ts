// Where goferry installs when nobody says where (DESIGN 4): for the machine with root's rights, else for the user.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import type { HostFacts } from "./host.ts";

/** @throws HOME_MISSING for a user without a home folder */
export function defaultRoot({ uid, home, env }: Pick<HostFacts, "uid" | "home" | "env">): string {
  if (uid === 0) return "/opt/goferry";
  const data = env["XDG_DATA_HOME"];
  if (data?.startsWith("/") === true) return join(data, "goferry");
  if (home !== undefined) return join(home, ".local", "share", "goferry");
  throw new GoferryError("HOME_MISSING", {
    subject: "root",
    message: "this user has no home folder to install in",
    next: "Name a folder: --root DIR",
  });
}
