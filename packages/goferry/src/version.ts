// The version of goferry, from the one place where it is written down.

import manifest from "../package.json" with { type: "json" };

export const VERSION: string = manifest.version;

/** User-Agent of requests. */
export const USER_AGENT = `goferry/${VERSION}`;
