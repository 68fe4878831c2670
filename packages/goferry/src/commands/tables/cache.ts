// `goferry cache` and its two as the command line and the help know them; what they do is in ../cache.ts.

import { EXIT } from "@goferry/core";
import { DRY_RUN, SPEC_OPTIONS } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

/** What was not used for so many days goes, unless it is said otherwise. */
export const DAYS = 30;

const CACHE_OPTION = {
  ...SPEC_OPTIONS.cache,
  help: "The folder of the cache; the user's cache folder if left out.",
} as const;

export const cacheTable = {
  name: "cache",
  summary: "Show what earlier builds left for later ones",
  description:
    "Shows what is in the cache of this user: downloads of toolchains, modules, packed layers, records of what was found " +
    "out, Go's own build cache, answers of the checksum database, and the folders of builds that run or were killed.\n\n" +
    "A build takes from it whatever is the same, by content. Nothing in it is believed without a check, and all of " +
    "it can be removed at any time: it costs time, and nothing else.",
  positionals: {},
  options: { cache: CACHE_OPTION },
  examples: [
    { line: "goferry cache", what: "How large is it, and what is in it?" },
    { line: "goferry cache --cache /srv/goferry-cache --json", what: "Of another folder, for a program" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
  answers: true,
} as const satisfies CommandTable;

export const cacheVerifyTable = {
  name: "cache verify",
  summary: "Find what is damaged in the cache, and remove it",
  description:
    "Reads the whole cache: layers must have their digest, modules the h1 that Go noted, zips of toolchains a " +
    "CRC for every file, records their sum. What is damaged is removed, and made again by the next build. " +
    "Builds notice damage by themselves; this is for a disk that you do not trust any more.",
  positionals: {},
  options: { cache: CACHE_OPTION, "dry-run": DRY_RUN },
  examples: [
    { line: "goferry cache verify", what: "Is it whole?" },
    { line: "goferry cache verify --dry-run", what: "Only say what is damaged" },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io],
  answers: true,
} as const satisfies CommandTable;

export const cacheTrimTable = {
  name: "cache trim",
  summary: "Make the cache smaller",
  description:
    `Removes what no build has used for ${DAYS} days, or for --days N. With --max-mb N what was not used for longest goes ` +
    "until no more than that is left. With --all everything goes.\n\n" +
    "Builds that run at the same time lose nothing by it. What stays in any case is what Go's build cache had used in the " +
    "last two hours, and the folders of builds that were begun in the last day.",
  positionals: {},
  options: {
    cache: CACHE_OPTION,
    days: { kind: "count", arg: "N", help: `Days without use; ${DAYS} if nothing is said.` },
    "max-mb": { kind: "count", arg: "N", help: "Megabytes (of 1,000,000 bytes) that may stay." },
    all: { kind: "flag", help: "Remove everything." },
    "dry-run": DRY_RUN,
  },
  examples: [
    { line: "goferry cache trim", what: `Remove what was not used for ${DAYS} days` },
    { line: "goferry cache trim --max-mb 5000", what: "Keep 5 GB, what was used last" },
    { line: "goferry cache trim --all --dry-run", what: "How much would that free?" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io],
} as const satisfies CommandTable;
