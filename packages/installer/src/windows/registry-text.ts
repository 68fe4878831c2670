// Text in the registry: UTF-16, usually with a NUL at its end, but nobody enforces that. What is read is never written
// back from its text: an undo has the bytes.

import type { RegistryValue } from "./system.ts";

export const REG_SZ = 1;
export const REG_EXPAND_SZ = 2;
const REG_DWORD = 4;

/** The text of a value; undefined where it is none (another type, half a character). */
export function textOf({ type, data }: RegistryValue): string | undefined {
  const bytes = Buffer.from(data, "base64");
  if ((type !== REG_SZ && type !== REG_EXPAND_SZ) || bytes.length % 2 !== 0) return undefined;
  const text = bytes.toString("utf16le").replace(/\0+$/, "");
  return text.includes("\0") ? undefined : text;
}

export function textValue(text: string, type: typeof REG_SZ | typeof REG_EXPAND_SZ = REG_SZ): RegistryValue {
  return { type, data: Buffer.from(`${text}\0`, "utf16le").toString("base64") };
}

export function numberValue(number: number): RegistryValue {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return { type: REG_DWORD, data: bytes.toString("base64") };
}

export function isSameValue(a: RegistryValue | null, b: RegistryValue | null): boolean {
  return a === null || b === null ? a === b : a.type === b.type && a.data === b.data;
}
