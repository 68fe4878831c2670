// The go.env of every GOROOT of a root, brought in line with a state of it.

import { editGoEnv, goEnvSettings } from "../configure/go-env.ts";
import type { HostFs } from "../fs.ts";
import { goEnvFile, type Layout } from "../layout.ts";
import type { EditRequest } from "../transaction/describe.ts";
import type { State } from "../transaction/state.ts";

/** The edits that give each of the GOROOTs `sdks`, which are there, the settings of `state`. */
export async function goEnvEdits(
  fs: HostFs,
  at: Layout,
  { sdks, state }: { sdks: State["sdks"]; state: State },
): Promise<EditRequest[]> {
  const edits: EditRequest[] = [];
  for (const { version } of sdks) {
    const path = goEnvFile(at, version);
    const bytes = await fs.readFile(path);
    if (bytes === null) continue;
    const text = Buffer.from(bytes).toString("utf8");
    const edited = editGoEnv(text, settingsFor(at, state));
    if (edited !== text) edits.push({ path, file: Buffer.from(edited) });
  }
  return edits;
}

/** By the patterns of all installations: a module that came earlier is private still. */
export function settingsFor({ root }: Layout, { privatePatterns, direct, log }: State): Map<string, string> {
  return goEnvSettings({ root, privatePatterns, direct, logKey: log?.key });
}
