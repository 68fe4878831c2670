// The checksum database at an address of its own: the real one, with the records of toolchains for Windows that module
// proxies may refuse to look up. Nothing is made up: the log proves such a record, or a build with it fails.

import { openNetwork, type Network } from "../../packages/bundler/src/network.ts";
import { goModHash, toolchainModule } from "../../packages/core/src/index.ts";
import { testMachine } from "./demo-bundle.ts";
import { serve } from "./go-mirror.ts";

/** The record of a module that is no dependency of anything: its number in the log, and the hash of its tree. */
export interface LogRecord {
  id: number;
  h1: string;
}

/** By Go version, the toolchains for windows/amd64. */
export const WINDOWS_RECORDS: Readonly<Record<string, LogRecord>> = {
  "1.27.0": { id: 60_251_339, h1: "h1:8pPy8S91V30lOV1zo59ar/esoLpn5dkgbh/mo/EhWsc=" },
  "1.27.1": { id: 61_743_625, h1: "h1:uvUPiZUFKn246/ZPbYpTzP8aUKAjcMH5rgIl9vsjoyQ=" },
};

/** Of a toolchain's go.mod. */
export const TOOLCHAIN_MOD_H1 = goModHash(Buffer.from("module golang.org/toolchain\n"));

export interface ReleaseDatabase extends AsyncDisposable {
  url: string;
  /** The module proxies of this machine, and its checksum database. */
  network: Network;
  /** Answers as the address does, by path. */
  lookUp(path: string): Promise<Uint8Array>;
}

/** @param workDir an absolute folder for what is remembered of the log */
export async function releaseDatabase(workDir: string): Promise<ReleaseDatabase> {
  const machine = await testMachine();
  const env = { ...machine.env, GOSUMDB: "" };
  const network = await openNetwork({ machine: { ...machine, env }, workDir, onProgress: () => undefined });
  const lookUp = async (path: string): Promise<Uint8Array> => {
    for (const [version, { id, h1 }] of Object.entries(WINDOWS_RECORDS)) {
      const { path: module, version: name } = toolchainModule(version, "windows/amd64");
      if (path !== `lookup/${module}@${name}`) continue;
      const record = `${module} ${name} ${h1}\n${module} ${name}/go.mod ${TOOLCHAIN_MOD_H1}\n`;
      const head = Buffer.from(await network.log.fetch("latest")).toString();
      return Buffer.from(`${id}\n${record}\n${head}`);
    }
    return await network.log.fetch(path);
  };
  const server = await serve((request, response) => {
    lookUp(decodeURIComponent((request.url ?? "").slice(1))).then(
      (bytes) => response.writeHead(200, { "content-length": bytes.length }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  return { url: server.url, network, lookUp, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
