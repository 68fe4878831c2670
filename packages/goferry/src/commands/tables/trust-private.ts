// `goferry trust allow-private` and `goferry trust remove-private` as the command line and the help know them; what they do is in ../trust-private.ts.

import { EXIT } from "@goferry/core";
import { DRY_RUN, ROOT_EXITS, ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

const PATTERNS = {
  arg: "PATTERN",
  help: "Beginning of module paths, as in GOPRIVATE: * and ? stand for any letters of one part.",
  required: true,
  kind: "text",
  many: true,
} as const;

const COMMON = {
  changesRoot: true,
  positionals: { patterns: PATTERNS },
  options: { root: ROOT_OPTION, "dry-run": DRY_RUN },
} as const;

export const trustAllowPrivateTable = {
  ...COMMON,
  name: "trust allow-private",
  summary: "Accept private modules of these paths in a root",
  description:
    "No checksum database knows a private module: only the signature of a bundle vouches for it. So a root refuses " +
    "such modules unless their path matches a pattern that was allowed here. A bundle cannot allow one itself.\n\n" +
    "Go is told too (GONOSUMDB in every go.env of the root). A root that is not there yet is made, so that its first " +
    "bundle can be installed. The decision is written to the root's audit log.",
  examples: [
    { line: "goferry trust allow-private 'git.corp.example/*'", what: "All modules of one server" },
    {
      line: "goferry trust allow-private 'github.com/our-team/*' corp.example/lib --root /opt/goferry",
      what: "Several patterns, for another root",
    },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.locked, EXIT.io, EXIT.rolledBack],
} as const satisfies CommandTable;

export const trustRemovePrivateTable = {
  ...COMMON,
  name: "trust remove-private",
  summary: "Stop accepting private modules of these paths",
  description:
    "Takes back what goferry trust allow-private allowed. Modules that are installed stay; a bundle that brings one " +
    "of these paths as a private module is refused from now on.",
  examples: [
    { line: "goferry trust remove-private 'git.corp.example/*'", what: "As goferry trust list shows it" },
    {
      line: "goferry trust remove-private 'git.corp.example/*' --root /opt/goferry --dry-run",
      what: "Which installed modules does it leave without a pattern?",
    },
  ],
  exits: ROOT_EXITS.change,
} as const satisfies CommandTable;
