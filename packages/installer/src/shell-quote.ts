// Commands in messages are there to be typed or pasted, so a path in them has to survive the shell.

/** The word as a POSIX shell reads it: itself when it is plain, else in single quotes. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
