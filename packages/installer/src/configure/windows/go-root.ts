// GOROOT in the registry, as older installers and many instructions of the web set it. Any Go that is started with it reads
// that GOROOT's go.env and starts that GOROOT's compiler, so ours could not work. It is set aside where we put Go on PATH,
// and comes back when the root is uninstalled. But for one that belongs to an MSI: what Windows Installer manages it also
// repairs, so there the administrator is told what to type.

import type { Finding } from "../../findings.ts";
import type { HostFacts } from "../../host.ts";
import { expand } from "../../windows/environment.ts";
import { textOf } from "../../windows/registry-text.ts";
import type { RegistryChange, RegistryValue } from "../../windows/system.ts";
import { isInside, KEYS, type WindowsScope } from "./places.ts";

export interface GoRootPlan {
  changes: RegistryChange[];
  findings: Finding[];
}

/** Findings: GOROOT_SET warns for one that stays. */
export function planGoRoot(
  { env }: Pick<HostFacts, "env">,
  found: {
    scope: WindowsScope;
    values: Readonly<Record<WindowsScope, RegistryValue | null>>;
    /** Where MSI installations of Go lie. */
    msi: readonly string[];
  },
): GoRootPlan {
  const plan: GoRootPlan = { changes: [], findings: [] };
  for (const scope of ["machine", "user"] as const) {
    const value = found.values[scope];
    const text = value === null ? undefined : textOf(value);
    if (text === undefined || text === "") continue;
    const { environment: key } = KEYS[scope];
    const owner = found.msi.find((folder) => isInside(folder, expand(text, env)));
    if (scope === found.scope && owner === undefined) plan.changes.push({ key, name: "GOROOT", value: null });
    else plan.findings.push(stays(key, text, owner));
  }
  return plan;
}

function stays(key: string, found: string, owner: string | undefined): Finding {
  const why = owner === undefined ? "it is not this command's to change" : "it belongs to Go's MSI";
  return {
    code: "GOROOT_SET",
    level: "warn",
    subject: `${key}\\GOROOT`,
    message: `GOROOT is set, and every Go that is started goes by it, not by its own folder; ${why}`,
    expected: "no such value",
    found,
    next:
      owner === undefined
        ? `reg delete "${key}" /v GOROOT /f${key.startsWith("HKLM") ? "   (as an administrator)" : ""}`
        : "uninstall the MSI in Apps & features, or take GOROOT out of the environment variables of the system",
  };
}
