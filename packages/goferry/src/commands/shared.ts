// Arguments and flags that several commands have.

import type { OptionTable, Positional } from "../option.ts";

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

export const KEY_OPTION = {
  kind: "paths",
  arg: "FILE",
  help: "Public key that is trusted to sign bundles.",
  setting: true,
} as const;

export const TRUST_OPTIONS = {
  key: { ...KEY_OPTION, required: true },
  "min-signatures": {
    kind: "count",
    arg: "N",
    help: "How many different trusted keys must have signed; 1 if left out.",
    setting: true,
  },
} as const satisfies OptionTable;

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
} as const satisfies OptionTable;

export const ROOT_OPTION = {
  kind: "path",
  arg: "DIR",
  help: "Where Go is installed; /opt/goferry for root, ~/.local/share/goferry for others if left out.",
  setting: true,
} as const;

export const DRY_RUN = { kind: "flag", help: "Say what would be done, and change nothing." } as const;
