// What the module proxy of this machine has, toolchains and checksum database too, for a server of a test that passes it
// on. Answers are kept in memory; toolchains come out of the cache of the tests.

import { createCache } from "../../packages/bundler/src/net/cache.ts";
import { openNetwork } from "../../packages/bundler/src/network.ts";
import { GoferryError, TOOLCHAIN_PATH } from "../../packages/core/src/index.ts";
import { join } from "node:path";
import { TEST_CACHE, testMachine } from "./demo-bundle.ts";
import type { Answer, ModuleSource } from "./module-server.ts";

/** Bytes of an answer: the modules of tests are small. */
const LIMIT = 64 << 20;

/** Bytes of a toolchain's zip. */
const TOOLCHAIN_LIMIT = 500 << 20;

const DATABASE = "sumdb/sum.golang.org/";

export async function realModules(): Promise<ModuleSource> {
  const machine = await testMachine();
  const env = { ...machine.env, GOSUMDB: "" };
  const context = { machine: { ...machine, env }, workDir: TEST_CACHE, onProgress: () => undefined };
  const { proxy, log } = await openNetwork(context);
  const known = new Map<string, Promise<Answer>>();
  const ask = async (path: string): Promise<Answer> => {
    try {
      if (path === `${DATABASE}supported`) return "";
      if (path.startsWith(DATABASE)) return await log.fetch(path.slice(DATABASE.length));
      return await proxy.get(path, { subject: path, limit: LIMIT });
    } catch (error) {
      if (error instanceof GoferryError && error.code === "NOT_FOUND") return 404;
      throw error;
    }
  };
  return async (path) => {
    if (path.startsWith(`${TOOLCHAIN_PATH}/`) && path.endsWith(".zip")) return { file: realToolchain(path) };
    const answer = known.get(path) ?? ask(path);
    known.set(path, answer);
    return await answer;
  };
}

/** The zip of a toolchain, from the cache or through the module proxy; unproven, so for worlds of a test only. */
export async function fetchToolchain(path: string): Promise<string> {
  const machine = await testMachine();
  const context = { machine, workDir: TEST_CACHE, onProgress: () => undefined };
  const { proxy } = await openNetwork(context);
  const cache = createCache(join(TEST_CACHE, "downloads"));
  await cache.fetchInto(path, async (file) => {
    await proxy.download(path, file, { subject: path, limit: TOOLCHAIN_LIMIT });
  });
  return cache.file(path);
}

/** The zip of a toolchain that the shared bundle of this run was built with, by its path on a module proxy. */
export function realToolchain(path: string): string {
  return createCache(join(TEST_CACHE, "downloads")).file(path);
}
