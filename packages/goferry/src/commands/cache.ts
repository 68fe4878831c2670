// `goferry cache`: what earlier builds left for later ones. `goferry cache verify`: whether it is whole. `goferry cache trim`:
// less of it.

import { EXIT } from "@goferry/core";
import { CACHE_KINDS, readInventory, trimCache, verifyCache, type CacheItem } from "@goferry/bundler";
import { buildMachine } from "../build-machine.ts";
import type { Run } from "../command.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText, bytesText, timeText } from "../output/units.ts";
import { DAYS } from "./tables/cache.ts";
import type { cacheTable, cacheTrimTable, cacheVerifyTable } from "./tables/cache.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const MB = 1_000_000;

export const cache: Run<typeof cacheTable> = async (values, { terminal }) => {
  const { cacheDir } = buildMachine(terminal, { ...values, "ca-file": [] });
  const items = await readInventory(cacheDir);
  const kinds = kindsOf(items);
  return {
    text: `${cacheDir}: ${bytesText(bytesOf(items))}\n${rowsText(
      kinds.map(({ kind, items: count, bytes, used }) => [
        kind,
        `${amountText(count, "item")}, ${bytesText(bytes)}, last used ${used}`,
      ]),
    )}`.trimEnd(),
    json: { folder: cacheDir, bytes: bytesOf(items), kinds },
  };
};

export const cacheVerify: Run<typeof cacheVerifyTable> = async (values, { terminal, signal }) => {
  const dryRun = values["dry-run"];
  const { cacheDir, uid } = buildMachine(terminal, { ...values, "ca-file": [] });
  const { checked, damaged } = await verifyCache({ cacheDir, uid, dryRun, signal });
  const headline =
    damaged.length === 0
      ? `${cacheDir} is whole: ${amountText(checked, "item")}`
      : `${cacheDir}: ${damaged.length} of ${amountText(checked, "item")} damaged${dryRun ? "" : " and removed"}`;
  const next = "the next build makes it again; if this happens again, look at the disk";
  return {
    text: [
      headline,
      ...(damaged.length === 0
        ? []
        : [
            rowsText([
              ["damaged", beginning(damaged)],
              ["next", next],
            ]),
          ]),
    ].join("\n"),
    json: { folder: cacheDir, checked, damaged, dryRun },
    exitCode: damaged.length === 0 ? EXIT.done : EXIT.refused,
  };
};

export const cacheTrim: Run<typeof cacheTrimTable> = async (values, { terminal }) => {
  const dryRun = values["dry-run"];
  const { cacheDir, uid, now } = buildMachine(terminal, { ...values, "ca-file": [] });
  const maxMb = values["max-mb"];
  const days = values.days ?? (maxMb === undefined ? DAYS : undefined);
  const limits = values.all
    ? { unusedFor: -Infinity }
    : {
        unusedFor: days === undefined ? undefined : days * DAY_MS,
        maxBytes: maxMb === undefined ? undefined : maxMb * MB,
      };
  const { removed, kept } = await trimCache({ cacheDir, uid, now: now(), dryRun, ...limits });
  const freed = bytesOf(removed);
  return {
    text: `${dryRun ? "Would free" : "Freed"} ${bytesText(freed)} in ${cacheDir}; ${bytesText(bytesOf(kept))} ${dryRun ? "would stay" : "stay"}\n${rowsText(
      kindsOf(removed).map(({ kind, items, bytes }) => [
        kind,
        `${amountText(items, "item")}, ${bytesText(bytes)}`,
      ]),
    )}`.trimEnd(),
    json: {
      folder: cacheDir,
      freed,
      bytes: bytesOf(kept),
      removed: kindsOf(removed),
      dryRun,
    },
  };
};

interface KindSum {
  kind: CacheItem["kind"];
  items: number;
  bytes: number;
  /** RFC 3339. */
  used: string;
}

function kindsOf(items: readonly CacheItem[]): KindSum[] {
  return CACHE_KINDS.flatMap((kind) => {
    const own = items.filter((item) => item.kind === kind);
    if (own.length === 0) return [];
    const used = timeText(new Date(Math.max(...own.map((item) => item.used))));
    return [{ kind, items: own.length, bytes: bytesOf(own), used }];
  });
}

function bytesOf(items: readonly CacheItem[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}
