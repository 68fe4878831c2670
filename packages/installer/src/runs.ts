// state/logs/runs.json: how the last run of each command ended, for `goferry status` and a monitoring. Only figures; what
// happened is in the logs beside it, and who did it in the audit log.

import { join } from "node:path";
import * as z from "zod/mini";
import { writeFileAtomic, type HostFs } from "./fs.ts";
import type { Host } from "./host.ts";
import type { Layout } from "./layout.ts";
import { hostFs } from "./host-fs.ts";
import { ownRoot } from "./root-logs.ts";
import { writeDocument } from "./transaction/document.ts";

const runSchema = z.strictObject({
  startedAt: z.iso.datetime(),
  durationMs: z.number().check(z.minimum(0)),
  /** How long it waited for another writer. */
  lockWaitMs: z.number().check(z.minimum(0)),
  exitCode: z.int().check(z.minimum(0)),
  /** Null when it did what it was asked. */
  code: z.nullable(z.string()),
  /** Of a check: how many things are not as they were verified. */
  drift: z.optional(z.int().check(z.minimum(0))),
});

const runsSchema = z.strictObject({ runsVersion: z.literal(1), runs: z.record(z.string(), runSchema) });

export type Run = z.infer<typeof runSchema>;

/** The last run of each command, by its name. What cannot be read is as good as nothing. */
export async function readRuns(fs: HostFs, at: Layout): Promise<Record<string, Run>> {
  const bytes = await fs.readFile(runsFile(at));
  if (bytes === null) return {};
  try {
    return runsSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8"))).runs;
  } catch {
    return {};
  }
}

/** Notes how a command ended; false where there is no root to note it in. Throws the errors of the file system. */
export async function recordRun(host: Host, path: string, command: string, run: Run): Promise<boolean> {
  const at = await ownRoot(host, path);
  if (at === undefined) return false;
  const fs = hostFs(host);
  await fs.mkdir(at.logs, 0o755);
  const runs = { ...(await readRuns(fs, at)), [command]: run };
  await writeFileAtomic(fs, runsFile(at), writeDocument({ runsVersion: 1, runs }), { mode: 0o644 });
  return true;
}

function runsFile({ logs }: Layout): string {
  return join(logs, "runs.json");
}
