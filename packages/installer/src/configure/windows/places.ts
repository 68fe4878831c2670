// Where things are on Windows: for the machine or for the user, in the registry and on the disk. Pure.

import { win32 } from "node:path";
import type { HostFacts, WindowsHost } from "../../host.ts";
import { variable } from "../../windows/environment.ts";
import type { RegistryKey } from "../../windows/system.ts";

export type WindowsScope = "machine" | "user";

export interface ScopeKeys {
  environment: RegistryKey;
  /** One key below it for each entry of "Apps & features". */
  apps: RegistryKey;
}

const APPS = String.raw`Software\Microsoft\Windows\CurrentVersion\Uninstall`;

export const KEYS: Readonly<Record<WindowsScope, ScopeKeys>> = {
  machine: {
    environment: String.raw`HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`,
    apps: `HKLM\\${APPS}`,
  },
  user: { environment: String.raw`HKCU\Environment`, apps: `HKCU\\${APPS}` },
};

/** What the older installers of Go leave: `installLocation`, by user, although they install for the machine. */
export const MSI_KEY = String.raw`HKCU\Software\GoProgrammingLanguage`;

/** A source of events is a key below it. */
export const EVENT_SOURCES = String.raw`HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application`;

/** An administrator changes the machine, everybody else their own account; a root in a user's folder is the user's. */
export function windowsScope(
  { account }: Pick<WindowsHost, "account">,
  { home, env }: Pick<HostFacts, "home" | "env">,
  root: string,
): WindowsScope {
  const own = [home, variable(env, "LOCALAPPDATA"), variable(env, "APPDATA")];
  const isOwn = own.some((folder) => folder !== undefined && isInside(folder, root));
  // The home of the system's own account lies in the folder of Windows, and is nobody's.
  return account.elevated && !(isOwn && account.sid !== SYSTEM) ? "machine" : "user";
}

const SYSTEM = "S-1-5-18";

/** Folders of the machine, in which only an administrator may make others. */
export function machinePlaces(env: HostFacts["env"]): string[] {
  return ["ProgramFiles", "ProgramW6432", "ProgramFiles(x86)", "SystemRoot"].flatMap((name) => {
    const folder = variable(env, name);
    return folder === undefined ? [] : [folder];
  });
}

/** Without case, as Windows compares. True for the folder itself, too. */
export function isInside(folder: string, path: string): boolean {
  return plain(path) === plain(folder) || plain(path).startsWith(`${plain(folder)}\\`);
}

function plain(path: string): string {
  return win32.normalize(path).replace(/\\+$/, "").toLowerCase();
}
