// `goferry status` as the command line and the help know it; what it does is in ../status.ts.

import { EXIT } from "@goferry/core";
import { ROOT_OPTION } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const statusTable = {
  name: "status",
  summary: "Show how a root is: versions, age, last change and failure",
  description:
    "Shows what is installed in a root, how old each bundle is and when it expires, what changed the root last, what " +
    "failed last, how the last check ended, and whether anybody is at work.\n\n" +
    "With --prometheus the same goes to a file for the textfile collector of the node exporter, written in one step. " +
    "With --archive everything that a supporter needs goes to one tar.gz, without secrets, also from a root that is " +
    "damaged: state, journal, logs, audit log, space, mounts, go env. Its CONTENTS.txt lists what it holds.",
  positionals: {},
  options: {
    root: ROOT_OPTION,
    prometheus: {
      kind: "path",
      arg: "FILE",
      help: "Also write figures for a monitoring, such as to /var/lib/prometheus/node-exporter/goferry.prom.",
    },
    archive: {
      kind: "path",
      arg: "FILE",
      help: "Also pack what a supporter needs, such as to status.tar.gz.",
    },
  },
  examples: [
    { line: "goferry status", what: "Of the root where this user installs" },
    {
      line: "goferry status --root /opt/goferry --prometheus /var/lib/prometheus/node-exporter/goferry.prom --quiet",
      what: "For a timer",
    },
    { line: "goferry status --archive status.tar.gz", what: "Something to hand to a supporter" },
  ],
  exits: [EXIT.usage, EXIT.preflight, EXIT.io, EXIT.notFound],
} as const satisfies CommandTable;
