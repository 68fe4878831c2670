// How a Go came to Windows, by where it lies: that decides how it goes again. Each of these keeps books of its own, so none is
// touched by goferry.

import { isInside } from "../configure/windows/places.ts";

export interface GoOrigin {
  /** "scoop" */
  by: string;
  /** What takes it away. */
  remove: string;
}

/**
 * @param file go.exe, its links followed
 * @param msi folders of the installations that Windows Installer knows
 */
export function goOrigin(file: string, msi: readonly string[]): GoOrigin {
  if (/\\scoop\\(?:apps|shims)\\/iu.test(file)) return { by: "scoop", remove: "scoop uninstall go" };
  // Its package of Go is the MSI, too: only Chocolatey's own folders are told from that.
  if (/\\chocolatey\\(?:bin|lib)\\/iu.test(file))
    return { by: "Chocolatey", remove: "choco uninstall golang" };
  if (msi.some((folder) => folder !== "" && isInside(folder, file)))
    return { by: "Windows Installer", remove: "Apps & features" };
  if (/\\Microsoft\\WinGet\\/iu.test(file)) return { by: "winget", remove: "winget uninstall GoLang.Go" };
  return {
    by: "unpacked from an archive",
    remove: `remove the folder ${file.replace(/\\bin\\[^\\]*$/iu, "")} and its entry in PATH`,
  };
}
