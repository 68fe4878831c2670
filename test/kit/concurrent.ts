// Installers that run at the same time on one root, as processes of their own, while somebody goes on using its Go. The
// bundles are small and their Go is a script (packages/goferry/src/testing); the processes, locks and files are real.

import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeBundle } from "../../packages/goferry/src/testing/bundle.ts";
import { checksumLog } from "./checksum-log.ts";
import { testPlatform } from "./real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "./run-goferry.ts";
import { scratchFolder } from "./scratch.ts";

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
  /** What the root has afterwards: Go versions, lines of the audit log, names in state/. */
  versions: string[];
  audit: { lines: number; whole: unknown };
  names: string[];
}

export async function race(): Promise<Race> {
  const folder = await scratchFolder("goferry-race");
  const [root, kept] = [join(folder.path, "root"), join(folder.path, "kept")];
  const log = checksumLog();
  const options = { platform: testPlatform(), log };
  for (const name of ["older", "newer"]) await mkdir(join(folder.path, name));
  const older = await makeBundle(join(folder.path, "older"), { ...options, name: "older", go: "1.26.8" });
  const newer = await makeBundle(join(folder.path, "newer"), { ...options, name: "newer", go: "1.27.1" });
  const goferry = async (...words: string[]): Promise<GoferryResult> =>
    await runGoferry([...words, "--root", root, "--json"], { env: { HOME: folder.path, PATH: PLAIN_PATH } });
  const install = async ({ file, publicKey }: typeof older): Promise<GoferryResult> => {
    const trust = ["--key", publicKey, "--log-key", log.vkey, "--allow-private", "corp.example.com/*"];
    return await goferry("install", file, ...trust, "--lock-timeout", "10m");
  };
  const first = await install(older);
  if (first.code !== 0) throw new Error(first.stdout + first.stderr);
  await copy(root, kept);
  return {
    round: async (installers) => {
      await rm(root, { recursive: true, force: true });
      await copy(kept, root);
      const reader = startReader(join(root, "bin", "go"));
      const all = Array.from(
        { length: installers },
        async (_, i) => await install(i % 2 === 0 ? newer : older),
      );
      const ended = await Promise.all(all);
      const { reads, badReads } = await reader.stop();
      const state = (await goferry("status")).json as {
        sdks?: { version: string }[];
        runs?: Record<string, { lockWaitMs: number }>;
      };
      const audit = (await goferry("audit", "verify")).json as { lines?: number; whole?: unknown };
      const logs = await run("grep", ["-l", "waiting for the lock", "-r", join(root, "state", "logs")]).catch(
        () => ({ stdout: "" }),
      );
      return {
        failures: ended.filter(({ code }) => code !== 0).map(({ stdout }) => stdout),
        reads,
        badReads,
        waited: logs.stdout.split("\n").filter((name) => name !== "").length,
        versions: (state.sdks ?? []).map(({ version }) => version),
        audit: { lines: audit.lines ?? -1, whole: audit.whole },
        names: [...(await readdir(join(root, "state"))), ...(await readdir(root))],
      };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** With the times of files, which a check goes by. */
async function copy(from: string, to: string): Promise<void> {
  await run("cp", ["-a", from, to]);
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
