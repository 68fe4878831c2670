// Toolchains from the module proxy.

import { stat } from "node:fs/promises";
import { unitName } from "@goferry/core";
import type { Cache } from "../net/cache.ts";
import type { GoProxy } from "../net/goproxy.ts";
import { askProxy } from "../plan/ask-proxy.ts";
import type { ToolchainSource } from "../toolchain-source.ts";
import { fetchToolchain, type FetchToolchainOptions } from "./toolchain.ts";

export interface ProxySourceOptions {
  proxy: GoProxy;
  cache: Cache;
  /** The `h1:` of a zip. */
  hashZip: FetchToolchainOptions["hashZip"];
  signal: AbortSignal | undefined;
}

export function proxySource({ proxy, cache, hashZip, signal }: ProxySourceOptions): ToolchainSource {
  return {
    ...askProxy(proxy, signal),
    origin: { from: "proxy" },

    async cost(toolchain, stop) {
      const zip = `${toolchain.path}/@v/${toolchain.version}.zip`;
      const cached = await stat(cache.file(zip)).catch(() => undefined);
      if (cached !== undefined) return { size: cached.size, isCached: true };
      const size = await proxy.size(zip, { subject: unitName(toolchain), signal: stop });
      return { size, isCached: false };
    },

    async fetch({ go, platform }, { expected, onProgress, signal: stop }) {
      const counted = {
        download: (path: string, file: string, options: Parameters<GoProxy["download"]>[2]) =>
          proxy.download(path, file, { ...options, onProgress }),
      };
      return await fetchToolchain({
        version: go,
        platform,
        proxy: counted,
        cache,
        expected,
        hashZip,
        signal: stop,
      });
    },
  };
}
