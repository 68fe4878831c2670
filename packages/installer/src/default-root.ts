// Where goferry installs when nobody says where, and what it sets up for it (DESIGN 4): for the machine with root's rights,
// else for the user.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import type { PathChoice } from "./configure/path-setup.ts";
import { variable } from "./windows/environment.ts";
import type { HostFacts } from "./host.ts";

/** @throws HOME_MISSING for a user without a home folder */
export function defaultRoot(host: Pick<HostFacts, "platform" | "uid" | "home" | "env" | "windows">): string {
  const { uid, home, env } = host;
  if (uid === 0) return "/opt/goferry";
  if (host.platform.startsWith("windows/")) return windowsRoot(host);
  const data = env["XDG_DATA_HOME"];
  if (data?.startsWith("/") === true) return join(data, "goferry");
  if (home !== undefined) return join(home, ".local", "share", "goferry");
  throw homeMissing();
}

function windowsRoot({ home, env, windows }: Pick<HostFacts, "home" | "env" | "windows">): string {
  const programs = variable(env, "ProgramFiles");
  if (windows?.account.elevated === true && programs !== undefined) return join(programs, "goferry");
  const local = variable(env, "LOCALAPPDATA");
  if (local !== undefined && local !== "") return join(local, "goferry");
  if (home !== undefined) return join(home, "AppData", "Local", "goferry");
  throw homeMissing();
}

function homeMissing(): GoferryError {
  return new GoferryError("HOME_MISSING", {
    subject: "root",
    message: "this user has no home folder to install in",
    next: "Name a folder: --root DIR",
  });
}

/**
 * What is changed outside of a root when nobody says what. Nothing, where the root was named. The default root of the
 * machine is for everybody, who finds it on PATH as after a package of the distribution; what a user has in his
 * start-up files is changed only when he asks for it.
 */
export function defaultPath(
  { uid, windows }: Pick<HostFacts, "uid" | "windows">,
  namedRoot: string | undefined,
): PathChoice {
  const isAdministrator = uid === 0 || windows?.account.elevated === true;
  return isAdministrator && namedRoot === undefined ? "usual" : "none";
}
