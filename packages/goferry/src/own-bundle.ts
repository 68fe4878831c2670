// goferry as one file with a bundle (build --self-contained): started without a word it shows what it holds and how to go
// on; verify, inspect, install and repair take the bundle that comes with it when they are given none.

import { programSize } from "@goferry/core";
import { shellQuote } from "@goferry/installer";
import type { Command } from "./command.ts";

export interface OwnBundle {
  /** Bytes of the program in the running file; the bundle follows. */
  size: number;
  /** The words that follow a command, with the running file where no bundle is named. */
  positionals(command: Pick<Command, "name">, given: readonly string[]): readonly string[];
  /** What to type next, in lines. */
  offer: string;
}

/** Those that read a bundle and leave it as it is. */
const TAKING: ReadonlySet<string> = new Set(["verify", "inspect", "install", "repair"]);

/** Undefined for a goferry without a bundle. @param os as Node names it */
export async function findOwnBundle(file: string, os: string): Promise<OwnBundle | undefined> {
  const size = await programSize(file).catch(() => undefined);
  if (size === undefined) return undefined;
  return {
    size,
    positionals: ({ name }, given) => (given.length === 0 && TAKING.has(name) ? [file] : given),
    offer: offer(os === "win32" ? `"${file}"` : shellQuote(file)),
  };
}

function offer(program: string): string {
  return `
This file is goferry and the bundle above. With the public key of who made it, and with nothing else:
  ${program} verify --key FILE     is it genuine and whole?
  ${program} install --key FILE    the same, and install it
  ${program} --help                all that goferry can do
`;
}
