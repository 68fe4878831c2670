// `goferry init` as the command line and the help know it; what it does is in ../init.ts.

import { EXIT } from "@goferry/core";
import type { CommandTable } from "../../command.ts";

export const initTable = {
  name: "init",
  summary: "Write a first goferry.yaml from what a folder holds",
  description:
    "Looks for projects (go.mod, go.work) and for the Go that they are built with (.go-version, .tool-versions, images " +
    "of Dockerfiles, GitHub workflows, .gitlab-ci.yml), and writes a commented goferry.yaml in which every value says " +
    "where it came from. Nothing is asked of the network, and no file is overwritten.\n\n" +
    "goferry.schema.json is written beside it, and named in its first line: editors with the YAML language server " +
    "complete and check by it, without a network.",
  positionals: { dir: { arg: "DIR", help: "Folder that is searched; this one if left out." } },
  options: {
    out: { kind: "path", arg: "FILE", help: "File that is written; goferry.yaml in DIR if left out." },
    "no-schema": { kind: "flag", help: "Write no goferry.schema.json, and no line that names it." },
    "dry-run": { kind: "flag", help: "Print what would be written, and write nothing." },
  },
  examples: [
    { line: "goferry init", what: "For the projects in this folder and below" },
    { line: "goferry init --dry-run", what: "Only show it" },
    {
      line: "goferry init services --out deploy/goferry.yaml",
      what: "For another folder, written elsewhere",
    },
  ],
  exits: [EXIT.usage, EXIT.io, EXIT.notFound],
  answers: true,
} as const satisfies CommandTable;
