// Stands in for cliui and string-width, with which yargs lays out its help. Ours is made by help.ts, so nobody calls them;
// and to measure the width of text they build a table of all emoji, which takes as long as all else that a start does.

export default function layOut(): never {
  throw new Error("yargs was asked to print help");
}
