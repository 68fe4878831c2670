// An administrator's rights on Windows: who has them only sometimes ("Run as administrator"), so a command that needs them
// says so before it begins, and not by an "access denied" in the middle that looks like a broken disk.

import { isInside, machinePlaces } from "../configure/windows/places.ts";
import type { Finding } from "../findings.ts";
import type { HostFacts } from "../host.ts";

/** ELEVATION_MISSING for a root in a folder of the machine, or nothing. */
export function elevationFindings(
  { env, windows }: Pick<HostFacts, "env" | "windows">,
  root: string,
): Finding[] {
  if (windows === undefined || windows.account.elevated) return [];
  const place = machinePlaces(env).find((folder) => isInside(folder, root));
  if (place === undefined) return [];
  return [
    {
      code: "ELEVATION_MISSING",
      level: "refuse",
      subject: root,
      message: `${root} belongs to the machine: to write in ${place} and in HKEY_LOCAL_MACHINE takes an administrator's rights`,
      expected: 'a window that was opened with "Run as administrator", or a service\'s account',
      found:
        "a user's rights (being a member of Administrators is not enough: Windows keeps their rights back until asked)",
      next: "open a terminal by right-click, Run as administrator, and run the command again; or do without: leave out --root, and it is installed for this user alone, in %LOCALAPPDATA%\\goferry",
    },
  ];
}
