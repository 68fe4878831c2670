// Stands in for cliui and string-width, with which yargs lays out its help. Yargs makes that text for every command that
// runs, in case it will be asked for; nobody asks, because ours is made by help.ts. To measure the width of text they
// build a table of all emoji, which takes as long as all else that a start does.

/** @param options of cliui; text of string-width */
export default function layOut(options: unknown): unknown {
  if (typeof options === "string") return options.length;
  const nothing = (): void => undefined;
  return { div: nothing, span: nothing, resetOutput: nothing, toString: () => "" };
}
