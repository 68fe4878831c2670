// The one name of a root. state.json, go.env and the launchers hold it, so a root that is reached through a link must
// not be taken for another one the next time.

import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The absolute path with all links in it resolved, as far as it exists. */
export async function resolveRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch {
    const parent = dirname(root);
    // What cannot be resolved at all is refused by preflight, which can say why.
    return parent === root ? root : join(await resolveRoot(parent), basename(root));
  }
}
