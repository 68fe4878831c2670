// The line that a person types to get a folder on PATH.

import { isWindowsPath } from "@goferry/installer";

/**
 * For a POSIX shell: `export PATH=/opt/goferry/bin:$PATH`. For cmd, and for PowerShell, which do not understand each other:
 * `set "PATH=C:\\goferry\\bin;%PATH%"`, and the same with $env:Path.
 */
export function exportPath(folder: string): string {
  if (isWindowsPath(folder)) {
    const single = folder.replaceAll("'", "''");
    return `set "PATH=${folder};%PATH%"   (PowerShell: $env:Path = '${single};' + $env:Path)`;
  }
  const isPlain = /^[\w@%+=:,./-]+$/u.test(folder);
  // Within double quotes a POSIX shell still acts on these four.
  return isPlain
    ? `export PATH=${folder}:$PATH`
    : `export PATH="${folder.replaceAll(/[\\"$`]/gu, "\\$&")}:$PATH"`;
}
