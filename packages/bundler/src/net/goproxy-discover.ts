// Where the GOPROXY setting comes from. No proxy's name stands in this program: which one a site uses is the site's
// decision, and the go command, its environment and its file already hold it.
import { isAbsolute, join } from "node:path";

import { GoferryError } from "@goferry/core";

import { diskError, errorCode } from "./disk-error.ts";
import type { Environment } from "./proxy-env.ts";

export interface Discovery {
  /** GOPROXY, GOENV, XDG_CONFIG_HOME and HOME are read from it; APPDATA on Windows. */
  env: Environment;
  /** The text of a file; rejects with ENOENT, or is undefined, where there is none. */
  readFile(path: string): Promise<string | undefined>;
  /** What a go on PATH answers to `go env GOPROXY`; undefined where there is none. Asked last, and only if needed. */
  goOnPath(): Promise<string | undefined>;
  /** The system of this machine, as in process.platform; it decides where the go/env file is. Default "linux". */
  system?: string | undefined;
}

export interface DiscoveredGoProxy {
  /** The GOPROXY list. It may hold logins: redactList before it is shown. */
  readonly value: string;
  readonly source: "environment" | "go/env file" | "go on PATH";
}

/**
 * The GOPROXY list: of the environment, else of the user's go/env file, else of a go on PATH.
 * @throws GoferryError PROXY_UNKNOWN if none of them has one; IO_FAILED for a go/env file that cannot be read.
 */
export async function discoverGoProxy(discovery: Discovery): Promise<DiscoveredGoProxy> {
  const own = discovery.env["GOPROXY"]?.trim();
  if (own) return { value: own, source: "environment" };

  const file = goEnvFile(discovery);
  const written = file === undefined ? undefined : await readGoEnv(file, discovery);
  if (written) return { value: written, source: "go/env file" };

  const asked = (await discovery.goOnPath())?.trim();
  if (asked) return { value: asked, source: "go on PATH" };

  throw new GoferryError("PROXY_UNKNOWN", {
    subject: "GOPROXY",
    message: "no module proxy is known to fetch Go from",
    expected: "GOPROXY in the environment or in the go/env file, or a go on PATH to ask",
    found: file === undefined ? "none of them" : `none of them (the go/env file would be ${file})`,
    next: "Set GOPROXY to the URL of the module proxy that your site uses: export GOPROXY=https://HOST",
  });
}

/** The user's go/env file (cmd/go/internal/cfg EnvFile, os.UserConfigDir); undefined where GOENV=off or without a HOME. */
function goEnvFile({ env, system = "linux" }: Discovery): string | undefined {
  const named = env["GOENV"];
  if (named === "off") return undefined;
  if (named) return named;
  const folder = configFolder(env, system);
  return folder === undefined ? undefined : join(folder, "go", "env");
}

function configFolder(env: Environment, system: string): string | undefined {
  if (system === "win32") return env["APPDATA"] || env["AppData"];
  const home = env["HOME"];
  if (system === "darwin") return home ? join(home, "Library", "Application Support") : undefined;
  const xdg = env["XDG_CONFIG_HOME"];
  if (xdg) return isAbsolute(xdg) ? xdg : undefined;
  return home ? join(home, ".config") : undefined;
}

/** GOPROXY of a go/env file: lines KEY=VALUE, nothing quoted, the last one of a key counts (cfg.readEnvFile). */
async function readGoEnv(file: string, discovery: Discovery): Promise<string | undefined> {
  const text = await discovery.readFile(file).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw diskError(error, file);
  });
  const lines = text?.split("\n").filter((line) => line.startsWith("GOPROXY="));
  return lines?.at(-1)?.slice("GOPROXY=".length).trim();
}
