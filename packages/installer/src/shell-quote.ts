// Commands in messages are there to be typed or pasted, so a path in them has to survive the shell.

/**
 * The word as the shell reads it where it is typed: itself when it is plain, else in quotes. A path of Windows goes to cmd or to
 * PowerShell, both of which know double quotes alone and leave backslashes as they are; all else to a POSIX shell.
 */
export function shellQuote(word: string): string {
  if (isWindowsPath(word)) return /^[\w:.\\-]+$/u.test(word) ? word : `"${word}"`;
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** With a drive letter, or of a share: no absolute path of another system looks like that. */
export function isWindowsPath(word: string): boolean {
  return /^(?:[A-Za-z]:[\\/]|\\\\)/u.test(word);
}
