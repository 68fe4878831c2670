// state/registry/N.reg: the values that generation N changed, as they were before. goferry itself does not need it (the
// journal and state.json have the bytes); an administrator without goferry does: `reg import N.reg` puts them back.

import { join } from "node:path";
import type { Layout } from "../../layout.ts";
import type { EditRequest } from "../../transaction/describe.ts";
import { regFile } from "../../windows/reg-file.ts";
import type { Registry, RegistryName } from "../../windows/system.ts";

export async function registryCopy(
  { registry, at }: { registry: Registry | undefined; at: Layout },
  changes: readonly RegistryName[],
  generation: number,
): Promise<EditRequest[]> {
  if (registry === undefined || changes.length === 0) return [];
  const found = await registry.read(changes);
  const values = changes.map(({ key, name }, index) => ({ key, name, value: found[index] ?? null }));
  return [{ path: join(at.registry, `${generation}.reg`), file: regFile(values) }];
}
