// What the files of a repository say of the Go they want, in the words of goferry.yaml. Each tool has its own way of
// writing a version: a tag of an image, a range of setup-go, a line of .tool-versions.

/** A Go version that a file names. */
export interface GoHint {
  /** As `go:` takes it: "1.27.1", "1.27", "stable", "oldstable", "go.mod". */
  entry: string;
  /** Such as "Dockerfile:3". */
  where: string;
  /** One of several that are tried beside a newer one, such as those of a CI matrix. */
  isAlternative: boolean;
}

/** What a file gave: versions, and what it names that could not be understood, a sentence each. */
export interface GoFindings {
  hints: GoHint[];
  notes: string[];
  /** GOOS/GOARCH that are built for. */
  platforms?: { platform: string; where: string }[];
}

/**
 * The entry for a version as setup-go, .go-version and asdf write it: `1.27.1`, `go1.27.1`, `1.27`, `1.27.x`, `~1.27.0`,
 * `^1.26`, `>=1.26.0`, `1.28.0-rc.1`, `stable`, `latest`. A range is taken for the newest that it allows. Undefined for
 * anything else.
 */
export function goEntry(text: string): string | undefined {
  const word = text.trim().toLowerCase().replace(/^go/u, "");
  if (word === "stable" || word === "oldstable") return word;
  if (["latest", "1", "1.x", "*", "x"].includes(word)) return "stable";
  const [, range = "", line = "", patch, pre] =
    /^(\^|>=?|~|=)?\s*v?([1-9][0-9]*\.(?:0|[1-9][0-9]*))(?:\.(0|[1-9][0-9]*|x|\*))?(?:-?((?:beta|rc)\.?[1-9][0-9]*))?$/u.exec(
      word,
    ) ?? [];
  if (line === "") return undefined;
  if (range === "^" || range.startsWith(">")) return "stable";
  // npm's 1.28.0-rc.1 is Go's 1.28rc1.
  if (pre !== undefined)
    return patch === undefined || patch === "0" ? line + pre.replace(".", "") : undefined;
  return range === "~" || patch === undefined || patch === "x" || patch === "*" ? line : `${line}.${patch}`;
}

/**
 * The entry for an image of Go: the last element of its name is golang, and its tag begins with a version or has none.
 * "other": an image of something else. Undefined: an image of Go whose version cannot be told from its name.
 */
export function goImageEntry(image: string): string | "other" | undefined {
  const [name = ""] = image.trim().split("@");
  const [, last = "", tag] = /(?:^|\/)([^/:]*)(?::([^/:]*))?$/u.exec(name) ?? [];
  if (last !== "golang") return "other";
  if (tag === undefined) return image.includes("@") ? undefined : "stable";
  const version = /^[0-9]+(?:\.[0-9]+)*(?:(?:beta|rc)[0-9]+)?(?=-|$)/u.exec(tag)?.[0];
  if (version !== undefined) return goEntry(version);
  // Variants without a version are of the newest: alpine, bookworm, windowsservercore-ltsc2022.
  return /^[a-z][a-z0-9]*(?:-[a-z0-9.-]*)?$/u.test(tag) && !tag.startsWith("tip") ? "stable" : undefined;
}

/** A note about a version that is there and cannot be used. */
export function unknownVersion(where: string, text: string): string {
  return `${where}: no Go version can be told from ${text.trim().slice(0, 100)}`;
}
