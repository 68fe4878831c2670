// The lines of a go.mod or a go.work, read before any Go is there. The lexical rules are Go's
// (golang.org/x/mod/modfile/read.go: // comments only, quoted or bare tokens, blocks in parentheses); what the
// directives mean is for go-mod.ts and go-work.ts, which skip those that do not matter here, so a newer Go may add some.

import { GoferryError } from "@goferry/core";

/** A directive, or a line of its block. */
export interface Statement {
  verb: string;
  /** The tokens after the verb, quotes and all. */
  args: string[];
  /** From 1. */
  line: number;
  inBlock: boolean;
}

/** A folder or a module that stands in for another module. */
export interface Replace {
  path: string;
  /** The version that is replaced; undefined: every one. */
  version: string | undefined;
  /** The folder as written; undefined: a module replaces it. */
  folder: string | undefined;
}

/** The directives that a go.mod and a go.work have in common, by the names that both use. */
export interface CommonLines {
  /** The go line as written, such as "1.27" or "1.27.1". */
  go: string | undefined;
  /** The toolchain line as written, such as "go1.27.1" or "default". */
  toolchain: string | undefined;
  replaces: Replace[];
}

/**
 * Reads the text of the file named `subject`: the lines that go.mod and go.work have in common, and through
 * `directive` all others. Throws PROJECT_INVALID, its subject `subject:LINE`, where the go command would refuse the
 * go and toolchain lines or the lexical form.
 */
export function readCommonLines(
  text: string,
  subject: string,
  directive: (statement: Statement) => void,
): CommonLines {
  const found: { go?: string; toolchain?: string } = {};
  const replaces: Replace[] = [];
  for (const statement of statements(text, subject)) {
    const { verb } = statement;
    if (verb === "go" || verb === "toolchain") {
      if (found[verb] !== undefined)
        throw refuseLine(subject, statement.line, `one ${verb} line`, "a second one");
      found[verb] = VERSION_OF[verb](statement, subject);
    } else if (verb === "replace") {
      replaces.push(...replaceOf(statement));
    } else {
      directive(statement);
    }
  }
  return { go: found.go, toolchain: found.toolchain, replaces };
}

const VERSION_OF = {
  go({ args, line, inBlock }: Statement, subject: string): string {
    const [version = ""] = args;
    if (args.length !== 1 || inBlock || !GO_LINE.test(version)) {
      throw refuseLine(subject, line, "a Go version, such as go 1.27.1", args.join(" "));
    }
    return version;
  },
  toolchain({ args, line, inBlock }: Statement, subject: string): string {
    const [name = ""] = args;
    if (args.length !== 1 || inBlock || !/^(?:default$|go1(?:$|\.))/u.test(name)) {
      throw refuseLine(subject, line, "a toolchain, such as toolchain go1.27.1", args.join(" "));
    }
    return name;
  },
};

const GO_LINE = /^[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?(?:[a-z]+[0-9]+)?$/u;

function replaceOf({ args }: Statement): Replace[] {
  const [path = "", ...rest] = args.map(unquote);
  const arrow = rest.indexOf("=>");
  const target = rest[arrow + 1] ?? "";
  if (arrow < 0 || target === "") return [];
  const version = rest.slice(0, arrow).join(" ");
  return [
    { path, version: version === "" ? undefined : version, folder: isFolder(target) ? target : undefined },
  ];
}

/** A token without its quotes. */
export function unquote(token: string): string {
  return /^(?:"[^"\\]*"|`[^`]*`|"(?:[^"\\]|\\.)*")$/u.test(token) ? token.slice(1, -1) : token;
}

/** As modfile.IsDirectoryPath: rooted, or beginning with ./ or ../, in the spelling of any system. */
function isFolder(path: string): boolean {
  return /^(?:\.{1,2}$|\.{1,2}[/\\]|[/\\]|[A-Za-z]:)/u.test(path);
}

function* statements(text: string, subject: string): Generator<Statement> {
  let block: { verb: string; words: number; line: number } | undefined;
  for (const { tokens, line } of tokenLines(text, subject)) {
    const [verb = "", ...args] = tokens;
    if (block !== undefined && verb === ")") {
      if (args.length > 0) throw refuseLine(subject, line, "a new line after )", args.join(" "));
      block = undefined;
    } else if (block !== undefined) {
      if (block.words === 1) yield { verb: block.verb, args: tokens, line, inBlock: true };
    } else if (args.at(-1) === "(") {
      block = { verb, words: args.length, line };
    } else if (args.join(" ") !== "( )") {
      yield { verb, args, line, inBlock: false };
    }
    if (args[0] === "(" && (verb === "go" || verb === "toolchain")) {
      throw refuseLine(subject, line, `one ${verb} line`, "a block");
    }
  }
  if (block !== undefined) {
    throw refuseLine(subject, block.line, "a ) that ends the block", "the end of the file");
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
      throw refuseLine(
        subject,
        line,
        "tokens and // comments as in Go's go.mod reference",
        JSON.stringify(rest),
      );
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

/** The error for a line that Go would refuse. */
export function refuseLine(subject: string, line: number, expected: string, found: string): GoferryError {
  return new GoferryError("PROJECT_INVALID", {
    subject: `${subject}:${line}`,
    message: "the file cannot be understood",
    expected,
    found: found === "" ? "nothing" : found.slice(0, 100),
    next: "correct it as `go mod edit -json` or `go work edit -json` asks",
  });
}
