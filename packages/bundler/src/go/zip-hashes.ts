// The `h1:` of a zip follows from its bytes, and takes twenty times as long as their SHA-256: so it is remembered under that.
// Whoever unpacks or packs the zip later hashes what comes out of it, whatever is remembered.

import * as z from "zod";
import { fileSha256 } from "../cache/file-sha256.ts";
import { keepRecord, keptRecord, recordKey } from "../cache/records.ts";
import { diskError } from "../net/disk-error.ts";
import { hashModuleZip } from "./zip.ts";

const HASH_RECORD = z.strictObject({ h1: z.string() });

/** hashModuleZip with a memory in `folder`. @throws as hashModuleZip does */
export function zipHashes(folder: string): typeof hashModuleZip {
  return async (file, prefix) => {
    const sha256 = await fileSha256(file).catch((error: unknown) => {
      throw diskError(error, file);
    });
    const key = recordKey({ sha256, prefix });
    const known = await keptRecord(folder, key, HASH_RECORD);
    if (known !== undefined) return known.h1;
    const h1 = await hashModuleZip(file, prefix);
    await keepRecord(folder, key, { h1 });
    return h1;
  };
}
