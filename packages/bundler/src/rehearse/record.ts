// What a rehearsal leaves behind: what was tried, with what result. Such records are printed, and kept in the cache so
// that the same bundle need not be rehearsed twice; hence no times in them.
import * as z from "zod";

const COMMON = {
  /** GOOS/GOARCH. */
  platform: z.string(),
  /** Built for another platform than this machine's, with its toolchain, so that nothing of it could be started here. */
  crossBuilt: z.boolean(),
  network: z.enum(["none (namespace)", "none (GOPROXY only)"]),
  /** The last lines of what go said where something is not "ok" or "compiled". */
  findings: z.array(z.string()),
  /** Of an earlier build of the same contents from the same sources. */
  reused: z.boolean(),
};

/** "not rehearsed": cgo is wanted, and this machine cannot link it for the platform. */
const BUILD = z.enum(["ok", "ok without cgo", "not rehearsed"]);

const PROJECT_REHEARSAL = z.strictObject({
  kind: z.literal("project"),
  project: z.string(),
  build: BUILD,
  vet: z.enum(["ok", "findings", "not rehearsed"]),
  tests: z.enum(["compiled", "failed", "not rehearsed"]),
  ...COMMON,
});

const TOOL_REHEARSAL = z.strictObject({
  kind: z.literal("tool"),
  /** `package@version`, as it was given to `go install`. */
  tool: z.string(),
  /** "not for this platform": no file of the package is for it. */
  install: z.enum([...BUILD.options, "not for this platform"]),
  ...COMMON,
});

const MODULE_REHEARSAL = z.strictObject({
  kind: z.literal("module"),
  /** `path@version`, as it was given to `go get`. */
  module: z.string(),
  /** "incomplete": something that it imports is nowhere, which was found and noted when it was fetched. */
  get: z.enum(["ok", "incomplete"]),
  ...COMMON,
});

export const REHEARSALS = z.array(
  z.discriminatedUnion("kind", [PROJECT_REHEARSAL, TOOL_REHEARSAL, MODULE_REHEARSAL]),
);

export type ProjectRehearsal = z.infer<typeof PROJECT_REHEARSAL>;
export type ToolRehearsal = z.infer<typeof TOOL_REHEARSAL>;
export type ModuleRehearsal = z.infer<typeof MODULE_REHEARSAL>;

/** What was tried with one project, tool or module for one platform. */
export type Rehearsal = ProjectRehearsal | ToolRehearsal | ModuleRehearsal;

/** Whether more could be tried on this machine when a compiler or a namespace is there that is missing now. */
export function isPartial(rehearsal: Rehearsal): boolean {
  const result =
    rehearsal.kind === "project" ? rehearsal.build : rehearsal.kind === "tool" ? rehearsal.install : "ok";
  return (
    result === "not rehearsed" || result === "ok without cgo" || rehearsal.network !== "none (namespace)"
  );
}
