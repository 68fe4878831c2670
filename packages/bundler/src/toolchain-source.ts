// Where toolchains come from: the module proxy, or go.dev/dl and its mirrors. Whichever it is, what is fetched ends as the
// zip of the module golang.org/toolchain whose `h1:` the checksum database has, so that a bundle is the same.

import type { Toolchain } from "@goferry/core";
import type { FetchedToolchain } from "./go/toolchain.ts";
import type { GoSource } from "./plan/go-versions.ts";

export interface ToolchainSource extends GoSource {
  /** What a plan says of it. */
  readonly origin: ToolchainOrigin;
  /**
   * Bytes of a download, undefined where nobody says, and whether it is in the cache.
   * @throws INTERRUPTED, IO_FAILED
   */
  cost(toolchain: Toolchain, signal?: AbortSignal): Promise<ToolchainCost>;
  /**
   * Fetches a toolchain, or takes it from the cache, and proves it.
   * @throws LOG_MISMATCH, NOT_FOUND, NETWORK_UNREACHABLE, DISK_FULL and what else the source refuses
   */
  fetch(toolchain: Toolchain, options: FetchOptions): Promise<FetchedToolchain>;
}

export type ToolchainOrigin =
  | { from: "proxy" }
  | {
      from: "dl";
      /** Without a login. */
      url: string;
      /** Fingerprints of the keys, one of which must have signed each archive. */
      keys: string[];
    };

export interface ToolchainCost {
  size: number | undefined;
  isCached: boolean;
}

export interface FetchOptions {
  /** What the checksum database has logged. */
  expected: { h1: string; modH1: string };
  /** Bytes so far, and of how many, if known. */
  onProgress(done: number, total: number | undefined): void;
  signal?: AbortSignal | undefined;
}
