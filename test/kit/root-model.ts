// What a root should have after any sequence of commands, as plain sets; and the commands run for real, on bundles of a few
// files, with a machine that answers for Go itself, so that hundreds of them take no longer than their files.

import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { checkRoot } from "../../packages/installer/src/check/check.ts";
import { collectGarbage } from "../../packages/installer/src/gc.ts";
import type { Host } from "../../packages/installer/src/host.ts";
import { install } from "../../packages/installer/src/install.ts";
import { describeRoot } from "../../packages/installer/src/list.ts";
import { rollback } from "../../packages/installer/src/rollback.ts";
import { useVersion } from "../../packages/installer/src/use.ts";
import { answersFor } from "./answering-go.ts";
import { installBench, scriptedGo, type InstallBench } from "./install-bench.ts";
import type { LayeredBundle } from "./layered-bundle.ts";

export type RootCommand =
  | { kind: "install"; bundle: number }
  | { kind: "use"; version: string }
  | { kind: "rollback"; generation: number | undefined }
  | { kind: "gc"; keep: number };

/** Go versions, and versions of the one module of each bundle. */
const BUNDLES = [
  { go: ["1.26.8"], modules: ["v1.0.0"] },
  { go: ["1.27.1", "1.26.8"], modules: ["v1.0.0", "v1.1.0"] },
  { go: ["1.28.0"], modules: ["v1.2.0"] },
];
const VERSIONS = ["1.26.8", "1.27.1", "1.28.0"];

export const rootCommand: fc.Arbitrary<RootCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("install" as const), bundle: fc.nat(2) }) },
  fc.record({ kind: fc.constant("use" as const), version: fc.constantFrom(...VERSIONS) }),
  fc.record({
    kind: fc.constant("rollback" as const),
    generation: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("gc" as const), keep: fc.integer({ min: 1, max: 3 }) }),
);

interface Contents {
  bundles: number[];
  go: string[];
  modules: string[];
  current: string | null;
}

/** What each generation that is kept has, and what lies on the disk for all of them. */
export class RootModel {
  readonly kept = new Map<number, Contents>();
  now = 0;
  #go = new Set<string>();
  #modules = new Set<string>();

  get current(): Contents {
    return this.kept.get(this.now) ?? { bundles: [], go: [], modules: [], current: null };
  }

  get disk(): { go: string[]; modules: string[] } {
    return { go: [...this.#go].toSorted(), modules: [...this.#modules].toSorted() };
  }

  /** Whether the command changes something; undefined where it is refused. */
  run(command: RootCommand): boolean | undefined {
    const { current, now } = this;
    switch (command.kind) {
      case "install":
        return !current.bundles.includes(command.bundle) && this.#change(withBundle(current, command.bundle));
      case "use":
        if (!current.go.includes(command.version)) return undefined;
        return current.current !== command.version && this.#change({ ...current, current: command.version });
      case "rollback": {
        const earlier = [...this.kept.keys()].filter((each) => each < now).toSorted((a, b) => a - b);
        const target = this.kept.get(command.generation ?? earlier.at(-1) ?? 0);
        if (target === undefined) return undefined;
        return JSON.stringify(target) !== JSON.stringify(current) && this.#change(target);
      }
      case "gc":
        return this.#free(command.keep);
    }
  }

  #change(contents: Contents): true {
    this.kept.set(++this.now, contents);
    for (const version of contents.go) this.#go.add(version);
    for (const version of contents.modules) this.#modules.add(version);
    return true;
  }

  #free(keep: number): boolean {
    const dropped = [...this.kept.keys()].toSorted((a, b) => b - a).slice(keep);
    for (const each of dropped) this.kept.delete(each);
    this.#go = new Set([...this.kept.values()].flatMap(({ go }) => go));
    this.#modules = new Set([...this.kept.values()].flatMap(({ modules }) => modules));
    return dropped.length > 0;
  }
}

function withBundle({ bundles, go, modules, current }: Contents, index: number): Contents {
  const added = BUNDLES[index] ?? { go: [], modules: [] };
  const union = (a: string[], b: string[]): string[] => [...new Set([...a, ...b])].toSorted();
  const fresh = added.go
    .filter((version) => !go.includes(version))
    .toSorted()
    .at(-1);
  const newest = go.toSorted().at(-1) ?? "";
  return {
    bundles: [...bundles, index].toSorted((a, b) => a - b),
    go: union(go, added.go),
    modules: union(modules, added.modules),
    current: fresh !== undefined && fresh > newest ? fresh : current,
  };
}

export interface RootBench extends AsyncDisposable {
  root: string;
  /** Whether it changed something; undefined where it was refused as not there. */
  run(command: RootCommand): Promise<boolean | undefined>;
  /** Compares the root, its files and what `check` says of them, with the model. */
  compare(model: RootModel): Promise<void>;
}

/** A new root for a sequence; the bundles are made once. */
export async function rootBench(): Promise<RootBench & { again(): Promise<RootBench> }> {
  const bench = await installBench();
  const bundles: LayeredBundle[] = [];
  for (const [i, { go, modules }] of BUNDLES.entries()) {
    const group = modules.map((version) => ({
      path: "example.com/A",
      version,
      files: { "go.mod": "module example.com/A\n", "a.go": `package a // ${version}\n` },
    }));
    bundles.push(
      await bench.bundle({ name: `b${i}`, toolchains: go.map(scriptedGo), modules: [group], serial: 1 }),
    );
  }
  let count = 0;
  const again = async (): Promise<RootBench> =>
    await Promise.resolve(benchOn(bench, bundles, join(bench.path, `root-${++count}`)));
  return { ...(await again()), again, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

function benchOn(bench: InstallBench, bundles: readonly LayeredBundle[], root: string): RootBench {
  const host: Host = { ...bench.host(), run: answersFor(root) };
  const attempt = async (command: RootCommand): Promise<{ changed: boolean }> => {
    switch (command.kind) {
      case "install": {
        const bundle = bundles[command.bundle];
        if (bundle === undefined) throw new Error("no such bundle");
        return await install(host, {
          root,
          bundle,
          bundleFile: `${bundle.contents.name}.tar`,
          logKey: bundle.log.vkey,
          zips: true,
          path: "none",
          direct: [],
          allowPrivate: [],
          selfTest: "tools",
        });
      }
      case "use":
        return await useVersion(host, { root, version: command.version });
      case "rollback":
        return await rollback(host, { root, generation: command.generation });
      case "gc":
        return await collectGarbage(host, { root, keep: command.keep });
    }
  };
  return {
    root,
    run: async (command) =>
      await attempt(command).then(
        ({ changed }) => changed,
        (error: unknown) => {
          if (error instanceof Error && "code" in error && error.code === "NOT_FOUND") return undefined;
          throw error;
        },
      ),
    compare: (model) => compare(host, root, model),
    [Symbol.asyncDispose]: async () => await Promise.resolve(),
  };
}

async function compare(host: Host, root: string, model: RootModel): Promise<void> {
  const { state, generations } = await describeRoot(host, root);
  const { go, modules, current } = model.current;
  expect(state.generation).toBe(model.now);
  expect(state.current).toBe(current);
  expect(state.sdks.map(({ version }) => version).toSorted()).toEqual(go);
  expect(state.units.map(({ version }) => version).toSorted()).toEqual(modules);
  expect(generations.map(({ generation }) => generation).toSorted((a, b) => a - b)).toEqual(
    [...model.kept.keys()].toSorted((a, b) => a - b),
  );
  expect(await names(join(root, "sdk"))).toEqual(model.disk.go.map((version) => `go${version}`));
  expect(await names(join(root, "mod/example.com"))).toEqual(
    model.disk.modules.map((version) => `!a@${version}`),
  );
  expect((await names(join(root, "bin"))).filter((name) => name.startsWith("go1"))).toEqual(
    go.map((version) => `go${version}`),
  );
  const list = await readFile(join(root, "mod/cache/download/example.com/!a/@v/list"), "utf8").catch(
    () => "",
  );
  expect(list).toBe(modules.map((version) => `${version}\n`).join(""));
  if (current !== null) expect(await readlink(join(root, "current"))).toBe(`sdk/go${current}`);
  expect(await names(join(root, "staging"))).toEqual([]);
  if (model.now === 0) return;
  const { differences } = await checkRoot(host, { root, depth: "quick" });
  expect(differences).toEqual([]);
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch((): string[] => [])).toSorted();
}
