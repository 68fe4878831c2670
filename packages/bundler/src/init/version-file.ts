// .go-version (goenv, setup-go: one version) and .tool-versions (asdf, mise: a line for each tool).

import { goEntry, unknownVersion, type GoFindings } from "./go-hint.ts";

/** @param file its name for messages, which also tells which of the two it is */
export function readVersionFile(text: string, file: string): GoFindings {
  const findings: GoFindings = { hints: [], notes: [] };
  const isToolVersions = file.endsWith(".tool-versions");
  for (const [index, line] of text.split(/\r?\n/u).entries()) {
    const words = line.replace(/#.*$/u, "").trim().split(/\s+/u);
    // asdf tries the versions after the first only where the first is not installed.
    const [tool, version] = isToolVersions ? words : ["go", words[0]];
    if (version === undefined || version === "" || (tool !== "golang" && tool !== "go")) continue;
    const where = `${file}:${index + 1}`;
    const entry = goEntry(version);
    if (entry === undefined) findings.notes.push(unknownVersion(where, version));
    else findings.hints.push({ entry, where, isAlternative: false });
    break;
  }
  return findings;
}
