// The ways to the outside, made from one machine: where toolchains come from, the module proxy, the checksum database
// behind it, and the settings that the go command gets so that it goes the same way.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError, type TrustedKey } from "@goferry/core";
import { dlSource, GO_DOWNLOADS } from "./dl/dl-source.ts";
import { googleKey } from "./dl/google-key.ts";
import { childAuthorities } from "./go/child-authorities.ts";
import {
  fetchSettings,
  goEnvFilePath,
  goEnvironment,
  parseGoEnvFile,
  passedOn,
  privatePatterns,
  type Environment,
} from "./go/environment.ts";
import { zipHashes } from "./go/zip-hashes.ts";
import { hashFolder } from "./cache/folders.ts";
import { proxySource } from "./go/proxy-source.ts";
import { createRunner, type ProcessRunner } from "./go/spawn.ts";
import type { BuildContext } from "./machine.ts";
import { readAuthorities } from "./net/authorities.ts";
import { diskError, errorCode } from "./net/disk-error.ts";
import { discoverGoProxy } from "./net/goproxy-discover.ts";
import { createCache } from "./net/cache.ts";
import { createGoProxy, sumdbFetch, type GoProxy } from "./net/goproxy.ts";
import { createHttp } from "./net/http.ts";
import { readSumdbSetting } from "./sumdb/setting.ts";
import type { LogFetch } from "./sumdb/source.ts";
import type { ToolchainSource } from "./toolchain-source.ts";

export interface Network {
  proxy: GoProxy;
  toolchains: ToolchainSource;
  log: { name: string; key: string; fetch: LogFetch };
  /** The environment of the go command. */
  goEnv: Record<string, string>;
  /** Patterns of modules that the checksum database is not asked about: those of GONOSUMDB or GOPRIVATE. */
  privatePatterns: string[];
  runner: ProcessRunner;
  /** False where nobody on this machine says which module proxy to use. */
  hasProxy: boolean;
  /** This network with the module proxies of a GOPROXY list. @throws ARGUMENT_INVALID */
  through(goproxy: string): Network;
}

/** Where toolchains come from. */
export interface ToolchainWish {
  from: "proxy" | "dl";
  /** In place of https://go.dev/dl. */
  dlUrl?: string | undefined;
  /** Keys that may have signed archives, beside Google's. */
  releaseKeys?: readonly TrustedKey[] | undefined;
}

/**
 * With toolchains from go.dev/dl no module proxy need be known yet: then the checksum database is asked at its own
 * address, until a verified toolchain says which proxies its go uses ({@link Network.through}).
 * @throws CA_FILE_INVALID; PROXY_UNKNOWN if nobody says which module proxy to use; ARGUMENT_INVALID, IO_FAILED
 */
export async function openNetwork(
  context: BuildContext,
  wish: ToolchainWish = { from: "proxy" },
): Promise<Network> {
  const { machine, workDir, signal } = context;
  const { env, userAgent, platform, caFiles } = machine;
  const runner = createRunner(machine.kill);
  const authorities = await readAuthorities({ env, caFiles });
  const filePath = goEnvFilePath(env, platform.split("/")[0] ?? "");
  const userFile = await readUserFile(filePath);
  const found = await discoverGoProxy({
    env,
    userFile: { path: filePath, settings: userFile },
    goOnPath: () => askGo(runner, env, workDir),
  }).catch((error: unknown) => {
    if (wish.from !== "dl" || !(error instanceof GoferryError) || error.code !== "PROXY_UNKNOWN") throw error;
    return undefined;
  });
  const settings = fetchSettings(env, userFile);
  const passed = passedOn(env);
  const trusted = await childAuthorities({ authorities, env: passed, workDir, runner });
  const fetchEnv = { ...passed, ...trusted };
  const http = createHttp({
    env,
    authorities,
    userAgent,
    goauth: settings["GOAUTH"],
    runAuth: ([file = "", ...args], { input, cwd = workDir }) =>
      runner(file, args, { cwd, env: fetchEnv, input }).then(
        ({ code, stdout }) => (code === 0 ? stdout : undefined),
        () => undefined,
      ),
  });
  const { name, key, url, text } = readSumdbSetting(env["GOSUMDB"] || userFile["GOSUMDB"] || "");
  const cache = createCache(join(machine.cacheDir, "downloads"));
  const hashZip = zipHashes(hashFolder(machine.cacheDir));
  const archives =
    wish.from === "dl"
      ? dlSource({
          http,
          url: wish.dlUrl ?? GO_DOWNLOADS,
          keys: [await googleKey(), ...(wish.releaseKeys ?? [])],
          cache,
          dir: join(workDir, "toolchains"),
          now: machine.now(),
          signal,
        })
      : undefined;
  const through = (goproxy: string, { hasProxy }: { hasProxy: boolean }): Network => {
    const proxy = createGoProxy(http, goproxy);
    // A database with an address of its own is asked there and not through the proxies, which need not know of it.
    const way = url === undefined ? proxy : createGoProxy(http, "direct");
    return {
      proxy,
      toolchains: archives ?? proxySource({ proxy, cache, hashZip, signal }),
      log: { name, key, fetch: sumdbFetch(way, http, name, { url }) },
      goEnv: { ...goEnvironment({ user: env, userFile, workDir, goproxy, gosumdb: text }), ...trusted },
      privatePatterns: privatePatterns(settings),
      runner,
      hasProxy,
      through: (list) => through(list, { hasProxy: true }),
    };
  };
  return through(found?.value ?? "direct", { hasProxy: found !== undefined });
}

/**
 * The network with the module proxies that the Go at `goroot` uses where nobody set others: those of its go.env. Only
 * for a toolchain that is proven (DESIGN 3).
 * @throws ARGUMENT_INVALID, IO_FAILED
 */
export async function throughProxyOf(goroot: string, network: Network): Promise<Network> {
  if (network.hasProxy) return network;
  const file = join(goroot, "go.env");
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw diskError(error, file);
  });
  // In a GOROOT/go.env the first line of a name counts.
  const value = /^GOPROXY=(.*)$/mu.exec(text)?.[1]?.trim() ?? "";
  return value === "" ? network : network.through(value);
}

/** @throws IO_FAILED: a GOPRIVATE that is not read would give names of private modules away */
async function readUserFile(file: string | undefined): Promise<Environment> {
  if (file === undefined) return {};
  try {
    return parseGoEnvFile(await readFile(file, "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return {};
    throw diskError(error, file);
  }
}

async function askGo(runner: ProcessRunner, env: Environment, cwd: string): Promise<string | undefined> {
  const given = Object.entries(env).filter((each): each is [string, string] => each[1] !== undefined);
  const options = { cwd, env: { ...Object.fromEntries(given), GOTOOLCHAIN: "local" } };
  const answer = await runner("go", ["env", "GOPROXY"], options).catch(() => undefined);
  return answer?.code === 0 ? answer.stdout : undefined;
}
