// The values of Windows' registry that a transaction changes. They are edits outside of the root like any other: old and
// new bytes stand in the journal, each is looked at before it is changed, and what somebody else has written meanwhile is
// left alone. There is no rename for them, and none is needed: Windows itself writes a value whole.

import { GoferryError } from "@goferry/core";
import * as z from "zod/mini";
import { isSameValue } from "../windows/registry-text.ts";
import type { Registry, RegistryChange } from "../windows/system.ts";
import type { Direction } from "./journal.ts";

/** Null: no such value. Data is base64 of the bytes as they are. */
export const registryValueSchema = z.nullable(
  z.strictObject({ type: z.int().check(z.minimum(0)), data: z.base64() }),
);

/** Only these hives have anything of ours. */
export const registryKeySchema = z.string().check(z.regex(/^HK(?:CU|LM)(?:\\[^\\]+)+$/));

export const registryJournalSchema = z.strictObject({
  edits: z.array(
    z.strictObject({
      key: registryKeySchema,
      name: z.string(),
      before: registryValueSchema,
      after: registryValueSchema,
    }),
  ),
  /** Keys that the edits need and that were not there, outermost first. */
  made: z.array(registryKeySchema),
  /** Keys that go once the change is committed, if nothing is in them; outermost first. */
  emptied: z.array(registryKeySchema),
});

export type RegistryJournal = z.infer<typeof registryJournalSchema>;

/** From what a command wants to what the journal says. Undefined when the registry has all of it already. */
export async function describeRegistry(
  registry: Registry | undefined,
  wanted: readonly RegistryChange[],
  emptied: readonly string[],
): Promise<RegistryJournal | undefined> {
  if (wanted.length === 0 && emptied.length === 0) return undefined;
  const known = required(registry);
  const found = await known.read(wanted);
  const edits = wanted.flatMap(({ key, name, value: after }, index) => {
    const before = found[index] ?? null;
    return isSameValue(before, after) ? [] : [{ key, name, before, after }];
  });
  const written = edits.filter(({ after }) => after !== null).map(({ key }) => key);
  return { edits, made: await missingKeys(known, written), emptied: [...emptied] };
}

/** Keys of these, and above them, that are not there; outermost first. */
export async function missingKeys(registry: Registry, keys: readonly string[]): Promise<string[]> {
  const all = [...new Set(keys.flatMap(withParents))].toSorted((a, b) => a.length - b.length);
  const found = await registry.subkeys(all);
  return all.filter((_, index) => found[index] === null);
}

/** Without the hive itself, which is always there. */
function withParents(key: string): string[] {
  const parts = key.split("\\");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 2).join("\\"));
}

/** Makes every value that of the direction, and tells the system. Names values that are somebody else's by now. */
export async function switchRegistry(
  registry: Registry | undefined,
  journal: RegistryJournal | undefined,
  direction: Direction,
): Promise<{ changed: number; foreign: string[] }> {
  if (journal === undefined) return { changed: 0, foreign: [] };
  const known = required(registry);
  const now = await known.read(journal.edits);
  const other = direction === "after" ? "before" : "after";
  const changes: RegistryChange[] = [];
  const foreign: string[] = [];
  for (const [index, edit] of journal.edits.entries()) {
    const found = now[index] ?? null;
    if (isSameValue(found, edit[direction])) continue;
    if (isSameValue(found, edit[other]))
      changes.push({ key: edit.key, name: edit.name, value: edit[direction] });
    else foreign.push(`${edit.key}\\${edit.name}`);
  }
  await known.write(changes);
  if (direction === "before") await known.removeEmpty(journal.made.toReversed());
  if (changes.some(({ key }) => isEnvironment(key))) await known.announce();
  return { changed: changes.length, foreign };
}

/** Once the change is committed. */
export async function finishRegistry(
  registry: Registry | undefined,
  journal: RegistryJournal | undefined,
): Promise<void> {
  if (journal === undefined || journal.emptied.length === 0) return;
  await required(registry).removeEmpty(journal.emptied.toReversed());
}

function isEnvironment(key: string): boolean {
  return /\\environment$/i.test(key);
}

function required(registry: Registry | undefined): Registry {
  if (registry !== undefined) return registry;
  throw new GoferryError("IO_FAILED", {
    subject: "registry",
    message: "what was begun here changes the registry of Windows, and this is no Windows",
    next: "run the command on the machine that the root belongs to",
  });
}
