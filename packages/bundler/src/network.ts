// The three ways to the outside, made from one machine: the module proxy, the checksum database behind it, and the
// settings that the go command gets so that it goes the same way.

import { readFile } from "node:fs/promises";
import { SUM_GOLANG_ORG_KEY } from "@goferry/core";
import {
  fetchSettings,
  goEnvFilePath,
  goEnvironment,
  parseGoEnvFile,
  privatePatterns,
  type Environment,
} from "./go/environment.ts";
import { createRunner, type ProcessRunner } from "./go/spawn.ts";
import type { BuildContext } from "./machine.ts";
import { discoverGoProxy } from "./net/goproxy-discover.ts";
import { createGoProxy, sumdbFetch, type GoProxy } from "./net/goproxy.ts";
import { createHttp } from "./net/http.ts";
import type { LogFetch } from "./sumdb/source.ts";

export interface Network {
  proxy: GoProxy;
  log: { name: string; key: string; fetch: LogFetch };
  /** The environment of the go command. */
  goEnv: Record<string, string>;
  /** Modules that the checksum database is not asked about, as GONOSUMDB has them. */
  privatePatterns: string;
  runner: ProcessRunner;
}

/** @throws PROXY_UNKNOWN if nobody says which module proxy to use; ARGUMENT_INVALID, IO_FAILED */
export async function openNetwork({ machine, workDir }: BuildContext): Promise<Network> {
  const { env, userAgent, platform } = machine;
  const runner = createRunner(machine.kill);
  const userFile = await readUserFile(env, platform);
  const { value } = await discoverGoProxy({
    env,
    readFile: (path) => readFile(path, "utf8"),
    goOnPath: () => askGo(runner, env, workDir),
  });
  const http = createHttp({ env, userAgent });
  const proxy = createGoProxy(http, value);
  const [name = "", url] = checksumDatabase(env, userFile);
  const key = name.includes("+") ? name : SUM_GOLANG_ORG_KEY;
  const database = key.slice(0, key.indexOf("+"));
  return {
    proxy,
    log: { name: database, key, fetch: sumdbFetch(proxy, http, database, { url }) },
    goEnv: goEnvironment({
      user: env,
      userFile,
      workDir,
      goproxy: value,
      gosumdb: [name, url].filter((part) => part !== undefined).join(" "),
    }),
    privatePatterns: privatePatterns(fetchSettings(env, userFile)),
    runner,
  };
}

/**
 * GOSUMDB as words: key or name, and perhaps a URL. `off` does not turn the check off: a bundle without log evidence
 * would be refused by every host.
 */
function checksumDatabase(env: Environment, userFile: Environment): string[] {
  const setting = (env["GOSUMDB"] || userFile["GOSUMDB"] || "").trim();
  return setting === "" || setting === "off" ? ["sum.golang.org"] : setting.split(/\s+/);
}

async function readUserFile(env: Environment, platform: string): Promise<Environment> {
  const file = goEnvFilePath(env, platform.split("/")[0] ?? "");
  if (file === undefined) return {};
  // A file that is there but cannot be read is reported by discoverGoProxy, which reads it too.
  return parseGoEnvFile(await readFile(file, "utf8").catch(() => ""));
}

async function askGo(runner: ProcessRunner, env: Environment, cwd: string): Promise<string | undefined> {
  const given = Object.entries(env).filter((each): each is [string, string] => each[1] !== undefined);
  const options = { cwd, env: { ...Object.fromEntries(given), GOTOOLCHAIN: "local" } };
  const answer = await runner("go", ["env", "GOPROXY"], options).catch(() => undefined);
  return answer?.code === 0 ? answer.stdout : undefined;
}
