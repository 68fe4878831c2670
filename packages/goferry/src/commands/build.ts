// `goferry build`: a signed bundle from a spec.

import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { EXIT, type PatternUse } from "@goferry/core";
import {
  buildBundle,
  changeText,
  findExecutables,
  placeExecutables,
  planBundle,
  type Built,
} from "@goferry/bundler";
import { readAsset } from "../assets.ts";
import { bundleFacts, factRows } from "../bundle-facts.ts";
import { defineCommand, type Outcome } from "../command.ts";
import { rehearsalLines } from "../rehearsal-text.ts";
import { buildMachine, rehearsalInstall } from "../machine.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { bytesText } from "../output/units.ts";
import { allowLine, patternLines } from "../private-text.ts";
import { planOptions } from "../plan-options.ts";
import { openSigners, SIGNER_OPTIONS } from "../signers.ts";
import { reportBuild } from "../stages.ts";
import { planOutcome } from "./plan.ts";
import { DEFAULT_SPEC, DRY_RUN, SPEC, SPEC_OPTIONS } from "./shared.ts";

export const build = defineCommand({
  name: "build",
  summary: "Make a signed bundle from a spec",
  description:
    "Makes one signed file with Go toolchains for all platforms of the spec and everything that its projects need " +
    "to build. Every toolchain and module is checked against the checksum database. Before it is signed, the " +
    "bundle is installed in a scratch folder and every project is built there without a network.\n\n" +
    "Modules and toolchains come from where GOPROXY says; with --from dl, toolchains are the official archives of " +
    "https://go.dev/dl or a mirror of it, each with the signature of Google.\n\n" +
    "Passphrases of keys are asked for on the terminal, or taken from " +
    "GOFERRY_KEY_PASSPHRASE or --passphrase-file. A key that gpg holds signs with --sign-with-gpg; its agent asks when the " +
    "bundle is packed and rehearsed.",
  positionals: { spec: SPEC },
  options: {
    ...SIGNER_OPTIONS,
    out: { kind: "path", arg: "FILE", help: "The bundle; replaced if it is there.", required: true },
    ...SPEC_OPTIONS,
    "with-executables": {
      kind: "path",
      arg: "DIR",
      help: "Put the stand-alone goferry executables of this folder beside the bundle, with install.sh and signed SHA256SUMS.",
      setting: true,
    },
    "dry-run": DRY_RUN,
  },
  examples: [
    {
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out site.tar",
      what: "A bundle of what goferry.yaml asks for",
    },
    {
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out site.tar --locked",
      what: "The same bundle again, from its lock",
    },
    {
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out site.tar --ca-file /etc/corp/root.pem",
      what: "Behind the proxy of a site with a certificate authority of its own",
    },
    {
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out site.tar --from dl --dl-url https://mirror.example/dl",
      what: "With Go's official archives, from a mirror",
    },
    {
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out usb/site.tar --with-executables dist",
      what: "With all that a host without goferry needs",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io, EXIT.notFound, EXIT.rolledBack, EXIT.rehearsal],
  async run(values, { host, terminal, progress, signal }) {
    // Where a machine has memory to spare, V8 keeps 100 MB for objects that live for a moment, as those for the files of
    // a zip do. Beside two compressors of 95 MB each, a build would pass 512 MB.
    setFlagsFromString("--semi-space-growth-factor=1");
    const { out } = values;
    const spec = values.spec ?? resolve(terminal.cwd, DEFAULT_SPEC);
    const machine = buildMachine(terminal, values);
    const executables = values["with-executables"];
    const passphraseFile = values["passphrase-file"];
    // Before the build rather than after it: nobody wants to wait for a minute to hear of a wrong folder.
    if (executables !== undefined) await findExecutables(executables);
    const signers = await openSigners(values, { terminal, signal });
    const options = { ...(await planOptions(values)), spec, onProgress: reportBuild(progress), signal };
    if (values["dry-run"]) {
      const { text, json } = planOutcome(await planBundle(options, machine), spec);
      return { text: `${text}\nNothing was built (--dry-run)`, json: { dryRun: true, ...json } };
    }
    const install = rehearsalInstall(host);
    const secrets = [...values["sign-key"], ...(passphraseFile === undefined ? [] : [passphraseFile])];
    const built = await buildBundle({ ...options, out, signers, install, exclude: secrets }, machine);
    const placed =
      executables === undefined
        ? undefined
        : await placeExecutables({
            from: executables,
            bundleFile: built.sealed.file,
            platforms: built.sealed.packed.contents.platforms,
            installScript: await readAsset("install.sh"),
            signers,
            now: terminal.now(),
            signal,
          });
    return outcome(built, placed);
  },
});

/** Files beside the bundle, and what is to be said of them. */
interface Placed {
  files: string[];
  notes: string[];
}

function outcome(built: Built, placed: Placed | undefined): Outcome {
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
