// Arguments and flags that several commands have.

import { EXIT } from "@goferry/core";
import type { OptionTable, Positional } from "../../option.ts";

export const BUNDLE = {
  arg: "BUNDLE",
  help: "File made by goferry build, such as site.tar.",
  required: true,
} as const satisfies Positional;

export const SPEC = {
  arg: "SPEC",
  help: "What the bundle shall hold; goferry.yaml if left out.",
} as const satisfies Positional;

/** Where a spec is looked for. */
export const DEFAULT_SPEC = "goferry.yaml";

const KEY_OPTION = {
  kind: "paths",
  arg: "FILE",
  help: "Public key that is trusted to sign bundles. With it only those that are named count; without it those of goferry trust list.",
  setting: true,
} as const;

export const TRUST_OPTIONS = {
  key: KEY_OPTION,
  "min-signatures": {
    kind: "count",
    arg: "N",
    help: "How many different trusted keys must have signed; what goferry trust require says, else 1, if left out.",
    setting: true,
  },
} as const satisfies OptionTable;

/** Of commands that look at a bundle and install nothing. */
export const TRUSTING_ROOT = {
  kind: "path",
  arg: "DIR",
  help: "Root whose trusted keys count if no --key is given; /opt/goferry for root, ~/.local/share/goferry for others if left out. Where it has none, those of the user count.",
  setting: true,
} as const;

/** Flags of commands that read a spec. */
export const SPEC_OPTIONS = {
  lock: { kind: "path", arg: "FILE", help: "Lock file; goferry.lock beside the spec if left out." },
  locked: { kind: "flag", help: "Take every decision from the lock, and refuse what drifted from it." },
  cache: {
    kind: "path",
    arg: "DIR",
    help: "Folder for downloads that are kept; the user's cache folder if left out.",
    setting: true,
  },
  "ca-file": {
    kind: "paths",
    arg: "FILE",
    help: "PEM file of your site's certificate authority, to be trusted for every download besides those of the system.",
    setting: true,
  },
  from: {
    kind: "choice",
    arg: "SOURCE",
    choices: ["proxy", "dl"],
    help: "Where Go toolchains come from: the module proxy, or go.dev/dl; else as the spec says, else proxy.",
  },
  "dl-url": {
    kind: "text",
    arg: "URL",
    help: "Mirror of https://go.dev/dl; it has the list (?mode=json), the archives and their .asc files.",
    setting: true,
  },
  "release-key": {
    kind: "paths",
    arg: "FILE",
    help: "Public key that may have signed archives of Go, beside Google's, which is built in.",
    setting: true,
  },
} as const satisfies OptionTable;

export const ROOT_OPTION = {
  kind: "path",
  arg: "DIR",
  help: "Where Go is installed; /opt/goferry for root, ~/.local/share/goferry for others if left out.",
  setting: true,
} as const;

/** Whose trust a command is about. */
export const TRUST_PLACE = {
  root: {
    kind: "path",
    arg: "DIR",
    help: "Root whose trust it is; /opt/goferry for root, ~/.local/share/goferry for others if left out.",
    setting: true,
  },
  user: {
    kind: "flag",
    help: "The trust of this user instead of a root's; it counts in roots that have no keys.",
  },
} as const satisfies OptionTable;

export const DRY_RUN = { kind: "flag", help: "Say what would be done, and change nothing." } as const;

/** Which part of a bundle. */
export const SELECTION_OPTIONS = {
  only: {
    kind: "texts",
    arg: "VERSION",
    help: "Of the Go versions of the bundle only this one, such as go1.27.1; several separated by commas.",
  },
  "no-modules": { kind: "flag", help: "Only Go, no modules." },
  project: {
    kind: "texts",
    arg: "NAME",
    help: "Of the modules only what this project of the bundle needs; several separated by commas.",
  },
} as const satisfies OptionTable;

/** What the administrator of a host says about evidence. */
export const EVIDENCE_OPTIONS = {
  "allow-private": {
    kind: "texts",
    arg: "PATTERN",
    help: "Accept modules of these paths without a record of the checksum database, as in GOPRIVATE.",
    setting: true,
  },
  "log-key": {
    kind: "text",
    arg: "KEY",
    help: "Key of the checksum database, as in GOSUMDB; sum.golang.org's if left out.",
    setting: true,
  },
} as const satisfies OptionTable;

/** Who signs. */
export const SIGNER_OPTIONS = {
  "sign-key": {
    kind: "paths",
    arg: "FILE",
    help: "Private key that signs.",
    setting: true,
  },
  "sign-with-gpg": {
    kind: "texts",
    arg: "FPR",
    help: "Full fingerprint of a key that gpg signs with: one in gpg-agent or on a token.",
    setting: true,
  },
  "passphrase-file": {
    kind: "path",
    arg: "FILE",
    help: "File with the passphrase of the keys of --sign-key on its first line.",
    setting: true,
  },
} as const satisfies OptionTable;

/** Of commands that change a root by what the root has. */
const CHANGE_EXITS = [
  EXIT.usage,
  EXIT.preflight,
  EXIT.locked,
  EXIT.io,
  EXIT.notFound,
  EXIT.rolledBack,
] as const;

/** How commands may end that change a root: also by what is refused of what they read, and of a bundle's age. */
export const ROOT_EXITS = {
  change: CHANGE_EXITS,
  verified: [...CHANGE_EXITS, EXIT.refused],
  judged: [...CHANGE_EXITS, EXIT.refused, EXIT.policy],
} as const;
