// Downloads that were made once are not made again: a folder of whole files under the names of what they hold. Several
// builds may use it at once without a lock, because a file appears in it by one rename and is never changed afterwards.
// It is a convenience and no authority: whoever takes a file from it checks its hash, and drops it if that is wrong.
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { GoferryError } from "@goferry/core";

import { diskError, errorCode } from "./disk-error.ts";
import { CACHE_LEFTOVER_MS } from "./limits.ts";

export interface Cache {
  /**
   * The path of the file for a key, which may not be there: "sha256:<64 hex>", or a name of parts separated by "/", escaped
   * so that it has no capitals, such as "golang.org/toolchain/@v/v0.0.1-go1.27.1.linux-amd64.zip".
   * @throws GoferryError ARGUMENT_INVALID for any other key.
   */
  file(key: string): string;
  /**
   * The path of the file for a key, made by `produce` if it is not there: that writes the path it is given, or rejects.
   * Of several calls at once in one process, one produces; of several processes, each does and the last one's stays.
   * @throws what produce threw; GoferryError DISK_FULL, IO_FAILED.
   */
  fetchInto(key: string, produce: (tmpFile: string) => Promise<void>): Promise<string>;
  /** Removes the file for a key, if it is there: its content turned out to be wrong. */
  drop(key: string): Promise<void>;
}

/** The cache in folder `dir`, which is made when it is first needed. */
export function createCache(dir: string): Cache {
  const running = new Map<string, Promise<string>>();
  const tmp = join(dir, "tmp");
  let swept: Promise<void> | undefined;

  const make = async (target: string, produce: (tmpFile: string) => Promise<void>): Promise<string> => {
    if (await isFile(target)) return target;
    const tmpFile = join(tmp, randomUUID());
    try {
      await mkdir(tmp, { recursive: true });
      await (swept ??= sweep(tmp));
      await produce(tmpFile);
      await flush(tmpFile);
      await mkdir(dirname(target), { recursive: true });
      await rename(tmpFile, target);
    } catch (error) {
      await rm(tmpFile, { force: true }).catch(() => undefined);
      if (isSystemError(error)) throw diskError(error, target);
      throw error;
    }
    return target;
  };

  return {
    file: (key) => join(dir, ...keyParts(key)),

    async fetchInto(key, produce) {
      const target = join(dir, ...keyParts(key));
      let made = running.get(target);
      if (made === undefined) {
        made = make(target, produce).finally(() => running.delete(target));
        running.set(target, made);
      }
      return await made;
    },

    async drop(key) {
      const target = join(dir, ...keyParts(key));
      await rm(target, { force: true }).catch((error: unknown) => {
        throw diskError(error, target);
      });
    },
  };
}

/** Below the folders "sha256" and "name", so that no key can reach the temporary files or another kind of key. */
function keyParts(key: string): string[] {
  const hex = /^sha256:(?<hex>[0-9a-f]{64})$/u.exec(key)?.groups?.["hex"];
  if (hex !== undefined) return ["sha256", hex.slice(0, 2), hex];
  const parts = key.split("/");
  // A part that ends in a dot is the same file without it on Windows.
  if (parts.every((part) => /^[a-z0-9!@._~+-]{1,255}$/u.test(part) && !part.endsWith(".")))
    return ["name", ...parts];
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: key,
    message: "the name cannot be used in the download cache",
    expected: "sha256:<64 hex digits>, or an escaped name without capitals",
    found: JSON.stringify(key),
  });
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    (error: unknown) => {
      if (errorCode(error) === "ENOENT") return false;
      throw diskError(error, path);
    },
  );
}

/** To the disk before the name is given, so that a power cut leaves no empty file under a good name. */
async function flush(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what killed builds left behind; what is younger may belong to a build that runs. */
async function sweep(tmp: string): Promise<void> {
  const now = (await freshTime(tmp)) - CACHE_LEFTOVER_MS;
  for (const name of await readdir(tmp)) {
    const file = join(tmp, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < now) await rm(file, { force: true });
  }
}

/** The time by the clock of the disk's own system, which over a network is not this machine's. */
async function freshTime(tmp: string): Promise<number> {
  const probe = join(tmp, randomUUID());
  const handle = await open(probe, "wx");
  try {
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
    await rm(probe, { force: true });
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof GoferryError) && "syscall" in error;
}
