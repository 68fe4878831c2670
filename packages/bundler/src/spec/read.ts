// goferry.yaml, read and checked: the first stage of a build. Everything that is wrong is said at once, each with
// line and column, so that a spec is mended in one go; what comes out has its defaults and needs no more checks.

import { GoferryError } from "@goferry/core";
import { parseModuleQuery } from "./module-query.ts";
import type { ModuleQuery } from "./module-query.ts";
import { describeValue, pathText, specProblems } from "./problems.ts";
import type { SpecProblem } from "./problems.ts";
import { PROJECT_KEYS, SPEC_KEYS, SPEC_SCHEMA } from "./schema.ts";
import type { SpecDocument } from "./schema.ts";
import { parseYaml } from "./yaml.ts";
import type { ParsedYaml, YamlPath } from "./yaml.ts";

/** Reads a file whole. Fails as node:fs does, with an Error whose `code` is ENOENT, EACCES and the like. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** An entry of `projects:`. */
export interface ProjectSpec {
  /** As written: a folder relative to the spec's, or absolute. */
  path: string;
  name: string | undefined;
  /** GOOS/GOARCH that the project is built for, sorted; undefined: the platforms of the bundle. */
  platforms: string[] | undefined;
  /** Build tags, sorted. */
  tags: string[];
  /** Package patterns, sorted. */
  packages: string[];
  /** CGO_ENABLED; undefined: as Go decides. */
  cgo: boolean | undefined;
}

/** A goferry.yaml with its defaults filled in. Lists are without duplicates. */
export interface Spec {
  /** The file as the caller named it. */
  file: string;
  name: string;
  /** Entries of `go:` in the order written: "1.27.1", "1.27", "stable", "oldstable", "go.mod". */
  go: string[];
  /** GOOS/GOARCH, sorted. */
  platforms: string[];
  /** Where toolchains come from; undefined: not said. */
  from: "proxy" | "dl" | undefined;
  projects: ProjectSpec[];
  modules: ModuleQuery[];
  tools: ModuleQuery[];
  /** "180d" or "2027-06-30"; undefined: never. */
  expires: string | undefined;
  /** `goferry.yaml:LINE:COLUMN` of what stands at a path of the file, for the subjects of later refusals. */
  where(path: YamlPath): string;
}

/** Larger than any spec that a person writes; a bound for the YAML parser. In bytes. */
const MAX_SPEC_BYTES = 1 << 20;

/**
 * Reads and checks the spec `file`. Throws SPEC_UNREADABLE if it is not there or cannot be read, SPEC_INVALID
 * with the position of the first problem as subject and the other problems in the message.
 */
export async function readSpec(file: string, readFile: ReadFile): Promise<Spec> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new GoferryError("SPEC_UNREADABLE", {
      subject: file,
      message: "the spec cannot be read",
      expected: "a goferry.yaml",
      found: errorCode(cause) === "ENOENT" ? "no such file" : (errorCode(cause) ?? "an error"),
      next: `give the path of yours: goferry build PATH/goferry.yaml; README.md shows what one looks like`,
      cause,
    });
  });
  return parseSpec(bytes, file);
}

/** {@link readSpec} on bytes that were read already; `file` is the name for messages. Throws SPEC_INVALID. */
export function parseSpec(bytes: Uint8Array, file: string): Spec {
  const yaml = parseYaml(decodeText(bytes, file), { textKeys: ["go"] });
  const { fault } = yaml;
  if (fault !== undefined) {
    throw new GoferryError("SPEC_INVALID", {
      subject: `${file}:${fault.position.line}:${fault.position.column}`,
      message: `not valid YAML: ${fault.message}`,
      expected: "one YAML 1.2 document without duplicate keys",
      next: `correct ${file} at this line and column`,
    });
  }
  const parsed = SPEC_SCHEMA.safeParse(yaml.value);
  if (!parsed.success) {
    throw invalid(specProblems(parsed.error.issues, yaml.value, keysAt), file, yaml);
  }
  return normalize(parsed.data, file, yaml);
}

function keysAt(path: YamlPath): readonly string[] {
  return path.length === 0 ? SPEC_KEYS : PROJECT_KEYS;
}

function decodeText(bytes: Uint8Array, file: string): string {
  const refuse = (found: string, expected: string): never => {
    const next = `correct ${file}`;
    throw new GoferryError("SPEC_INVALID", {
      subject: `${file}:1:1`,
      message: "not a goferry.yaml",
      expected,
      found,
      next,
    });
  };
  if (bytes.byteLength > MAX_SPEC_BYTES) {
    refuse(`${bytes.byteLength} bytes`, `at most ${MAX_SPEC_BYTES} bytes`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("bytes that are not UTF-8", "text in UTF-8");
  }
}

function invalid(problems: readonly SpecProblem[], file: string, yaml: ParsedYaml): GoferryError {
  const placed = problems
    .map((problem) => ({ problem, position: yaml.locate(problem.path, { of: problem.of }) }))
    .toSorted((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
    .map(({ problem, position }) => ({ ...problem, at: `${file}:${position.line}:${position.column}` }));
  const [first, ...others] = placed;
  const also = others.map(({ at, message, found, meant }) => {
    const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
    return `${at} ${message}${found === undefined || message.includes(found) ? "" : `: ${found}`}${hint}`;
  });
  return new GoferryError("SPEC_INVALID", {
    subject: first?.at ?? file,
    message: [first?.message ?? "the spec is not valid", ...also].join("; also "),
    expected: first?.expected,
    found: first?.found,
    next:
      first?.meant === undefined ? `correct ${file} at this line and column` : `did you mean ${first.meant}?`,
  });
}

function normalize(document: SpecDocument, file: string, yaml: ParsedYaml): Spec {
  const problems: SpecProblem[] = [];
  const queries = (key: "modules" | "tools"): ModuleQuery[] =>
    unique(document[key] ?? []).flatMap((text) => {
      const query = parseModuleQuery(text);
      if (!("expected" in query)) return [query];
      const path = [key, (document[key] ?? []).indexOf(text)];
      const message = `${pathText(path)} cannot be understood`;
      problems.push({ path, of: "value", message, expected: query.expected, found: describeValue(text) });
      return [];
    });
  const projects = (document.projects ?? []).map(normalizeProject);
  const byDefault = projects.length > 0 ? "go.mod" : "stable";
  const go = [document.go ?? byDefault].flat();
  if (go.includes("go.mod") && projects.length === 0) {
    problems.push({
      path: document.go === "go.mod" ? ["go"] : ["go", go.indexOf("go.mod")],
      of: "value",
      message: "go.mod asks the projects which Go they need, and there are none",
      expected: "projects: with at least one folder, or another Go version",
      found: '"go.mod"',
    });
  }
  problems.push(...expiryProblems(document.expires));
  const spec: Spec = {
    file,
    name: document.name,
    go: unique(go),
    platforms: unique(document.platforms).toSorted(),
    from: document.from,
    projects,
    modules: queries("modules"),
    tools: queries("tools"),
    expires: document.expires,
    where: (path) => {
      const { line, column } = yaml.locate(path);
      return `${file}:${line}:${column}`;
    },
  };
  if (problems.length > 0) throw invalid(problems, file, yaml);
  return spec;
}

function normalizeProject(entry: NonNullable<SpecDocument["projects"]>[number]): ProjectSpec {
  const project = typeof entry === "string" ? { path: entry } : entry;
  return {
    path: project.path,
    name: project.name,
    platforms: project.platforms && unique(project.platforms).toSorted(),
    tags: unique(project.tags ?? []).toSorted(),
    packages: unique(project.packages ?? ["./..."]).toSorted(),
    cgo: project.cgo,
  };
}

function expiryProblems(expires: string | undefined): SpecProblem[] {
  if (expires === undefined || expires.endsWith("d")) return [];
  const time = Date.parse(`${expires}T00:00:00Z`);
  // Date.parse takes 2027-02-30 for 2 March in some engines and refuses it in others.
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(expires)) return [];
  const message = "expires cannot be understood";
  const expected = "a date of the calendar, such as 2027-06-30";
  return [{ path: ["expires"], of: "value", message, expected, found: describeValue(expires) }];
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function errorCode(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
