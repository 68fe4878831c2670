// Installers that run at the same time on one root, as processes of their own, while somebody goes on using its Go. On
// the root of race-root.ts.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { raceRoot } from "./race-root.ts";

const run = promisify(execFile);

export interface Race extends AsyncDisposable {
  /** So many installers at once, of both bundles in turn, on a root that has the older one. */
  round(installers: number): Promise<Round>;
}

export interface Round {
  /** Of those that did not do what they were asked. */
  failures: string[];
  /** How often the reader asked Go for its version, and what went wrong. */
  reads: number;
  badReads: string[];
  /** Installers that waited for another. */
  waited: number;
  /** What the root has afterwards: Go versions, lines of the audit log, and what should not be there. */
  versions: string[];
  audit: { lines: number; whole: unknown };
  strays: string[];
}

export async function race(): Promise<Race> {
  const root = await raceRoot();
  return {
    round: async (installers) => {
      await root.reset();
      const reader = startReader(join(root.path, "bin", "go"));
      const all = Array.from(
        { length: installers },
        async (_, i) => await root.install(i % 2 === 0 ? "newer" : "older"),
      );
      const ended = await Promise.all(all);
      const { reads, badReads } = await reader.stop();
      const state = (await root.goferry(["status"])).json as { sdks?: { version: string }[] };
      const audit = (await root.goferry(["audit", "verify"])).json as { lines?: number; whole?: unknown };
      const folder = join(root.path, "state", "logs");
      const logs = await run("grep", ["-l", "waiting for the lock", "-r", folder]).catch(() => ({
        stdout: "",
      }));
      return {
        failures: ended.filter(({ code }) => code !== 0).map(({ stdout }) => stdout),
        reads,
        badReads,
        waited: logs.stdout.split("\n").filter((name) => name !== "").length,
        versions: (state.sdks ?? []).map(({ version }) => version),
        audit: { lines: audit.lines ?? -1, whole: audit.whole },
        strays: await root.strays(),
      };
    },
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

/** Asks again and again until it is stopped. */
function startReader(program: string): { stop(): Promise<{ reads: number; badReads: string[] }> } {
  const stopped = new AbortController();
  let reads = 0;
  const badReads: string[] = [];
  const reading = (async () => {
    while (!stopped.signal.aborted) {
      const said = await run(program, ["version"]).then(
        ({ stdout }) => stdout,
        (error: unknown) => String(error),
      );
      reads++;
      if (!/^go version go1\.2[67]\.\d /u.test(said)) badReads.push(said);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await reading;
      return { reads, badReads };
    },
  };
}
