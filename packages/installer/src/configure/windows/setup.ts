// What `--path profile` changes outside of a root on Windows, all of it in the registry: PATH, a GOROOT that would get in
// the way, the entry among the installed programs, and for the machine the source of events. Only looked at and planned
// here, like the start-up files of other systems (path-setup.ts).

import { join } from "node:path";
import { defaultRoot } from "../../default-root.ts";
import type { Finding } from "../../findings.ts";
import type { Host, WindowsHost } from "../../host.ts";
import { expand } from "../../windows/environment.ts";
import { pathEntries } from "../../windows/path-text.ts";
import { isSameValue, textOf } from "../../windows/registry-text.ts";
import type { RegistryChange } from "../../windows/system.ts";
import { appsEntry, appsKey } from "./apps-entry.ts";
import { eventSource } from "./event-source.ts";
import { planGoRoot } from "./go-root.ts";
import { findMsi, msiFinding } from "./msi.ts";
import { hasFolder, hasGo, planPathValue } from "./path-value.ts";
import { KEYS, windowsScope, type WindowsScope } from "./places.ts";

export interface WindowsSetup {
  registry: RegistryChange[];
  findings: Finding[];
  changes: string[];
  /** Whether programs that are started from now on have the root's bin folder on PATH, before any other Go. */
  onPath: boolean;
}

export interface WindowsRequest {
  root: string;
  /** Names in <root>\bin, as it will be, without suffix. */
  programs: readonly string[];
}

/** Findings: those of planPathValue and planGoRoot; OTHER_GO warns. */
export async function planWindows(
  host: Host & { windows: WindowsHost },
  { root, programs }: WindowsRequest,
): Promise<WindowsSetup> {
  const { windows, env } = host;
  const { registry } = windows.system;
  const scope = windowsScope(windows, host, root);
  const bin = join(root, "bin");
  const [machinePath = null, userPath = null, machineRoot = null, userRoot = null] = await registry.read(
    (["Path", "GOROOT"] as const).flatMap((name) => [
      { key: KEYS.machine.environment, name },
      { key: KEYS.user.environment, name },
    ]),
  );
  const paths = { machine: machinePath, user: userPath };
  const msi = await findMsi(registry);
  const path = await planPathValue(host, { bin, scope, values: paths });
  const goRoot = planGoRoot(host, {
    scope,
    values: { machine: machineRoot, user: userRoot },
    msi: msi.map(({ folder }) => folder).filter((folder) => folder !== ""),
  });
  const wanted = [
    ...(path.change === undefined ? [] : [path.change]),
    ...goRoot.changes,
    ...(programs.includes("goferry") ? appsEntry(appsKey(scope, root, isUsual(host, root)), root) : []),
    ...(scope === "machine" ? eventSource() : []),
  ];
  const now = await registry.read(wanted);
  const changes = wanted.filter(({ value }, index) => !isSameValue(value, now[index] ?? null));
  const first = scope === "user" ? await goOfMachine(paths.machine, { bin, env }) : undefined;
  return {
    registry: changes,
    findings: [
      ...path.findings,
      ...goRoot.findings,
      ...msi.map(msiFinding),
      ...(first === undefined ? [] : [machineFirst(first, bin)]),
    ],
    changes: describe(changes, { bin, scope }),
    onPath: (path.change !== undefined || hasFolder(paths[scope], bin, env)) && first === undefined,
  };
}

function isUsual(host: Host, root: string): boolean {
  try {
    return defaultRoot(host).toLowerCase() === root.toLowerCase();
  } catch {
    return false;
  }
}

/** The first folder of the machine's PATH with a Go that is not ours. */
async function goOfMachine(
  value: WindowsPathValue,
  { bin, env }: { bin: string; env: Host["env"] },
): Promise<string | undefined> {
  if (value === null || hasFolder(value, bin, env)) return undefined;
  for (const entry of pathEntries(textOf(value) ?? "")) {
    const folder = expand(entry, env);
    if (await hasGo(folder)) return folder;
  }
  return undefined;
}

type WindowsPathValue = Parameters<typeof hasFolder>[0];

function machineFirst(folder: string, bin: string): Finding {
  return {
    code: "OTHER_GO",
    level: "warn",
    subject: folder,
    message: "Windows looks into the machine's PATH before a user's, so the Go there comes before this one",
    expected: `${bin} before any other Go`,
    found: folder,
    next: `an administrator can take ${folder} out of the machine's PATH, or install for the machine; until then start ${join(bin, "go.exe")} by its full name`,
  };
}

/** A line for each thing, not for each value. */
function describe(
  changes: readonly RegistryChange[],
  { bin, scope }: { bin: string; scope: WindowsScope },
): string[] {
  const who = scope === "machine" ? "the machine" : "this user";
  const lines = changes.map(({ key, name, value }) => {
    if (name === "Path") return `${key}\\Path: puts ${bin} on the PATH of ${who}`;
    if (name === "GOROOT" && value === null) return `${key}\\GOROOT: set aside until goferry is uninstalled`;
    return `${key}: ${key.includes("EventLog") ? "goferry as a source of the event log" : "the entry in Apps & features"}`;
  });
  return [...new Set(lines)];
}
