// The lines that put <root>/bin on PATH, as one marked block in a start-up file of a shell. Adding the block and
// removing it gives back the file byte for byte, whatever the file is: work is done on bytes (as latin1 strings, in
// which every byte is one character), and the first line of the block tells what had to be done to the file itself.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { shellQuote } from "../shell-quote.ts";

/** "sh" is what dash, bash, zsh and ksh understand alike. */
export type ShellSyntax = "sh" | "fish";

export interface BlockRequest {
  /** The root whose bin/ goes on PATH, absolute. */
  root: string;
  syntax: ShellSyntax;
}

// The three first lines: the plain one, one for a file that did not end in a line feed (we added one, which
// goes with the block), and one for a file that was not there (it goes when nothing else is left in it).
const BEGIN_PLAIN = "# >>> goferry >>>";
const BEGIN_UNFINISHED = "# >>> goferry, after a last line without end >>>";
const BEGIN_NEW = "# >>> goferry, in a file made for it >>>";
const END = "# <<< goferry <<<";

const MARKS = [BEGIN_PLAIN, BEGIN_UNFINISHED, BEGIN_NEW, END].join("|");

/** A block, from a first line to the nearest last line, with the line feed that we added before it. */
const BLOCK = new RegExp(
  `(?:^(?:${BEGIN_PLAIN}|${BEGIN_NEW})|\n${BEGIN_UNFINISHED})\n(?:(?!${MARKS}).*\n)*?${END}\n`,
  "gmu",
);
const MARK_LINE = new RegExp(`^(?:${MARKS})$`, "gmu");

/**
 * The file with exactly one block, for this root: an older block is replaced where it stands, else the block goes to
 * the end. `before` is undefined for a file that does not exist.
 * @throws PROFILE_BROKEN when marks of a block are there without their counterparts; `path` is for that message
 */
export function addBlock(before: Uint8Array | undefined, request: BlockRequest, path: string): Uint8Array {
  const lines = blockLines(request);
  if (before === undefined) return toBytes(`${BEGIN_NEW}\n${lines}`);
  const text = readText(before, path);
  let blocks = 0;
  const replaced = text.replace(BLOCK, (block: string, at: number) => {
    blocks += 1;
    return blocks === 1 ? `${firstLineOf(block)}\n${lines}` : leftBy(block, at, text);
  });
  if (blocks > 0) return toBytes(replaced);
  if (text === "" || text.endsWith("\n")) return toBytes(`${text}${BEGIN_PLAIN}\n${lines}`);
  return toBytes(`${text}\n${BEGIN_UNFINISHED}\n${lines}`);
}

/**
 * The file without the block of this root; a block of another root stays. Undefined when the file is not there, or
 * was made for the block and holds nothing else.
 * @throws PROFILE_BROKEN as `addBlock`
 */
export function removeBlock(
  before: Uint8Array | undefined,
  request: BlockRequest,
  path: string,
): Uint8Array | undefined {
  if (before === undefined) return undefined;
  const text = readText(before, path);
  const lines = blockLines(request);
  let ours = false;
  const rest = text.replace(BLOCK, (block: string, at: number) => {
    if (!block.endsWith(`\n${lines}`)) return block;
    ours ||= block.startsWith(BEGIN_NEW);
    return leftBy(block, at, text);
  });
  return ours && rest === "" ? undefined : toBytes(rest);
}

/**
 * Whether a block of any root is in the file.
 * @throws PROFILE_BROKEN as `addBlock`
 */
export function hasBlock(bytes: Uint8Array, path: string): boolean {
  return readText(bytes, path).search(BLOCK) !== -1;
}

/** Everything of the block but its first line, as latin1 text. */
function blockLines({ root, syntax }: BlockRequest): string {
  const bin = join(root, "bin");
  if (bin.includes(":") || /[\n\r\0]/u.test(bin)) throw unusable(bin);
  const lines = [
    "# Puts the Go of goferry on PATH. Written by goferry, which replaces and removes these lines as one.",
    ...(syntax === "fish" ? fishLines(bin) : shLines(bin)),
    END,
    "",
  ];
  return Buffer.from(lines.join("\n"), "utf8").toString("latin1");
}

/** Does nothing when the folder is on PATH already: a login shell often reads several of these files. */
function shLines(bin: string): string[] {
  const quoted = shellQuote(bin);
  return [
    'case ":${PATH}:" in',
    `  *:${quoted}:*) ;;`,
    `  *) export PATH=${quoted}"\${PATH:+:\${PATH}}" ;;`,
    "esac",
  ];
}

function fishLines(bin: string): string[] {
  const quoted = `'${bin.replaceAll("\\", String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
  return [`contains -- ${quoted} $PATH; or set -gx PATH ${quoted} $PATH`];
}

function firstLineOf(block: string): string {
  const end = block.indexOf("\n", 1);
  return block.slice(0, end);
}

/** What stands in the place of a removed block: the line feed that we added, once somebody wrote more below it. */
function leftBy(block: string, at: number, text: string): string {
  return block.startsWith("\n") && at + block.length < text.length ? "\n" : "";
}

/** Refuses a file with half a block in it: what lies between the marks may be the user's own. */
function readText(bytes: Uint8Array, path: string): string {
  const text = Buffer.from(bytes).toString("latin1");
  const left = text.replace(BLOCK, "").match(MARK_LINE);
  if (left === null) return text;
  throw new GoferryError("PROFILE_BROKEN", {
    subject: path,
    message: `${path} holds a part of the block that goferry writes, not the whole of it`,
    expected: `a line "${BEGIN_PLAIN}", the lines of goferry, and a line "${END}"`,
    found: left.join(" and "),
    next: `edit ${path} by hand: remove the marked lines, and those of goferry between them`,
  });
}

function unusable(bin: string): GoferryError {
  return new GoferryError("ROOT_NAME_REFUSED", {
    subject: bin,
    message: "this folder cannot stand in PATH",
    expected: "a path without colons and line breaks",
    found: JSON.stringify(bin),
    next: "choose another root with --root",
  });
}

function toBytes(latin1: string): Uint8Array {
  return Buffer.from(latin1, "latin1");
}
