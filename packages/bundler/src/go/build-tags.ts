// Build tags of the spec that nothing asks about. Go takes any tag, and a misspelled one just does nothing; so it is no
// reason to refuse, but said. A tag may be meant for a dependency or the standard library (netgo), hence all files count
// that the project's packages are built from, on any of its platforms, also those that are left out on each of them.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { GoCommand } from "./command.ts";
import type { ProjectBuild } from "./modules.ts";
import { platformEnv } from "./project-closure.ts";

export interface UnknownTagsOptions {
  go: GoCommand;
  /** Its modules are in the GOMODCACHE of `go`. */
  project: ProjectBuild;
  signal?: AbortSignal | undefined;
}

/**
 * A sentence for each tag that occurs nowhere; none where the packages cannot be listed, which others say better.
 * @throws what GoCommand.attempt throws
 */
export async function unknownTags(options: UnknownTagsOptions): Promise<string[]> {
  const { tags, platforms, copy } = options.project;
  const unknown = new Set(tags);
  const seen = new Set<string>();
  for (const platform of platforms) {
    for (const cwd of copy.moduleDirs) {
      // Without the tags too: one of them may leave out whole packages.
      for (const given of [tags, []]) {
        if (unknown.size === 0) return [];
        const files = await listFiles(options, { platform, cwd, tags: given });
        if (files === undefined) return [];
        for (const file of files.filter((each) => !seen.has(each))) {
          seen.add(file);
          for (const tag of tagsIn(await readFile(file, "utf8"))) unknown.delete(tag);
        }
      }
    }
  }
  return [...unknown].map(
    (tag) =>
      `${copy.name}: no file of the project or of what it imports asks about the build tag ${tag}, so it does nothing`,
  );
}

const FILE_LISTS = [
  "GoFiles",
  "CgoFiles",
  "TestGoFiles",
  "XTestGoFiles",
  "IgnoredGoFiles",
  "IgnoredOtherFiles",
  ..."CFiles CXXFiles HFiles SFiles".split(" "),
];

const TEMPLATE = `{{.Dir}}${FILE_LISTS.map((name) => `{{range .${name}}}{{"\\t"}}{{.}}{{end}}`).join("")}`;

async function listFiles(
  { go, project, signal }: UnknownTagsOptions,
  { platform, cwd, tags }: { platform: string; cwd: string; tags: readonly string[] },
): Promise<string[] | undefined> {
  const { packages, cgo, copy } = project;
  const patterns = packages.length === 0 ? ["./..."] : packages;
  const args = ["list", "-e", "-deps", "-test", `-tags=${tags.join(",")}`, "-f", TEMPLATE, ...patterns];
  const env = { ...platformEnv(platform, cgo), GOWORK: copy.workFile ?? "off" };
  const { stdout, failure } = await go.attempt(args, { cwd, env, signal, subject: copy.name });
  if (failure !== undefined) return undefined;
  return stdout.split("\n").flatMap((line) => {
    const [dir = "", ...names] = line.split("\t");
    // The main package of a test is in the build cache, by an absolute path, and is made by go.
    return names.filter((name) => !name.startsWith("/")).map((name) => join(dir, name));
  });
}

/** The words of the build constraints of a file, and of the conditions of its #cgo lines. */
function tagsIn(text: string): string[] {
  const found: string[] = [];
  for (const { groups } of text.matchAll(CONSTRAINT)) {
    found.push(...(groups?.["words"] ?? "").split(/[^\p{L}\p{N}_.]+/u));
  }
  return found;
}

const CONSTRAINT = /^[ \t]*(?:\/\/go:build|\/\/[ \t]*\+build|(?:\/\/)?[ \t]*#cgo)[ \t](?<words>[^:\n]*)/gmu;
