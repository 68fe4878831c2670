// In place of node:fs/promises in the goferry that is killed: a temporary folder has the same name in every run.

import { mkdir } from "fs/promises";

export * from "fs/promises";

export async function mkdtemp(prefix: string): Promise<string> {
  const folder = `${prefix}000000`;
  await mkdir(folder, { mode: 0o700 });
  return folder;
}
