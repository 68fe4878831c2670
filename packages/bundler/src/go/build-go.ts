// The go that a build asks: of the bundle's own toolchain, which is unpacked when it is asked for the first time. A build of
// what an earlier one has found out about already never asks.

import { join } from "node:path";
import type { BuildContext } from "../machine.ts";
import { storeFolder } from "../cache/folders.ts";
import { throughProxyOf, type Network } from "../network.ts";
import { proxiesWithShelf } from "./closures.ts";
import { createGo, type GoCommand } from "./command.ts";
import { unpackToolchain, type FetchedToolchain } from "./toolchain.ts";

export interface BuildGo {
  go: GoCommand;
  /** With the module proxies that this go uses where nobody set others. */
  network: Network;
}

/** @throws what unpackToolchain and throughProxyOf throw, then or when go is asked first */
export async function openBuildGo(
  { zip, h1, version }: FetchedToolchain,
  opened: Network,
  { machine, workDir, signal }: BuildContext,
): Promise<BuildGo> {
  const goroot = join(workDir, "goroot");
  let unpacked: Promise<void> | undefined;
  const unpack = (): Promise<void> =>
    (unpacked ??= unpackToolchain({ zip, h1, version, dir: goroot, signal }));
  if (!opened.hasProxy) await unpack();
  const network = await throughProxyOf(goroot, opened);
  const goproxy = proxiesWithShelf(workDir, network.goEnv["GOPROXY"] ?? "", storeFolder(machine.cacheDir));
  const env = { ...network.goEnv, GOPROXY: goproxy };
  const go = createGo({ goroot, env, secrets: machine.env, runner: network.runner });
  return {
    network,
    go: {
      async run(args, options) {
        await unpack();
        return await go.run(args, options);
      },
      async attempt(args, options) {
        await unpack();
        return await go.attempt(args, options);
      },
    },
  };
}
