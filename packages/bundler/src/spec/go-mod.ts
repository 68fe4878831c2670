// The few lines of a project's go.mod that decide which Go is needed and which other folders and modules belong to the
// project, read before any Go is there.

import { readCommonLines, refuseLine, unquote } from "./mod-lines.ts";
import type { CommonLines, Statement } from "./mod-lines.ts";

/** What goferry needs to know of a go.mod. Without a go line Go takes 1.16. */
export interface GoMod extends CommonLines {
  /** Module path. */
  module: string;
  requires: { path: string; version: string }[];
}

/**
 * Reads the text of the go.mod named `subject`. Throws PROJECT_INVALID, its subject `subject:LINE`, where the go
 * command would refuse the file for the module, go and toolchain lines or for its lexical form.
 */
export function parseGoMod(text: string, subject: string): GoMod {
  let module: string | undefined;
  const requires: GoMod["requires"] = [];
  const common = readCommonLines(text, subject, (statement) => {
    const { verb, args, line } = statement;
    if (verb === "module") {
      if (module !== undefined) throw refuseLine(subject, line, "one module line", "a second one");
      module = modulePath(statement, subject);
    } else if (verb === "require") {
      const [path = "", version = ""] = args.map(unquote);
      requires.push({ path, version });
    }
  });
  if (module === undefined) {
    throw refuseLine(subject, 1, "a module line, such as module example.com/app", "none");
  }
  return { module, ...common, requires };
}

function modulePath({ args, line }: Statement, subject: string): string {
  const [path = ""] = args;
  const bare = unquote(path);
  // modfile unquotes "…" only; what it would let through with an escape in it is no module path anyway.
  if (args.length !== 1 || bare === "" || /["'`\\]/u.test(bare) || path.startsWith("`")) {
    throw refuseLine(subject, line, "a module path, such as module example.com/app", args.join(" "));
  }
  return bare;
}
