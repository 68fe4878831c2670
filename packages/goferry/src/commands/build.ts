// `goferry build`: a signed bundle from a spec.

import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { GoferryError, type PatternUse } from "@goferry/core";
import type { Host } from "@goferry/installer";
import {
  buildBundle,
  changeText,
  findExecutables,
  makeSelfContained,
  placeExecutables,
  planBundle,
  programFor,
  type Built,
} from "@goferry/bundler";
import { readAsset } from "../assets.ts";
import { bundleFacts, factRows } from "../bundle-facts.ts";
import type { Outcome, Run } from "../command.ts";
import { rehearsalLines } from "../rehearsal-text.ts";
import { buildMachine, rehearsalInstall } from "../build-machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { bytesText } from "../output/units.ts";
import { allowLine, patternLines } from "../private-text.ts";
import { planOptions } from "../plan-options.ts";
import { openSigners } from "../signers.ts";
import { reportBuild } from "../stages.ts";
import { planOutcome } from "./plan.ts";
import { DEFAULT_SPEC } from "./tables/shared.ts";
import type { buildTable } from "./tables/build.ts";

export const build: Run<typeof buildTable> = async (values, { host, terminal, progress, signal }) => {
  // Where a machine has memory to spare, V8 lets garbage lie: 100 MB of objects that lived for a moment, as those for the
  // files of a zip do, and two or three times of what lives, with the contents of files that hang on it. A build of 5,000
  // modules took 720 MB; of garbage half as much as lives it takes 440, and no longer.
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=50");
  const { out } = values;
  const spec = values.spec ?? resolve(terminal.cwd, DEFAULT_SPEC);
  const machine = buildMachine(terminal, values);
  const executables = values["with-executables"];
  const passphraseFile = values["passphrase-file"];
  // Before the build rather than after it: nobody wants to wait for a minute to hear of a wrong folder.
  if (executables !== undefined) await findExecutables(executables);
  const programs = await programsFor(values["self-contained"], { executables, host });
  const signers = await openSigners(values, { terminal, signal });
  const options = { ...(await planOptions(values)), spec, onProgress: reportBuild(progress), signal };
  if (values["dry-run"]) {
    const { text, json } = planOutcome(await planBundle(options, machine), spec);
    return { text: `${text}\nNothing was built (--dry-run)`, json: { dryRun: true, ...json } };
  }
  const install = rehearsalInstall(host);
  const secrets = [...values["sign-key"], ...(passphraseFile === undefined ? [] : [passphraseFile])];
  const built = await buildBundle({ ...options, out, signers, install, exclude: secrets }, machine);
  const { file: bundleFile, packed } = built.sealed;
  const { platforms } = packed.contents;
  const whole: string[] = [];
  for (const { platform, program } of programs) {
    if (!platforms.includes(platform)) throw notInBundle(platform, platforms);
    whole.push(await makeSelfContained({ platform, program, bundleFile, signal }));
  }
  const placed =
    executables === undefined
      ? undefined
      : await placeExecutables({
          from: executables,
          bundleFile,
          platforms,
          others: whole,
          installScript: await readAsset("install.sh"),
          signers,
          now: terminal.now(),
          signal,
        });
  return outcome(built, placed, whole);
};

/** By platform the program that the bundle is laid behind: that which runs, or the one of --with-executables. */
async function programsFor(
  platforms: readonly string[],
  { executables, host }: { executables: string | undefined; host: Host },
): Promise<{ platform: string; program: string }[]> {
  const { executablePath } = host;
  return await Promise.all(
    platforms.map(async (platform) => {
      if (executables !== undefined) return { platform, program: await programFor(platform, executables) };
      if (executablePath !== undefined && platform === host.platform)
        return { platform, program: executablePath };
      throw new GoferryError("ARGUMENT_INVALID", {
        subject: "--self-contained",
        message: `the stand-alone goferry for ${platform} is needed for this`,
        expected: "--with-executables DIR, with the executables of goferry",
        found: "no such flag",
        next: "Add --with-executables DIR; in goferry's source tree, pnpm executables makes dist.",
      });
    }),
  );
}

function notInBundle(platform: string, platforms: readonly string[]): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "--self-contained",
    message: `the bundle is built, and holds nothing for ${platform}`,
    expected: `one of ${platforms.join(", ")}`,
    found: platform,
    next: "Name a platform of the spec.",
  });
}

/** Files beside the bundle, and what is to be said of them. */
interface Placed {
  files: string[];
  notes: string[];
}

function outcome(built: Built, placed: Placed | undefined, whole: readonly string[]): Outcome {
  const { sealed, rehearsals, lockFile, changes } = built;
  const { file, size, signers, packed } = sealed;
  const facts = bundleFacts(packed.contents, packed.documents.index.digest);
  const { patterns } = packed.fetched;
  const notes = [...packed.fetched.notes, ...(placed?.notes ?? [])];
  const rows = rowsText([
    ["file", `${file}, ${bytesText(size)}`],
    ...factRows(facts, privateLines(patterns)),
    ["signed by", signers],
    [
      "rehearsed",
      rehearsals.length === 0
        ? "nothing: there is no project, or nothing for the platform of this machine"
        : rehearsals.flatMap(rehearsalLines),
    ],
    ["lock", lockFile],
    ["changed", beginning(changes.map(changeText))],
    ["in one file", whole],
    ["beside it", placed?.files],
    ["notes", notes],
  ]);
  return {
    text: `Built ${facts.name}\n${rows}`,
    json: {
      file,
      size,
      ...facts,
      patterns,
      signers,
      rehearsals,
      lockFile,
      changes,
      executables: placed?.files ?? [],
      selfContained: whole,
      notes,
    },
  };
}

/** That a public module among them has no proof either is the doing of the user's own pattern, and only he can tell. */
function privateLines(patterns: readonly PatternUse[]): string[] {
  if (patterns.length === 0) return [];
  return [
    ...patternLines(patterns),
    "without a proof of the checksum database, which was not asked: GONOSUMDB or GOPRIVATE of this machine names " +
      "these patterns, for public modules under them too",
    `each host allows them once: ${allowLine(patterns.map(({ pattern }) => pattern))}`,
  ];
}
