// A host with an empty root, for tests that install small bundles in it: every stage is real, only Go is a shell script.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createHost, type Host, type HostFacts } from "../../packages/installer/src/host.ts";
import { install, type Installed, type InstallOptions } from "../../packages/installer/src/install.ts";
import { testFolder } from "./host-root.ts";
import {
  layeredBundle,
  scriptedToolchain,
  type LayeredBundle,
  type LayeredModule,
  type LayeredOptions,
} from "./layered-bundle.ts";
import { PROCESS_FACTS } from "./process-facts.ts";
import { testPlatform } from "./real-go.ts";
import { treeContents, type Tree } from "./tree.ts";

const platform = testPlatform();

export const scriptedGo = (version: string) => scriptedToolchain(version, platform);

/** A module that every bundle of a bench has, unless it is said otherwise. */
export const MODULE_A: LayeredModule = {
  path: "example.com/A",
  version: "v1.0.0",
  files: { "go.mod": "module example.com/A\n", "a.go": "package a\n" },
};

export interface InstallBench extends AsyncDisposable {
  path: string;
  root: string;
  home: string;
  host(facts?: Partial<HostFacts>): Host;
  bundle(options?: LayeredOptions): Promise<LayeredBundle>;
  install(
    bundle: LayeredBundle,
    options?: Partial<InstallOptions>,
    facts?: Partial<HostFacts>,
  ): Promise<Installed>;
  /** Every file, link and folder of the root. */
  look(): Promise<Tree>;
}

export async function installBench(): Promise<InstallBench> {
  const folder = await testFolder();
  const { path, root } = folder;
  const home = join(path, "home");
  await mkdir(home);
  const bundles: LayeredBundle[] = [];
  const host = (facts: Partial<HostFacts> = {}): Host =>
    createHost({
      platform,
      env: { PATH: "/usr/bin:/bin", HOME: home },
      home,
      uid: process.getuid?.(),
      userName: "tester",
      ...PROCESS_FACTS,
      cores: 1,
      ...facts,
    });
  return {
    path,
    root,
    home,
    host,
    async bundle(options = {}) {
      const toolchains = [scriptedGo("1.27.1")];
      const made = await layeredBundle(path, { toolchains, modules: [[MODULE_A]], ...options });
      bundles.push(made);
      return made;
    },
    install(bundle, options = {}, facts = {}) {
      return install(host(facts), {
        root,
        bundle,
        bundleFile: "small.tar",
        logKey: bundle.log.vkey,
        zips: true,
        path: "none",
        direct: [],
        allowPrivate: [],
        selfTest: "tools",
        ...options,
      });
    },
    look: () => treeContents(root),
    async [Symbol.asyncDispose]() {
      for (const bundle of bundles) await bundle[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
