// The shape of goferry.yaml as zod schemas, strict: an unknown key is a mistake that would otherwise show up on
// the far side of the gap. Descriptions and examples are written for the published JSON Schema, which editors
// show; the `error` of each rule says in words what was expected (spec/problems.ts prints it).

import { GO_SYNTAX } from "@goferry/core";
import * as z from "zod";
import { HOST_PLATFORMS, TARGET_PLATFORMS } from "./platforms.ts";

const NAME = z.string().regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/u, {
  error: "1 to 64 lower-case letters, digits and -._ that begin and end with a letter or a digit",
});

const GO_VERSION = z.string().regex(new RegExp(`^(?:stable|oldstable|go\\.mod|${GO_SYNTAX})$`, "u"), {
  error: "1.27.1, 1.27, stable, oldstable or go.mod",
});

// Text that becomes one argument or one path: no control characters, and nothing a command would read as a flag.
const PATH = z.string().regex(/^[^\p{Cc}]{1,4096}$/u, {
  error: "the path of a folder, relative to this file",
});
const TAG = z.string().regex(/^[\p{L}\p{N}_.]+$/u, {
  error: "a build tag of letters, digits, underscores and dots",
});
const PACKAGES = z.string().regex(/^(?!-)[^\s\p{Cc}]+$/u, {
  error: "a package pattern such as ./... or ./cmd/server",
});

// path@version; the path is checked as Go does in spec/module-query.ts, which says what is wrong with it.
const MODULE_QUERY = z.string().regex(/^[^@\s]+@[^@\s]+$/u, {
  error: "path@version, such as golang.org/x/sync@v0.15.0 or golang.org/x/sync@latest",
});

const HOST_PLATFORM = z.enum(HOST_PLATFORMS);
const TARGET_PLATFORM = z.enum(TARGET_PLATFORMS);

const PROJECT = z.strictObject({
  path: PATH.meta({
    description:
      "Folder of the project, relative to this file. It holds a go.mod, or a go.work, which then says which modules are built.",
    examples: ["./app"],
  }),
  name: NAME.optional().meta({
    description:
      "Name of the project in listings and in goferry.lock. Default: the last element of its module path without the major version; in a workspace, of what the module paths have in common.",
  }),
  platforms: z.array(TARGET_PLATFORM).min(1).optional().meta({
    description:
      "Platforms that this project is built for, also ones that only Go's cross-compiler knows (js/wasm). Default: the platforms of the bundle.",
  }),
  tags: z
    .array(TAG)
    .optional()
    .meta({
      description: "Build tags that this project is built with. Default: none.",
      examples: [["netgo", "sqlite"]],
    }),
  packages: z
    .array(PACKAGES)
    .min(1)
    .optional()
    .meta({
      description: 'Packages that are built and tested in the rehearsal. Default: ["./..."].',
      examples: [["./cmd/..."]],
    }),
  cgo: z.boolean().optional().meta({
    description: "true: built with CGO_ENABLED=1; false: with CGO_ENABLED=0. Default: as Go decides.",
  }),
});

/** goferry.yaml as it is written, before defaults (spec/read.ts) are filled in. */
export const SPEC_SCHEMA = z
  .strictObject({
    name: NAME.meta({
      description:
        "Name of the bundle. A host remembers the newest serial of each name, so keep it from one build to the next.",
      examples: ["site"],
    }),
    go: z
      .union([GO_VERSION, z.array(GO_VERSION).min(1)])
      .optional()
      .meta({
        description:
          'Go versions to carry: an exact one ("1.27.1"), the newest of a line ("1.27"), stable, oldstable (the newest of the line before stable), or go.mod (the newest that a go or toolchain line of the projects asks for). One or a list; write numbers in quotes. Default: go.mod when there are projects, else stable.',
        examples: [["1.27.1"], "stable", ["go.mod"]],
      }),
    platforms: z
      .array(HOST_PLATFORM)
      .min(1)
      .meta({
        description: "Platforms of the hosts that will use the bundle, as GOOS/GOARCH.",
        examples: [["linux/amd64", "linux/arm64", "windows/amd64"]],
      }),
    from: z
      .enum(["proxy", "dl"])
      .optional()
      .meta({
        description:
          "Where the Go toolchains come from. proxy: the module proxy. dl: the official archives of https://go.dev/dl, or of a mirror of it (--dl-url), each with Google's signature. Either way they must be what the checksum database has. Default: proxy.",
        examples: ["dl"],
      }),
    projects: z
      .array(z.union([PATH, PROJECT]))
      .optional()
      .meta({
        description:
          "Folders of Go projects whose every dependency is carried. Default: none, the bundle holds only Go and the modules and tools below.",
        examples: [["./app"]],
      }),
    modules: z
      .array(MODULE_QUERY)
      .optional()
      .meta({
        description: "Further modules, each with what it needs, as path@version. Default: none.",
        examples: [["golang.org/x/sync@v0.15.0"]],
      }),
    tools: z
      .array(MODULE_QUERY)
      .optional()
      .meta({
        description:
          "Commands whose modules are carried, as package@version, the way `go install` takes them. Default: none.",
        examples: [["golang.org/x/tools/gopls@latest"]],
      }),
    expires: z
      .string()
      .regex(/^(?:[1-9][0-9]{0,4}d|[0-9]{4}-[0-9]{2}-[0-9]{2})$/u, {
        error: "a number of days such as 180d, or a date such as 2027-06-30",
      })
      .optional()
      .meta({
        description:
          "When hosts start to refuse the bundle: days after it was made (180d), or a date, at whose beginning in UTC it expires. Default: never.",
        examples: ["180d"],
      }),
  })
  .meta({
    title: "goferry.yaml",
    description: "What a goferry bundle carries across the air gap.",
  });

/** What {@link SPEC_SCHEMA} yields. */
export type SpecDocument = z.infer<typeof SPEC_SCHEMA>;

/** Keys at the top of goferry.yaml. */
export const SPEC_KEYS: readonly string[] = Object.keys(SPEC_SCHEMA.shape);

/** Keys of an entry of `projects:`. */
export const PROJECT_KEYS: readonly string[] = Object.keys(PROJECT.shape);
