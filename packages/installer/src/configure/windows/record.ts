// What was changed in the registry, as state.json keeps it, and how it is taken back: with the bytes of before where nobody
// else has written since, else by taking out what is ours. The counterpart of configure/outside.ts.

import type { Finding } from "../../findings.ts";
import type { HostFacts } from "../../host.ts";
import { missingKeys } from "../../transaction/registry-edits.ts";
import type { RegistryRecord } from "../../transaction/state.ts";
import { isFolder, pathEntries, withFolder, withoutFolder } from "../../windows/path-text.ts";
import { isSameValue, REG_EXPAND_SZ, REG_SZ, textOf, textValue } from "../../windows/registry-text.ts";
import type { Registry, RegistryChange, RegistryName, RegistryValue } from "../../windows/system.ts";

export interface RecordPlace {
  registry: Registry;
  env: HostFacts["env"];
  /** The root's bin folder. */
  bin: string;
}

/** What the state says after these changes, which are about to be made. */
export async function recordRegistry(
  { registry }: Pick<RecordPlace, "registry">,
  known: readonly RegistryRecord[],
  changes: readonly RegistryChange[],
): Promise<RegistryRecord[]> {
  const records = new Map(known.map((each) => [id(each), each]));
  const found = await registry.read(changes);
  const missing = await missingKeys(
    registry,
    changes.map(({ key }) => key),
  );
  for (const [index, { key, name, value }] of changes.entries()) {
    const now = found[index] ?? null;
    const old = records.get(id({ key, name }));
    // Where somebody else has written since, that is what there was before this change.
    const before = old !== undefined && isSameValue(now, old.after) ? old.before : now;
    const madeKeys = old?.madeKeys ?? missing.filter((each) => key === each || key.startsWith(`${each}\\`));
    records.set(id({ key, name }), { key, name, before, after: value, madeKeys });
  }
  return [...records.values()];
}

export interface RegistryRestoration {
  changes: RegistryChange[];
  /** Keys that were made for what goes, outermost first. */
  emptied: string[];
  /** OUTSIDE_CHANGED for what somebody else has changed since. */
  findings: Finding[];
}

export async function restoreRegistry(
  place: RecordPlace,
  records: readonly RegistryRecord[],
): Promise<RegistryRestoration> {
  const restoration: RegistryRestoration = { changes: [], emptied: [], findings: [] };
  const found = await place.registry.read(records);
  const emptied = new Set<string>();
  for (const [index, record] of records.entries()) {
    restoreOne(place, record, found[index] ?? null, restoration);
    for (const key of record.madeKeys) emptied.add(key);
  }
  restoration.emptied = [...emptied].toSorted((a, b) => a.length - b.length);
  return restoration;
}

function restoreOne(
  { bin, env }: RecordPlace,
  { key, name, before, after, madeKeys }: RegistryRecord,
  now: RegistryValue | null,
  { changes, findings }: RegistryRestoration,
): void {
  if (isSameValue(now, before)) return;
  // A key that goferry made is goferry's, whatever somebody wrote over its values.
  if (isSameValue(now, after) || madeKeys.includes(key)) {
    changes.push({ key, name, value: before });
    return;
  }
  const subject = `${key}\\${name}`;
  const text = now === null ? undefined : textOf(now);
  const rest = text === undefined || !isPath({ name }) ? undefined : withoutFolder(text, bin, env);
  if (text === undefined || rest === undefined || rest === text) {
    findings.push(changedSince(subject, now, "left as it is"));
    return;
  }
  // What somebody put on a PATH that was not there before may be nothing but our entry.
  const value = rest === "" && before === null ? null : textValue(rest, typeOf(now));
  changes.push({ key, name, value });
  if (!isSameValue(value, before)) findings.push(changedSince(subject, now, "which stays"));
}

/** What makes the values again what goferry left there; of PATH only our entry is put back, at its end. */
export async function mendRegistry(
  { registry, env, bin }: RecordPlace,
  records: readonly RegistryRecord[],
): Promise<RegistryChange[]> {
  const found = await registry.read(records);
  return records.map(({ key, name, after }, index) => {
    const now = found[index] ?? null;
    const text = now === null ? "" : textOf(now);
    if (!isPath({ name }) || text === undefined) return { key, name, value: after };
    return { key, name, value: textValue(withFolder(text, bin, env), typeOf(now)) };
  });
}

/** Whether a value is as goferry left it; null if so. Of PATH only our entry is ours. */
export function differsInRegistry(
  { bin, env }: Pick<RecordPlace, "bin" | "env">,
  { name, after }: RegistryRecord,
  now: RegistryValue | null,
): { expected: string; found: string } | null {
  if (isPath({ name })) {
    const entries = now === null ? [] : pathEntries(textOf(now) ?? "");
    if (entries.some((entry) => isFolder(entry, bin, env))) return null;
    return { expected: `an entry ${bin}`, found: now === null ? "nothing" : "other entries" };
  }
  return isSameValue(now, after) ? null : { expected: valueText(after), found: valueText(now) };
}

function valueText(value: RegistryValue | null): string {
  if (value === null) return "nothing";
  return textOf(value) ?? `type ${value.type}, ${Buffer.from(value.data, "base64").toString("hex")}`;
}

function isPath({ name }: Pick<RegistryName, "name">): boolean {
  return name.toLowerCase() === "path";
}

function id({ key, name }: RegistryName): string {
  return `${key}\\${name}`.toLowerCase();
}

function typeOf(value: RegistryValue | null): typeof REG_SZ | typeof REG_EXPAND_SZ {
  return value?.type === REG_SZ ? REG_SZ : REG_EXPAND_SZ;
}

function changedSince(subject: string, now: RegistryValue | null, then: string): Finding {
  return {
    code: "OUTSIDE_CHANGED",
    level: "warn",
    subject,
    message: `somebody else has changed this since goferry did; ${then}`,
    expected: "what goferry left there",
    found: valueText(now),
    next: `look at it with: reg query "${subject.slice(0, subject.lastIndexOf("\\"))}"`,
  };
}
