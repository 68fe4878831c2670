// What an earlier build found out, as JSON under a key that has everything in it that it follows from. Builds side by side
// write the same record twice and lose nothing: a record gets its name when it is whole and is never changed. Each begins with
// the SHA-256 of the rest, so that a disk that forgets is noticed: a record that is damaged is none.

import { hash } from "node:crypto";
import { mkdir, readFile, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestHex, digestOf, type Digest } from "@goferry/core";
import type * as z from "zod";
import { diskError } from "../net/disk-error.ts";
import { draftOf } from "../output.ts";

const SUM = /^(?<sum>[0-9a-f]{64})\n(?<text>.*)$/su;

/** The key of a record: a digest of all that its content follows from, as JSON. */
export function recordKey(parts: unknown): Digest {
  return digestOf(Buffer.from(JSON.stringify(parts)));
}

/** The record in `folder` under `key`, whose time of use becomes now; undefined where there is none that can be read. */
export async function keptRecord<T>(
  folder: string,
  key: Digest,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const file = recordFile(folder, key);
  const text = await readFile(file, "utf8").catch(() => "");
  const record = readRecord(text, schema);
  if (record !== undefined) await touch(file);
  return record;
}

/** The content of a record; undefined if it is not whole, or of another goferry. */
function readRecord<T>(text: string, schema: z.ZodType<T>): T | undefined {
  const { sum, text: json = "" } = SUM.exec(text)?.groups ?? {};
  if (sum === undefined || hash("sha256", json, "hex") !== sum) return undefined;
  const read = schema.safeParse(JSON.parse(json));
  return read.success ? read.data : undefined;
}

/** Whether the bytes of a record are those that were written, whatever they mean. */
export function isWholeRecord(text: string): boolean {
  const { sum, text: json = "" } = SUM.exec(text)?.groups ?? {};
  return sum !== undefined && hash("sha256", json, "hex") === sum;
}

/** @throws DISK_FULL, IO_FAILED */
export async function keepRecord(folder: string, key: Digest, record: unknown): Promise<void> {
  const file = recordFile(folder, key);
  const json = JSON.stringify(record);
  await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => {
    throw diskError(error, file);
  });
  await using draft = draftOf(file);
  await draft.write([Buffer.from(`${hash("sha256", json, "hex")}\n${json}`)]);
  await draft.place();
}

/** Notes that a file of the cache was used now: what was not used for long is trimmed first. */
export async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
}

function recordFile(folder: string, key: Digest): string {
  return join(folder, `${digestHex(key)}.json`);
}
