// A staged tree as the fewest moves that merge it into a root: a folder that the root lacks is moved whole, one that
// it has is gone into. In an empty root that is one rename for all modules.

import { basename, join } from "node:path";
import type { HostFs } from "../fs.ts";
import type { Move } from "../transaction/journal.ts";

export interface TreeToPlace {
  fs: HostFs;
  /** Absolute folder in staging; it need not exist. */
  from: string;
  to: string;
  /**
   * Whether what stands at this path of the root was put there by an earlier installation, as the same thing. It stays
   * as it is. Anything else that is in the way is left for the transaction to refuse.
   */
  isOurs(path: string): boolean;
}

export async function placeTree({ fs, from, to, isOurs }: TreeToPlace): Promise<Move[]> {
  const staged = await fs.lstat(from);
  if (staged === null) return [];
  const there = await fs.lstat(to);
  if (there === null) return [{ from, to }];
  if (isOurs(to) && there.kind !== "folder") return [];
  const own = basename(to);
  const isTree = own.includes("@") && own !== "@v";
  if (isTree) return isOurs(to) ? [] : [{ from, to }];
  if (there.kind !== "folder" || staged.kind !== "folder") return [{ from, to }];
  const moves: Move[] = [];
  for (const { name } of await fs.list(from)) {
    moves.push(...(await placeTree({ fs, from: join(from, name), to: join(to, name), isOurs })));
  }
  return moves;
}
