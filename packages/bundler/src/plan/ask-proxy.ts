// The two questions that a plan asks of the module proxy: which toolchains there are, and whether it serves one that its
// list leaves out.

import { GoferryError, TOOLCHAIN_PATH } from "@goferry/core";
import type { GoProxy } from "../net/goproxy.ts";
import type { GoSource } from "./go-versions.ts";

/** Bytes: the list has some 60 bytes for each version and platform. */
const LIST_MAX_BYTES = 4 << 20;
const MOD_MAX_BYTES = 4 << 10;

export function askProxy(proxy: GoProxy, signal: AbortSignal | undefined): GoSource {
  const options = { subject: TOOLCHAIN_PATH, signal };
  return {
    async listGoVersions() {
      try {
        const list = await proxy.get(`${TOOLCHAIN_PATH}/@v/list`, { ...options, limit: LIST_MAX_BYTES });
        return Buffer.from(list).toString("utf8").split("\n");
      } catch (error) {
        // Mirrors without lists exist; each version is then asked for by name.
        if (error instanceof GoferryError && error.code === "NOT_FOUND") return [];
        throw error;
      }
    },
    async askToolchain(moduleVersion) {
      try {
        await proxy.get(`${TOOLCHAIN_PATH}/@v/${moduleVersion}.mod`, { ...options, limit: MOD_MAX_BYTES });
        return { served: true };
      } catch (error) {
        if (!(error instanceof GoferryError) || error.code !== "NOT_FOUND") throw error;
        return { served: false, answer: error.found ?? error.message };
      }
    },
  };
}
