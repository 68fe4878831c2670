// What Windows has of its own that is worth knowing before the first byte is written: the drive that the root lies on, and
// who runs goferry.

import { windowsScope } from "../configure/windows/places.ts";
import type { Finding } from "../findings.ts";
import type { HostFacts } from "../host.ts";
import { elevationFindings } from "./elevation.ts";

/** ELEVATION_MISSING and, for the machine, ROOT_ON_NETWORK refuse; ROOT_ON_NETWORK and SERVICE_ACCOUNT warn. */
export async function windowsFindings(
  host: Pick<HostFacts, "env" | "home" | "windows">,
  root: string,
): Promise<Finding[]> {
  // Nobody answers where the helper may not run: what would be told is worth less than an installation.
  if (host.windows === undefined || host.windows.account.sid === "") return [];
  return [
    ...elevationFindings(host, root),
    ...(await driveFindings({ ...host, windows: host.windows }, root)),
    ...accountFindings(host.windows, root),
  ];
}

async function driveFindings(
  host: Pick<HostFacts, "env" | "home"> & { windows: NonNullable<HostFacts["windows"]> },
  root: string,
): Promise<Finding[]> {
  const { windows } = host;
  const { kind, remote } = await windows.system.volume(root);
  const isShare = root.startsWith("\\\\");
  if (kind !== "remote" && !isShare) return [];
  const isMachine = windowsScope(windows, host, root) === "machine";
  const letter = isShare
    ? ""
    : " A drive letter is there only for the window that made it: not for services, nor as an administrator.";
  return [
    {
      code: "ROOT_ON_NETWORK",
      level: isMachine ? "refuse" : "warn",
      subject: root,
      message:
        `the root lies on another machine: each build reads its compiler over the network, who may write there decides what runs here, and where the network is away there is no Go.${letter}`.replace(
          /\.$/,
          "",
        ),
      expected: "a disk of this machine",
      found: isShare || remote === "" ? root : `${root.slice(0, 2)} is ${remote}`,
      next: isMachine
        ? "leave out --root, and it is installed in %ProgramFiles%\\goferry"
        : "leave out --root, and it is installed in %LOCALAPPDATA%\\goferry",
    },
  ];
}

const SERVICES: Readonly<Record<string, string>> = {
  "S-1-5-19": "LOCAL SERVICE",
  "S-1-5-20": "NETWORK SERVICE",
};

/** The system itself is an administrator, and installs for the machine. */
function accountFindings({ account }: NonNullable<HostFacts["windows"]>, root: string): Finding[] {
  const name = SERVICES[account.sid];
  if (name === undefined) return [];
  return [
    {
      code: "SERVICE_ACCOUNT",
      level: "warn",
      subject: name,
      message: `this is the account of services, and what is installed in ${root} and set in its registry is for services alone`,
      expected: "a user, or an administrator who installs for the machine",
      found: account.sid,
      next: "run the command as the user who will build, or as an administrator",
    },
  ];
}
