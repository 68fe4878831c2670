// Go remembers, for each user, the largest tree of the checksum database that it has met (GOPATH/pkg/sumdb/<name>/latest),
// and wants every answer to be connected with it. Who has used go with a network, or another root, has met a tree that
// this root may not be able to connect: then go refuses to look anything up, with a message that names neither reason nor
// remedy. So it is looked for, and told.

import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import {
  isSameHead,
  logPlace,
  openTreeHead,
  parseVerifier,
  tilePath,
  tilesForLookups,
  type TreeHead,
} from "@goferry/core";
import { layout } from "../layout.ts";
import { hostFs, type FsHost } from "../host-fs.ts";
import { isWindowsPath, shellQuote } from "../shell-quote.ts";
import type { State } from "../transaction/state.ts";
import type { Override } from "./overrides.ts";

export interface KnownLogRequest {
  root: string;
  log: State["log"];
  /** As `go env GOPATH` prints it. */
  gopath: string;
}

/** LOG_STATE_FOREIGN if what the user's go has met cannot be connected with the lookups of the root. */
export async function findForeignLog(
  host: FsHost,
  { root, log, gopath }: KnownLogRequest,
): Promise<Override[]> {
  const [first = ""] = gopath.split(delimiter);
  if (log?.lookups === null || log?.lookups === undefined || first === "") return [];
  const { name } = parseVerifier(log.key);
  const file = join(first, "pkg", "sumdb", name, "latest");
  const note = await readIfThere(file);
  if (note === undefined) return [];
  const own = openTreeHead(log.lookups, log.key);
  const met = openIfGood(note, log.key);
  if (met !== undefined && (await isConnected(host, { root, name, own, met }))) return [];
  return [
    {
      code: "LOG_STATE_FOREIGN",
      level: "warn",
      subject: file,
      message: `go of this user has met another tree of ${name} than this root's, and will refuse to look modules up`,
      expected: `the tree of ${own.size} records, or one that its tiles connect with it`,
      found: met === undefined ? "no signed tree head" : `the tree of ${met.size} records`,
      next: `${isWindowsPath(file) ? "del" : "rm"} ${shellQuote(file)}`,
      source: file,
    },
  ];
}

async function readIfThere(file: string): Promise<string | undefined> {
  // What cannot be read, go cannot read either.
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === "" ? undefined : text;
}

function openIfGood(note: string, key: string): TreeHead | undefined {
  try {
    return openTreeHead(note, key);
  } catch {
    return undefined;
  }
}

async function isConnected(
  host: FsHost,
  { root, name, own, met }: { root: string; name: string; own: TreeHead; met: TreeHead },
): Promise<boolean> {
  if (met.size >= own.size) return isSameHead(met, own);
  const fs = hostFs(host);
  for (const tile of tilesForLookups(own, [], [met.size])) {
    const path = join(layout(root).root, logPlace(name), tilePath(tile));
    if ((await fs.lstat(path)) === null) return false;
  }
  return true;
}
