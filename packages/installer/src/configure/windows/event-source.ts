// goferry as a source of the machine's event log. Registered with the installation for the machine, because only an
// administrator can: Windows shows an event by the texts of its source, and for ours those of EventCreate.exe do, which is
// on every Windows and has "%1" under the numbers 1 to 1,000 (so do Go's svc/eventlog and other programs without one).

import { numberValue, REG_EXPAND_SZ, textValue } from "../../windows/registry-text.ts";
import type { RegistryChange } from "../../windows/system.ts";
import { EVENT_SOURCES } from "./places.ts";

export const EVENT_SOURCE = "goferry";

/** Errors, warnings and information: EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE. */
const ALL_TYPES = 7;

export function eventSource(): RegistryChange[] {
  const key = `${EVENT_SOURCES}\\${EVENT_SOURCE}`;
  const texts = String.raw`%SystemRoot%\System32\EventCreate.exe`;
  return [
    { key, name: "EventMessageFile", value: textValue(texts, REG_EXPAND_SZ) },
    { key, name: "TypesSupported", value: numberValue(ALL_TYPES) },
  ];
}
