// Patterns of module paths, as GOPRIVATE and GONOSUMDB have them: which modules are private when a bundle is built, and
// which ones an administrator allows without a log record on a host.

/** The patterns of a setting such as GOPRIVATE; an empty one, which matches nothing, is left out. */
export function splitPatterns(globs: string): string[] {
  return globs.split(",").filter((pattern) => pattern !== "");
}

/**
 * The first of the patterns that matches a prefix of the module path `target`; undefined: none. A pattern of N parts is
 * matched with the first N parts. A malformed pattern matches nothing. Source: golang.org/x/mod/module
 * MatchPrefixPatterns.
 */
export function matchingPattern(patterns: readonly string[], target: string): string | undefined {
  const parts = target.split("/");
  return patterns.find((pattern) => {
    const glob = pattern.endsWith("/") ? pattern.slice(0, -1) : pattern;
    if (glob === "") return false;
    const count = glob.split("/").length;
    return count <= parts.length && matchGlob(glob, parts.slice(0, count).join("/"));
  });
}

/** Whether a pattern is well-formed, and some module path could match it: paths have no scheme and no empty parts. */
export function isPattern(glob: string): boolean {
  const parts = (glob.endsWith("/") ? glob.slice(0, -1) : glob).split("/");
  return parts.every((part) => part !== "" && globSource(part) !== undefined) && !parts[0]?.endsWith(":");
}

/**
 * Patterns as people would write them that cover the module paths: the folder that each is in, whatever its major version,
 * so that the next module of the same team is covered too. Sorted.
 */
export function proposePatterns(paths: readonly string[]): string[] {
  const folders = paths.map((path) => {
    const parts = path.replace(/\/v[1-9][0-9]*$/u, "").split("/");
    return parts.length === 1 ? parts.join("") : [...parts.slice(0, -1), "*"].join("/");
  });
  return [...new Set(folders)].toSorted();
}

/** Go's path.Match, with a malformed pattern as no match: `*` and `?` stay within a part, `[a-z]`, `[^a]`, `\x`. */
function matchGlob(glob: string, name: string): boolean {
  const source = globSource(glob);
  return source !== undefined && new RegExp(`^(?:${source})$`, "su").test(name);
}

function globSource(glob: string): string | undefined {
  let source = "";
  let rest = glob;
  while (rest !== "") {
    const token =
      /^(?:\*|\?|\\.|\[(?:\^|(?!\^))(?:(?:\\.|[^\\\]-])(?:-(?:\\.|[^\\\]-]))?)+\]|[^\\[*?])/su.exec(
        rest,
      )?.[0];
    if (token === undefined) return undefined;
    source += tokenSource(token);
    rest = rest.slice(token.length);
  }
  return source;
}

function tokenSource(token: string): string {
  if (token === "*") return "[^/]*";
  if (token === "?") return "[^/]";
  if (!token.startsWith("[")) return quote(token.startsWith("\\") ? token.slice(1) : token);
  const negated = token.startsWith("[^");
  const ranges = [...token.slice(negated ? 2 : 1, -1).matchAll(/(\\.|[^\\])(?:-(\\.|[^\\]))?/gsu)].map(
    ([, low = "", high = low]) => rangeSource(low.replace(/^\\/u, ""), high.replace(/^\\/u, "")),
  );
  // A range that runs backwards is allowed by Go and matches nothing; an empty class does that here.
  return `[${negated ? "^" : ""}${ranges.join("")}]`;
}

function rangeSource(low: string, high: string): string {
  const [from = 0, to = 0] = [low.codePointAt(0), high.codePointAt(0)];
  return from > to ? "" : `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`;
}

function quote(text: string): string {
  return [...text].map((char) => `\\u{${char.codePointAt(0)?.toString(16)}}`).join("");
}
