// `goferry install`: verify a bundle and install it, in one step that succeeds as a whole or leaves nothing behind.

import { delimiter } from "node:path";
import { EXIT, openBundle, openFileSource, SUM_GOLANG_ORG_KEY } from "@goferry/core";
import {
  defaultPath,
  defaultRoot,
  install as installBundle,
  type Installed,
  type Selection,
} from "@goferry/installer";
import { bundleFacts, signatureJson, signatureText, type BundleFacts } from "../bundle-facts.ts";
import { defineCommand, type Outcome } from "../command.ts";
import { EVIDENCE_OPTIONS } from "../evidence-options.ts";
import { findingText } from "../finding-text.ts";
import { binFolder } from "../machine.ts";
import { rowsText } from "../output/rows.ts";
import { amountText, countText } from "../output/units.ts";
import { exportPath } from "../path-line.ts";
import { patternLines } from "../private-text.ts";
import { SELECTION_OPTIONS, selectionOf } from "../selection-options.ts";
import { reportInstall } from "../stages.ts";
import type { Environment } from "../terminal.ts";
import { trustForInstall } from "../trusted-keys.ts";
import { BUNDLE, DRY_RUN, ROOT_OPTION, TRUST_OPTIONS } from "./shared.ts";

export const install = defineCommand({
  name: "install",
  summary: "Verify a bundle and install it on this machine",
  description:
    "Checks everything that goferry verify checks, and then this machine: platform, space, permissions. Only then " +
    "is the bundle installed, beside what is there, and switched to in one step. An install that fails or is " +
    "interrupted leaves the machine as it was.\n\n" +
    "Of a bundle with several Go versions or projects a part is enough for many machines. The rest can be added later " +
    "from the same bundle; asking for less than is there takes nothing away.\n\n" +
    "Keys that are trusted in the root (goferry trust add) decide whose bundles it takes, else those of the user. With " +
    "--key only the keys that are named count, though never one that was revoked, nor fewer than the root asks for.\n\n" +
    "Outside of a root that is named nothing is changed, unless --path profile asks for it. No network is used.",
  positionals: { bundle: BUNDLE },
  options: {
    ...TRUST_OPTIONS,
    root: ROOT_OPTION,
    ...SELECTION_OPTIONS,
    "no-zips": {
      kind: "flag",
      help: "Do not rebuild the zips of modules: faster and smaller, but a bare `go mod download` fails.",
      setting: true,
    },
    path: {
      kind: "choice",
      choices: ["none", "profile"],
      help:
        "profile: put DIR/bin on the PATH of login shells, for everybody if it is the machine's, with links in " +
        "/usr/local/bin. none: change nothing outside of DIR. If left out: profile for root without --root, else none.",
      setting: true,
    },
    direct: {
      kind: "texts",
      arg: "PATTERN",
      help: "Let Go fetch modules of these paths from their own servers, which are on this side of the gap.",
      setting: true,
    },
    ...EVIDENCE_OPTIONS,
    "allow-private": {
      ...EVIDENCE_OPTIONS["allow-private"],
      help: "Accept private modules of these paths, now and later: as goferry trust allow-private, in the same step.",
    },
    // Each is a decision about one bundle, so neither can be a setting.
    "allow-downgrade": {
      kind: "flag",
      onlyAsFlag: true,
      help: "Install a bundle that is older than one which the root has had. The audit log says so.",
    },
    "allow-expired": {
      kind: "flag",
      onlyAsFlag: true,
      help: "Install a bundle that has expired, or of which a wrong clock cannot tell. The audit log says so.",
    },
    "self-test": {
      kind: "choice",
      choices: ["build", "tools"],
      help:
        "How the new Go is tried before the old one may go. build: also build and run a program, and build one with a module " +
        "of the bundle, which takes some seconds. tools: only start go, gofmt, the compiler, the linker and vet. build if left out.",
      setting: true,
    },
    "dry-run": DRY_RUN,
  },
  examples: [
    {
      line: "goferry install site.tar --key keys/public.asc",
      what: "For this user, in ~/.local/share/goferry",
    },
    { line: "sudo goferry install site.tar", what: "By the keys that this machine trusts" },
    {
      line: "sudo goferry install site.tar --key keys/public.asc",
      what: "For everybody on this machine: in /opt/goferry, with Go on PATH",
    },
    {
      line: "goferry install site.tar --key keys/public.asc --only go1.27.1 --project app",
      what: "One Go version, and the modules of one project",
    },
    {
      line: "goferry install site.tar --key keys/public.asc --only go1.27.1,go1.26.8 --no-modules",
      what: "Two Go versions and nothing else",
    },
    {
      line: "goferry install site.tar --key keys/public.asc --root ~/go-offline --no-zips --dry-run",
      what: "What would it do, and would it fit?",
    },
    {
      line: "goferry install last-week.tar --key keys/public.asc --allow-downgrade",
      what: "Back to an older bundle, which is refused otherwise",
    },
  ],
  exits: [
    EXIT.usage,
    EXIT.refused,
    EXIT.preflight,
    EXIT.locked,
    EXIT.io,
    EXIT.notFound,
    EXIT.rolledBack,
    EXIT.policy,
  ],
  changesRoot: true,
  async run(values, { terminal, host, progress, signal }) {
    const root = values.root ?? defaultRoot(host);
    const select = selectionOf(values);
    const trust = await trustForInstall({ ...values, root }, { terminal, host, signal });
    await using source = await openFileSource(values.bundle);
    const bundle = await openBundle(source, trust);
    const dryRun = values["dry-run"];
    const installed = await installBundle(host, {
      root,
      bundle,
      bundleFile: source.name,
      select,
      logKey: values["log-key"] ?? SUM_GOLANG_ORG_KEY,
      zips: !values["no-zips"],
      path: values.path ?? defaultPath(host, values.root),
      direct: values.direct,
      allowPrivate: values["allow-private"],
      exceptions: { downgrade: values["allow-downgrade"], expired: values["allow-expired"] },
      selfTest: values["self-test"] ?? "build",
      dryRun,
      onProgress: reportInstall(progress),
      signal,
    });
    const facts = bundleFacts(bundle.contents, bundle.indexDigest);
    return outcome(installed, { facts, select, dryRun, env: terminal.env });
  },
});

interface Circumstances {
  facts: BundleFacts;
  /** The part that was asked for; undefined: all. */
  select: Selection | undefined;
  dryRun: boolean;
  env: Environment;
}

function outcome(installed: Installed, circumstances: Circumstances): Outcome {
  const { root, evidence, signatures, findings, overrides, ...rest } = installed;
  const { facts, select, dryRun } = circumstances;
  const { name, indexDigest, serial, created } = facts;
  return {
    text: `${headline(installed, circumstances)}\n${rowsText(rows(installed, circumstances))}`,
    json: {
      changed: rest.changed,
      dryRun,
      root,
      bin: binFolder(root),
      generation: rest.generation,
      current: rest.current,
      bundle: { name, indexDigest, serial, created },
      selected: { go: select?.go ?? "all", modules: select?.modules ?? "all" },
      added: rest.added,
      signatures: signatures.map(signatureJson),
      evidence: {
        logged: evidence.logged,
        private: evidence.private,
        treeSize: evidence.head?.size ?? null,
        patterns: evidence.patterns,
      },
      findings,
      overrides,
      changes: rest.changes,
      ...(rest.scope === undefined ? {} : { scope: rest.scope }),
    },
    warnings: [...findings, ...overrides].map(findingText),
  };
}

function headline({ changed, root }: Installed, { facts, select, dryRun }: Circumstances): string {
  const whole = `${facts.name} (serial ${facts.serial})`;
  const what = select === undefined ? whole : `a part of ${whole}`;
  if (!changed) return `Nothing to do: ${root} has ${select === undefined ? "all" : "this part"} of ${whole}`;
  return dryRun ? `Would install ${what} in ${root}` : `Installed ${what} in ${root}`;
}

function rows(installed: Installed, circumstances: Circumstances): Parameters<typeof rowsText>[0] {
  const { changes, signatures, evidence, current } = installed;
  const { logged, head } = evidence;
  const tree = head === undefined ? "" : `, in a tree of ${countText(head.size)} records`;
  return [
    [circumstances.dryRun ? "would add" : "added", changes],
    ["signed by", signatures.map(signatureText)],
    ["in the log", `${amountText(logged, "unit")}${tree}`],
    ["private", patternLines(evidence.patterns)],
    ["current", current === null ? undefined : `Go ${current}`],
    ["PATH", circumstances.dryRun ? undefined : pathText(installed, circumstances)],
  ];
}

function pathText({ root, found }: Installed, { env }: Circumstances): string {
  const bin = binFolder(root);
  const folders = (env["PATH"] ?? "").split(delimiter);
  if (folders.includes(bin)) return `has ${bin} already`;
  const line = exportPath(bin);
  if (found.loginShells) return `new login shells have ${bin}; for this one: ${line}`;
  const linked = found.folders.find((folder) => folders.includes(folder));
  return linked === undefined ? line : `has ${linked} already, where go is a link`;
}
