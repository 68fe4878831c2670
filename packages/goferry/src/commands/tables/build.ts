// `goferry build` as the command line and the help know it; what it does is in ../build.ts.

import { EXIT } from "@goferry/core";
import { DRY_RUN, SIGNER_OPTIONS, SPEC, SPEC_OPTIONS } from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const buildTable = {
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
    smallest: {
      kind: "flag",
      help: "Compress for size, which takes much longer: for media on which every megabyte counts. The lock remembers it.",
    },
    "with-executables": {
      kind: "path",
      arg: "DIR",
      help: "Put the stand-alone goferry executables of this folder beside the bundle, with install.sh and signed SHA256SUMS.",
      setting: true,
    },
    "self-contained": {
      kind: "texts",
      arg: "OS/ARCH",
      help: "Also make one file of the bundle and the goferry for that platform, which installs what it holds. Less than 4 GiB for Windows.",
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
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out site.tar --smallest",
      what: "For a slow line to the site",
    },
    {
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out usb/site.tar --with-executables dist",
      what: "With all that a host without goferry needs",
    },
    {
      line: "goferry build goferry.yaml --sign-key keys/private.asc --out site.tar --with-executables dist --self-contained windows/amd64",
      what: "And as one program, site-windows-amd64.exe",
    },
  ],
  exits: [EXIT.usage, EXIT.refused, EXIT.preflight, EXIT.io, EXIT.notFound, EXIT.rolledBack, EXIT.rehearsal],
} as const satisfies CommandTable;
