// `goferry use`: which of the installed Go versions `go` is.

import { defaultRoot, findGoVersionFile, useVersion, type Used } from "@goferry/installer";
import { findingText } from "../finding-text.ts";
import { goVersionOf } from "../go-version-argument.ts";
import { binFolder } from "../machine.ts";
import type { Run } from "../command.ts";
import type { useTable } from "./tables/use.ts";

export const use: Run<typeof useTable> = async (values, { terminal, host, signal }) => {
  const root = values.root ?? defaultRoot(host);
  const file = values.version === undefined ? await findGoVersionFile(host, terminal.cwd) : undefined;
  const version = file?.version ?? goVersionOf(values.version ?? "", "VERSION");
  const dryRun = values["dry-run"];
  const used = await useVersion(host, { root, version, dryRun, signal });
  const { findings, ...rest } = used;
  return {
    text: sentence(used, dryRun) + (file === undefined ? "" : `, as ${file.path} asks for`),
    json: { ...rest, file: file?.path ?? null, bin: binFolder(used.root), dryRun, findings },
    warnings: findings.map(findingText),
  };
};

function sentence({ changed, root, previous, current }: Used, dryRun: boolean): string {
  const go = `go in ${binFolder(root)}`;
  if (!changed) return `Nothing to do: ${go} is Go ${current}`;
  const before = previous === null ? "" : `, and was Go ${previous}`;
  return dryRun
    ? `${go} would be Go ${current}${before.replace("was", "is")}`
    : `${go} is Go ${current}${before}`;
}
