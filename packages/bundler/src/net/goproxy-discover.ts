// Where the GOPROXY setting comes from. No proxy's name stands in this program: which one a site uses is the site's
// decision, and the go command, its environment and its file already hold it.
import { GoferryError } from "@goferry/core";

import type { Environment } from "./proxy-env.ts";

export interface Discovery {
  env: Environment;
  /** The user's go/env file: where it is or would be (goEnvFilePath), and its settings. */
  userFile: { path: string | undefined; settings: Environment };
  /** What a go on PATH answers to `go env GOPROXY`; undefined where there is none. Asked last, and only if needed. */
  goOnPath(): Promise<string | undefined>;
}

export interface DiscoveredGoProxy {
  /** The GOPROXY list. It may hold logins, so it is never shown. */
  readonly value: string;
  readonly source: "environment" | "go/env file" | "go on PATH";
}

/**
 * The GOPROXY list: of the environment, else of the user's go/env file, else of a go on PATH.
 * @throws GoferryError PROXY_UNKNOWN if none of them has one.
 */
export async function discoverGoProxy(discovery: Discovery): Promise<DiscoveredGoProxy> {
  const own = discovery.env["GOPROXY"]?.trim();
  if (own) return { value: own, source: "environment" };

  const { path, settings } = discovery.userFile;
  const written = settings["GOPROXY"]?.trim();
  if (written) return { value: written, source: "go/env file" };

  const asked = (await discovery.goOnPath())?.trim();
  if (asked) return { value: asked, source: "go on PATH" };

  throw new GoferryError("PROXY_UNKNOWN", {
    subject: "GOPROXY",
    message: "no module proxy is known to fetch Go from",
    expected: "GOPROXY in the environment or in the go/env file, or a go on PATH to ask",
    found: path === undefined ? "none of them" : `none of them (the go/env file would be ${path})`,
    next:
      "Set GOPROXY to the URL of the module proxy that your site uses: export GOPROXY=https://HOST; or take Go from " +
      "https://go.dev/dl, which needs to know of none: --from dl",
  });
}
