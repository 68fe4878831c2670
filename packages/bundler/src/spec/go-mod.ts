// The few lines of a project's go.mod that decide which Go is needed, read before any Go is there. The lexical
// rules are Go's (golang.org/x/mod/modfile/read.go: // comments only, quoted or bare tokens, blocks in
// parentheses); directives that do not matter here are skipped, so a newer Go may add some.

import { GoferryError } from "@goferry/core";

/** What goferry needs to know of a go.mod. */
export interface GoMod {
  /** Module path. */
  module: string;
  /** The go line as written, such as "1.27" or "1.27.1"; undefined: Go takes 1.16. */
  go: string | undefined;
  /** The toolchain line as written, such as "go1.27.1" or "default". */
  toolchain: string | undefined;
  /** Whether a requirement is not replaced by a folder, so that a go.sum must vouch for it. */
  needsGoSum: boolean;
}

/**
 * Reads the text of the go.mod named `subject`. Throws PROJECT_INVALID, its subject `subject:LINE`, where the go
 * command would refuse the file for the module, go and toolchain lines or for its lexical form.
 */
export function parseGoMod(text: string, subject: string): GoMod {
  const found: Partial<Record<"module" | "go" | "toolchain", string>> = {};
  const required: { path: string; version: string }[] = [];
  const replacedByFolder = new Set<string>();
  for (const statement of statements(text, subject)) {
    const { verb, args } = statement;
    if (verb === "module" || verb === "go" || verb === "toolchain") {
      if (found[verb] !== undefined)
        throw refuse(subject, statement.line, `one ${verb} line`, "a second one");
      found[verb] = VALUE_OF[verb](statement, subject);
    } else if (verb === "require") {
      const [path = "", version = ""] = args.map(unquote);
      required.push({ path, version });
    } else if (verb === "replace") {
      const [path = "", ...rest] = args.map(unquote);
      const arrow = rest.indexOf("=>");
      const version = rest.slice(0, Math.max(arrow, 0)).join(" ");
      if (isFolder(rest[arrow + 1] ?? "")) replacedByFolder.add(`${path}@${version}`);
    }
  }
  const { module, go, toolchain } = found;
  if (module === undefined) throw refuse(subject, 1, "a module line, such as module example.com/app", "none");
  const needsGoSum = required.some(
    ({ path, version }) => !replacedByFolder.has(`${path}@`) && !replacedByFolder.has(`${path}@${version}`),
  );
  return { module, go, toolchain, needsGoSum };
}

/** A directive of a go.mod or go.work. */
interface Statement {
  verb: string;
  /** The tokens after the verb, quotes and all. */
  args: string[];
  /** From 1. */
  line: number;
  inBlock: boolean;
}

const VALUE_OF = {
  module({ args, line }: Statement, subject: string): string {
    const [path = ""] = args;
    const bare = unquote(path);
    // modfile unquotes "…" only; what it would let through with an escape in it is no module path anyway.
    if (args.length !== 1 || bare === "" || /["'`\\]/u.test(bare) || path.startsWith("`")) {
      throw refuse(subject, line, "a module path, such as module example.com/app", args.join(" "));
    }
    return bare;
  },
  go({ args, line, inBlock }: Statement, subject: string): string {
    const [version = ""] = args;
    if (args.length !== 1 || inBlock || !GO_LINE.test(version)) {
      throw refuse(subject, line, "a Go version, such as go 1.27.1", args.join(" "));
    }
    return version;
  },
  toolchain({ args, line, inBlock }: Statement, subject: string): string {
    const [name = ""] = args;
    if (args.length !== 1 || inBlock || !/^(?:default$|go1(?:$|\.))/u.test(name)) {
      throw refuse(subject, line, "a toolchain, such as toolchain go1.27.1", args.join(" "));
    }
    return name;
  },
};

const GO_LINE = /^[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?(?:[a-z]+[0-9]+)?$/u;

function unquote(token: string): string {
  return /^(?:"[^"\\]*"|`[^`]*`|"(?:[^"\\]|\\.)*")$/u.test(token) ? token.slice(1, -1) : token;
}

/** As modfile.IsDirectoryPath: rooted, or beginning with ./ or ../, in the spelling of any system. */
function isFolder(path: string): boolean {
  return /^(?:\.{1,2}$|\.{1,2}[/\\]|[/\\]|[A-Za-z]:)/u.test(path);
}

/** The directives of a go.mod, or of a go.work, whose form is the same. Throws PROJECT_INVALID as parseGoMod does. */
export function* statements(text: string, subject: string): Generator<Statement> {
  let block: { verb: string; words: number; line: number } | undefined;
  for (const { tokens, line } of tokenLines(text, subject)) {
    const [verb = "", ...args] = tokens;
    if (block !== undefined && verb === ")") {
      if (args.length > 0) throw refuse(subject, line, "a new line after )", args.join(" "));
      block = undefined;
    } else if (block !== undefined) {
      if (block.words === 1) yield { verb: block.verb, args: tokens, line, inBlock: true };
    } else if (args.at(-1) === "(") {
      block = { verb, words: args.length, line };
    } else if (args.join(" ") !== "( )") {
      yield { verb, args, line, inBlock: false };
    }
    if (args[0] === "(" && (verb === "go" || verb === "toolchain")) {
      throw refuse(subject, line, `one ${verb} line`, "a block");
    }
  }
  if (block !== undefined) {
    throw refuse(subject, block.line, "a ) that ends the block", "the end of the file");
  }
}

// One alternative a kind of token, tried in this order; `rest` is whatever Go's lexer refuses.
const TOKEN =
  /(?<space>[ \t\r]+)|(?<comment>\/\/[^\n]*)|(?<newline>\n)|(?<punctuation>[()[\]{},])|(?<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`\n]*`)|(?<identifier>(?!["`])(?:(?!\/[/*])(?![()[\]{},])[\p{L}\p{M}\p{N}\p{P}\p{S}])+(?!\/\*))|(?<rest>[^])/gu;

function* tokenLines(text: string, subject: string): Generator<{ tokens: string[]; line: number }> {
  let line = 1;
  let tokens: string[] = [];
  for (const { groups = {} } of text.matchAll(TOKEN)) {
    const { punctuation, string, identifier, newline, rest } = groups;
    if (rest !== undefined) {
      throw refuse(subject, line, "tokens and // comments as in Go's go.mod reference", JSON.stringify(rest));
    }
    const token = punctuation ?? string ?? identifier;
    if (token !== undefined) tokens.push(token);
    if (newline === undefined) continue;
    if (tokens.length > 0) yield { tokens, line };
    tokens = [];
    line += 1;
  }
  if (tokens.length > 0) yield { tokens, line };
}

function refuse(subject: string, line: number, expected: string, found: string): GoferryError {
  return new GoferryError("PROJECT_INVALID", {
    subject: `${subject}:${line}`,
    message: "the go.mod cannot be understood",
    expected,
    found: found === "" ? "nothing" : found.slice(0, 100),
    next: "correct it as `go mod edit -json` asks",
  });
}
