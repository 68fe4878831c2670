// The entry among the installed programs ("Apps & features"), by which an administrator finds goferry and takes it away
// with all that it brought. Source: "Uninstall Registry Key" in the documentation of Windows Installer.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { numberValue, textValue } from "../../windows/registry-text.ts";
import type { RegistryChange, RegistryValue } from "../../windows/system.ts";
import { KEYS, type WindowsScope } from "./places.ts";

/** @param isUsual whether the root is the one where goferry installs when nobody says where */
export function appsKey(scope: WindowsScope, root: string, isUsual: boolean): string {
  const other = createHash("sha256").update(root.toLowerCase()).digest("hex").slice(0, 8);
  return `${KEYS[scope].apps}\\${isUsual ? "goferry" : `goferry-${other}`}`;
}

export function appsEntry(key: string, root: string): RegistryChange[] {
  const program = `"${join(root, "bin", "goferry.exe")}"`;
  const values: Record<string, RegistryValue> = {
    DisplayName: textValue("goferry: Go for hosts without a network"),
    Publisher: textValue("goferry"),
    DisplayIcon: textValue(join(root, "bin", "goferry.exe")),
    InstallLocation: textValue(root),
    UninstallString: textValue(`${program} uninstall --all --root "${root}"`),
    QuietUninstallString: textValue(`${program} uninstall --all --quiet --root "${root}"`),
    NoModify: numberValue(1),
    NoRepair: numberValue(1),
  };
  return Object.entries(values).map(([name, value]) => ({ key, name, value }));
}
