// `goferry install` as the command line and the help know it; what it does is in ../install.ts.

import {
  BUNDLE,
  DRY_RUN,
  EVIDENCE_OPTIONS,
  ROOT_EXITS,
  ROOT_OPTION,
  SELECTION_OPTIONS,
  TRUST_OPTIONS,
} from "./shared.ts";
import type { CommandTable } from "../../command.ts";

export const installTable = {
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
  exits: ROOT_EXITS.judged,
  changesRoot: true,
} as const satisfies CommandTable;
