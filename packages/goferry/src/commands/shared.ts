// Arguments and flags that several commands have.

import { GoferryError } from "@goferry/core";
import { defaultRoot, type TrustPlace } from "@goferry/installer";
import type { Context } from "../context.ts";
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

/** @throws HOME_MISSING where neither is known */
export function trustPlace(
  { root, user }: { root: string | undefined; user: boolean },
  { terminal, host }: Pick<Context, "terminal" | "host">,
): TrustPlace {
  if (!user) return { root: root ?? defaultRoot(host) };
  const config = terminal.system.folders?.config;
  if (config !== undefined) return { config };
  throw new GoferryError("HOME_MISSING", {
    subject: "--user",
    message: "this user has no home folder to keep trusted keys in",
    next: "Name a root: --root DIR",
  });
}

export const DRY_RUN = { kind: "flag", help: "Say what would be done, and change nothing." } as const;
