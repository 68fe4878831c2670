// <root>\bin in the Path value of the machine or of the user. The value keeps its type, its %VARIABLES% and every character
// that is not ours; the transaction keeps its bytes, so that taking it back gives them again.
//
// Windows puts the user's Path behind the machine's. So a Go on the machine's wins over a user's, and that is told; and
// where another Go stands in the same value our entry goes right in front of it, else to the end.

import { access } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { countText } from "@goferry/core";
import type { Finding } from "../../findings.ts";
import type { HostFacts } from "../../host.ts";
import { expand } from "../../windows/environment.ts";
import { isFolder, PATH_LIMIT, PATH_SAFE, pathEntries, withFolder } from "../../windows/path-text.ts";
import { REG_EXPAND_SZ, REG_SZ, textOf, textValue } from "../../windows/registry-text.ts";
import type { RegistryChange, RegistryValue } from "../../windows/system.ts";
import { KEYS, type WindowsScope } from "./places.ts";

export interface PathValuePlan {
  change: RegistryChange | undefined;
  findings: Finding[];
}

export interface PathValues {
  machine: RegistryValue | null;
  user: RegistryValue | null;
}

/** Findings: PATH_VALUE_STRANGE, PATH_TOO_LONG refuse; PATH_LONG warns. */
export async function planPathValue(
  { env }: Pick<HostFacts, "env">,
  { bin, scope, values }: { bin: string; scope: WindowsScope; values: PathValues },
): Promise<PathValuePlan> {
  const { environment: key } = KEYS[scope];
  const value = values[scope];
  const before = value === null ? "" : textOf(value);
  if (before === undefined) return { change: undefined, findings: [strange(key, value)] };
  const entries = pathEntries(before);
  const other = await firstGo(entries.map((entry) => expand(entry, env)));
  const after = withFolder(before, bin, env, other);
  if (after === before) return { change: undefined, findings: [] };
  const lengths = longFindings(`${key}\\Path`, { before, after, env, values, scope });
  if (lengths.some(({ level }) => level === "refuse")) return { change: undefined, findings: lengths };
  // A value that is made is of the type that Windows itself gives it.
  const type = value?.type === REG_SZ ? REG_SZ : REG_EXPAND_SZ;
  return { change: { key, name: "Path", value: textValue(after, type) }, findings: lengths };
}

/** Whether a PATH value has the folder. */
export function hasFolder(value: RegistryValue | null, bin: string, env: HostFacts["env"]): boolean {
  const text = value === null ? undefined : textOf(value);
  return text !== undefined && pathEntries(text).some((entry) => isFolder(entry, bin, env));
}

/** The index of the first folder with a go.exe (or .bat, .cmd). */
async function firstGo(folders: readonly string[]): Promise<number | undefined> {
  for (const [index, folder] of folders.entries()) if (await hasGo(folder)) return index;
  return undefined;
}

export async function hasGo(folder: string): Promise<boolean> {
  const plain = folder.replaceAll('"', "").trim();
  if (!isAbsolute(plain)) return false;
  for (const name of ["go.exe", "go.cmd", "go.bat"]) {
    const isThere = await access(join(plain, name)).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

interface Lengths {
  before: string;
  after: string;
  env: HostFacts["env"];
  values: PathValues;
  scope: WindowsScope;
}

/** In UTF-16 units, which is what Windows counts. */
function longFindings(subject: string, { before, after, env, values, scope }: Lengths): Finding[] {
  const other = values[scope === "machine" ? "user" : "machine"];
  const rest = (other === null ? undefined : textOf(other)) ?? "";
  const whole = Math.max(after.length, `${expand(after, env)};${expand(rest, env)}`.length);
  if (whole > PATH_LIMIT) return [tooLong(subject, whole)];
  return after.length > PATH_SAFE && before.length <= PATH_SAFE ? [long(subject, after.length)] : [];
}

function tooLong(subject: string, length: number): Finding {
  return {
    code: "PATH_TOO_LONG",
    level: "refuse",
    subject,
    message: "PATH has no room for one more folder: Windows hands no longer variable to a program",
    expected: `at most ${countText(PATH_LIMIT)} characters, with every %VARIABLE% written out`,
    found: countText(length),
    next: "take folders out of PATH that are not there any more; or run the command with --path none",
  };
}

function long(subject: string, length: number): Finding {
  return {
    code: "PATH_LONG",
    level: "warn",
    subject,
    message: "PATH is longer now than what some installers and older systems can hold: they may cut it",
    expected: `at most ${countText(PATH_SAFE)} characters`,
    found: countText(length),
    next: "take folders out of PATH that are not there any more; never change it with setx, which cuts at 1,024",
  };
}

function strange(key: string, value: RegistryValue | null): Finding {
  return {
    code: "PATH_VALUE_STRANGE",
    level: "refuse",
    subject: `${key}\\Path`,
    message: "the value that should hold PATH is no text, and stays as it is",
    expected: "REG_SZ or REG_EXPAND_SZ",
    found: `type ${value?.type}, ${Buffer.from(value?.data ?? "", "base64").length} bytes`,
    next: "mend the value, or run the command with --path none and put the bin folder of the root on PATH yourself",
  };
}
