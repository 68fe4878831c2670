// The line that a person types to get a folder on PATH.

/** For a POSIX shell: `export PATH=/opt/goferry/bin:$PATH`. */
export function exportPath(folder: string): string {
  const isPlain = /^[\w@%+=:,./-]+$/u.test(folder);
  // Within double quotes a POSIX shell still acts on these four.
  return isPlain
    ? `export PATH=${folder}:$PATH`
    : `export PATH="${folder.replaceAll(/[\\"$`]/gu, "\\$&")}:$PATH"`;
}
