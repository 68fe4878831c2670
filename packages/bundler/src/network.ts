// The three ways to the outside, made from one machine: the module proxy, the checksum database behind it, and the
// settings that the go command gets so that it goes the same way.

import { readFile } from "node:fs/promises";
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
import { createRunner, type ProcessRunner } from "./go/spawn.ts";
import type { BuildContext } from "./machine.ts";
import { readAuthorities } from "./net/authorities.ts";
import { diskError, errorCode } from "./net/disk-error.ts";
import { discoverGoProxy } from "./net/goproxy-discover.ts";
import { createGoProxy, sumdbFetch, type GoProxy } from "./net/goproxy.ts";
import { createHttp } from "./net/http.ts";
import { readSumdbSetting } from "./sumdb/setting.ts";
import type { LogFetch } from "./sumdb/source.ts";

export interface Network {
  proxy: GoProxy;
  log: { name: string; key: string; fetch: LogFetch };
  /** The environment of the go command. */
  goEnv: Record<string, string>;
  /** Patterns of modules that the checksum database is not asked about: those of GONOSUMDB or GOPRIVATE. */
  privatePatterns: string[];
  runner: ProcessRunner;
}

/** @throws CA_FILE_INVALID; PROXY_UNKNOWN if nobody says which module proxy to use; ARGUMENT_INVALID, IO_FAILED */
export async function openNetwork({ machine, workDir }: BuildContext): Promise<Network> {
  const { env, userAgent, platform, caFiles } = machine;
  const runner = createRunner(machine.kill);
  const authorities = await readAuthorities({ env, caFiles });
  const filePath = goEnvFilePath(env, platform.split("/")[0] ?? "");
  const userFile = await readUserFile(filePath);
  const { value } = await discoverGoProxy({
    env,
    userFile: { path: filePath, settings: userFile },
    goOnPath: () => askGo(runner, env, workDir),
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
  const proxy = createGoProxy(http, value);
  const { name, key, url, text } = readSumdbSetting(env["GOSUMDB"] || userFile["GOSUMDB"] || "");
  // A database with an address of its own is asked there and not through the proxies, which need not know of it.
  const way = url === undefined ? proxy : createGoProxy(http, "direct");
  return {
    proxy,
    log: { name, key, fetch: sumdbFetch(way, http, name, { url }) },
    goEnv: { ...goEnvironment({ user: env, userFile, workDir, goproxy: value, gosumdb: text }), ...trusted },
    privatePatterns: privatePatterns(settings),
    runner,
  };
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
