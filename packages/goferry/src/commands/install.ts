// `goferry install`: verify a bundle and install it, in one step that succeeds as a whole or leaves nothing behind.

import { delimiter } from "node:path";
import { countText, openBundle, openBundleFile, SUM_GOLANG_ORG_KEY } from "@goferry/core";
import {
  defaultPath,
  defaultRoot,
  install as installBundle,
  startThreads,
  type Installed,
  type Selection,
} from "@goferry/installer";
import { bundleFacts, signatureJson, signatureText, type BundleFacts } from "../bundle-facts.ts";
import type { Outcome, Run } from "../command.ts";
import { findingText } from "../finding-text.ts";
import { binFolder } from "../machine.ts";
import { rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { exportPath } from "../path-line.ts";
import { patternLines } from "../private-text.ts";
import { selectionOf } from "../selection.ts";
import { reportInstall } from "../stages.ts";
import type { Environment } from "../terminal.ts";
import { trustForInstall } from "../trusted-keys.ts";
import type { installTable } from "./tables/install.ts";

export const install: Run<typeof installTable> = async (values, { terminal, host, progress, signal }) => {
  const root = values.root ?? defaultRoot(host);
  const select = selectionOf(values);
  const trust = await trustForInstall({ ...values, root }, { terminal, host, signal });
  // Before the bundle is looked at: a good one is unpacked sooner, a bad one is refused as soon.
  if (!values["dry-run"]) startThreads(Math.min(host.cores, 2), host.workerSource);
  await using source = await openBundleFile(values.bundle);
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
};

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
  const folders = (env["PATH"] ?? env["Path"] ?? "").split(delimiter);
  if (folders.includes(bin)) return `has ${bin} already`;
  const line = exportPath(bin);
  if (found.loginShells) return `new login shells have ${bin}; for this one: ${line}`;
  const linked = found.folders.find((folder) => folders.includes(folder));
  return linked === undefined ? line : `has ${linked} already, where go is a link`;
}
