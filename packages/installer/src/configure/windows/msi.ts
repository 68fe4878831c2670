// Other installations of Go that Windows knows of: MSI packages, by their entries among the installed programs. They are
// reported and never touched: Windows Installer keeps books of every file, and repairs what others change.

import type { Finding } from "../../findings.ts";
import { textOf } from "../../windows/registry-text.ts";
import type { Registry, RegistryName } from "../../windows/system.ts";
import { KEYS, MSI_KEY } from "./places.ts";

export interface MsiInstallation {
  /** "Go Programming Language amd64 go1.22.3" */
  name: string;
  /** Where it lies; "" when it does not say. */
  folder: string;
  /** How Windows uninstalls it: "MsiExec.exe /X{…}". */
  uninstall: string;
}

/** Found by their names, as every MSI of the Go project has had it since 1.0. */
export async function findMsi(registry: Registry): Promise<MsiInstallation[]> {
  const places = [KEYS.machine.apps, KEYS.user.apps];
  const found = await registry.subkeys(places);
  // A product of Windows Installer is listed under its code.
  const keys = places.flatMap((place, index) =>
    (found[index] ?? [])
      .filter((name) => /^\{[0-9A-F-]{36}\}$/i.test(name))
      .map((name) => `${place}\\${name}`),
  );
  const names = keys.flatMap((key) =>
    ["DisplayName", "InstallLocation", "UninstallString"].map((name): RegistryName => ({ key, name })),
  );
  const own: RegistryName = { key: MSI_KEY, name: "installLocation" };
  const [location, ...values] = await registry.read([own, ...names]);
  const texts = values.map((value) => (value === null ? "" : (textOf(value) ?? "")));
  const fallback = location === null || location === undefined ? "" : (textOf(location) ?? "");
  return keys.flatMap((_, index) => {
    const [name = "", folder = "", uninstall = ""] = texts.slice(index * 3, index * 3 + 3);
    if (!/^(?:The )?Go Programming Language\b/i.test(name)) return [];
    return [{ name, folder: folder === "" ? fallback : folder, uninstall }];
  });
}

export function msiFinding({ name, folder, uninstall }: MsiInstallation): Finding {
  return {
    code: "OTHER_GO",
    level: "warn",
    subject: name,
    message: "a Go that Windows Installer put there is installed too; it stays as it is",
    expected: "one Go that people can find",
    found: folder === "" ? uninstall : folder,
    next: `see which one is meant with: where go. To take that one away: ${uninstall === "" ? "Apps & features" : uninstall}`,
  };
}
