// A .reg file, as reg.exe and regedit import it: the copy of every value that goferry touches, for the administrator who
// wants to put it back without goferry. UTF-16 with its mark, because that is what reg.exe reads without a code page.
// Every value is written as its bytes: quoted text would lose a missing NUL and could not hold a line break.

import type { RegistryName, RegistryValue } from "./system.ts";

/** Importing it gives each name the value beside it; null takes the value away. */
export function regFile(values: readonly (RegistryName & { value: RegistryValue | null })[]): Uint8Array {
  const lines = ["Windows Registry Editor Version 5.00"];
  let section = "";
  for (const { key, name, value } of values) {
    if (key !== section) lines.push("", `[${longKey(key)}]`);
    section = key;
    const quoted = `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    lines.push(value === null ? `${quoted}=-` : wrapped(`${quoted}=hex(${value.type.toString(16)}):`, value));
  }
  return Buffer.from(`\uFEFF${lines.join("\r\n")}\r\n`, "utf16le");
}

const HIVES: Record<string, string> = { HKCU: "HKEY_CURRENT_USER", HKLM: "HKEY_LOCAL_MACHINE" };

function longKey(key: string): string {
  const [hive = "", ...rest] = key.split("\\");
  return [HIVES[hive] ?? hive, ...rest].join("\\");
}

/** Bytes of a line; regedit itself breaks at 80 columns. */
const BYTES_A_LINE = 24;

function wrapped(head: string, { data }: RegistryValue): string {
  const bytes = [...Buffer.from(data, "base64")].map((byte) => byte.toString(16).padStart(2, "0"));
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE)
    lines.push(bytes.slice(at, at + BYTES_A_LINE).join(","));
  return head + lines.join(",\\\r\n  ");
}
