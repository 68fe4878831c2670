// Compressing takes longer than the rest of packing, and the same files compress to the same bytes. So every layer stays in
// the cache: the blob under its digest, and what was seen while it was written under a key that has everything in it that
// its bytes follow from: the hashes of its units, the form of layers, the version of goferry and of its compressor. A
// blob that is taken again is read whole and compared with its digest; that its content is right is shown once more by
// who verifies the bundle, unless that, too, was done for exactly these digests.

import { link, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestHex, LAYER_SCHEMA, unitName, type Digest } from "@goferry/core";
import * as z from "zod";
import { fileSha256 } from "../cache/file-sha256.ts";
import { pin } from "../cache/pin.ts";
import { keepRecord, keptRecord, recordKey, touch } from "../cache/records.ts";
import { diskError, errorCode } from "../net/disk-error.ts";
import type { PlannedLayer } from "./planned-layer.ts";
import { LAYER_FORM, type UnitSums, type WrittenLayer } from "./write-layer.ts";

export interface LayerCache {
  /** The layer as an earlier build wrote it, at `file`, which must not exist; undefined if there is none. */
  find(layer: PlannedLayer, file: string): Promise<WrittenLayer | undefined>;
  /** Keeps a layer whose units were shown to have their h1. @throws DISK_FULL, IO_FAILED */
  keep(layer: PlannedLayer, written: WrittenLayer): Promise<void>;
}

export interface LayerCacheOptions {
  folder: string;
  /** Name and version of goferry and of what compresses. */
  program: string;
  /** Of zstd. */
  level: number;
}

const SUMS = z.strictObject({
  unit: z.string(),
  size: z.int().nonnegative(),
  count: z.int().nonnegative(),
  h1: z.string().optional(),
  files: z
    .array(z.strictObject({ name: z.string(), sha256: z.string(), size: z.int().nonnegative() }))
    .optional(),
});

/** What is kept of a layer beside its bytes. */
const LAYER_RECORD = z.strictObject({ layer: LAYER_SCHEMA, seen: z.array(SUMS) });

/** Where the bytes of a layer are, below the folder of the cache. */
export function blobFile(folder: string, digest: Digest): string {
  const hex = digestHex(digest);
  return join(folder, "blobs", hex.slice(0, 2), hex);
}

export function layerCache({ folder, program, level }: LayerCacheOptions): LayerCache {
  const keyOf = ({ identity }: PlannedLayer): Digest =>
    recordKey({ identity, program, level, ...LAYER_FORM });
  return {
    async find(layer, file) {
      const record = await keptRecord(folder, keyOf(layer), LAYER_RECORD);
      if (record === undefined) return undefined;
      const seen = seenBy(layer, record.seen);
      if (seen === undefined) return undefined;
      const blob = blobFile(folder, record.layer.digest);
      if (!(await pinned(blob, file))) return undefined;
      if ((await fileSha256(file)) === digestHex(record.layer.digest)) {
        await touch(blob);
        return { file, layer: record.layer, units: layer.units, seen };
      }
      // The disk has not kept it. The layer is written anew.
      await rm(file);
      await rm(blob, { force: true });
      return undefined;
    },

    async keep(layer, { file, layer: described, seen }) {
      const blob = blobFile(folder, described.digest);
      try {
        await mkdir(dirname(blob), { recursive: true });
        await flush(file);
        await link(file, blob).catch(async (error: unknown) => {
          if (errorCode(error) !== "EEXIST") await pin(file, blob);
        });
      } catch (error) {
        // Another build was quicker, or kept the same bytes before.
        if (errorCode(error) !== "EEXIST") throw diskError(error, blob);
      }
      const sums = Array.from(seen, ([unit, each]) => ({ unit: unitName(unit), ...each }));
      await keepRecord(folder, keyOf(layer), { layer: described, seen: sums });
    },
  };
}

function seenBy(layer: PlannedLayer, kept: z.infer<typeof SUMS>[]): WrittenLayer["seen"] | undefined {
  const units = new Map(layer.units.map((unit) => [unitName(unit), unit]));
  const seen: WrittenLayer["seen"] = new Map();
  for (const { unit: name, ...sums } of kept) {
    const unit = units.get(name);
    if (unit === undefined) return undefined;
    seen.set(unit, sums satisfies UnitSums);
  }
  return seen;
}

async function pinned(blob: string, file: string): Promise<boolean> {
  return await pin(blob, file).then(
    () => true,
    () => false,
  );
}

async function flush(file: string): Promise<void> {
  await using handle = await open(file, "r+");
  await handle.sync();
}
