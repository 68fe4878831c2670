// A root in which a small bundle is installed, and a newer one beside it, for tests that run goferry as a process of its own,
// again and again. Go is a script (packages/goferry/src/testing); processes, locks and files are real.

import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeBundle, type TestBundle } from "../../packages/goferry/src/testing/bundle.ts";
import { checksumLog } from "./checksum-log.ts";
import { testPlatform } from "./real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryOptions, type GoferryResult } from "./run-goferry.ts";
import { scratchFolder } from "./scratch.ts";

interface RaceRoot extends AsyncDisposable {
  path: string;
  /** With --root and --json. */
  goferry(words: readonly string[], options?: GoferryOptions): Promise<GoferryResult>;
  /** Go 1.26.8, which the root has, or 1.27.1. Waits for others as long as it takes. */
  install(bundle: "older" | "newer", options?: GoferryOptions): Promise<GoferryResult>;
  /** The root as it was at first. */
  reset(): Promise<void>;
  /** Names in the root and in state/ of what is there only while a command runs. */
  strays(): Promise<string[]>;
}

export async function raceRoot(): Promise<RaceRoot> {
  const folder = await scratchFolder("goferry-race");
  const [root, kept] = [join(folder.path, "root"), join(folder.path, "kept")];
  const log = checksumLog();
  const make = async (name: string, go: string): Promise<TestBundle> => {
    await mkdir(join(folder.path, name));
    return await makeBundle(join(folder.path, name), { platform: testPlatform(), log, name, go });
  };
  const bundles = { older: await make("older", "1.26.8"), newer: await make("newer", "1.27.1") };
  const env = { HOME: folder.path, PATH: PLAIN_PATH };
  const goferry: RaceRoot["goferry"] = async (words, options = {}) =>
    await runGoferry([...words, "--root", root, "--json"], { env, ...options });
  const made: RaceRoot = {
    path: root,
    goferry,
    install: async (bundle, options) => {
      const { file, publicKey } = bundles[bundle];
      const trust = ["--key", publicKey, "--log-key", log.vkey, "--allow-private", "corp.example.com/*"];
      return await goferry(["install", file, ...trust, "--lock-timeout", "10m"], options);
    },
    reset: async () => {
      await rm(root, { recursive: true, force: true });
      // With the times of files, which a check goes by.
      await promisify(execFile)("cp", ["-a", kept, root]);
    },
    strays: async () =>
      [...(await readdir(join(root, "state"))), ...(await readdir(root))].filter((name) =>
        /^(?:lock|journal|staging|\.)/u.test(name),
      ),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  const first = await made.install("older");
  if (first.code !== 0) throw new Error(first.stdout + first.stderr);
  await promisify(execFile)("cp", ["-a", root, kept]);
  return made;
}
