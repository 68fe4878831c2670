// Sequences of commands run for real and compared with the model (root-model.ts), on bundles of a few files, with a machine
// that answers for Go itself, so that hundreds of them take no longer than their files.

import { readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect } from "vitest";
import { checkRoot } from "../../packages/installer/src/check/check.ts";
import { collectGarbage } from "../../packages/installer/src/gc.ts";
import type { Host } from "../../packages/installer/src/host.ts";
import { install } from "../../packages/installer/src/install.ts";
import { describeRoot } from "../../packages/installer/src/list.ts";
import { repair } from "../../packages/installer/src/repair/repair.ts";
import { rollback } from "../../packages/installer/src/rollback.ts";
import { uninstall } from "../../packages/installer/src/uninstall.ts";
import { useVersion } from "../../packages/installer/src/use.ts";
import { bundleWorker } from "../../scripts/executables/bundle.ts";
import { answersFor } from "./answering-go.ts";
import { installBench, scriptedGo, type InstallBench } from "./install-bench.ts";
import type { LayeredBundle } from "./layered-bundle.ts";

import { BUNDLES, rootCommand, RootModel, versionsOf, type RootCommand } from "./root-model.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));

/** Runs so many sequences of commands, each in a root of its own, and compares each with the model. */
export async function runSequences(runs: number): Promise<void> {
  await using bench = await rootBench();
  const commands = fc.array(rootCommand, { minLength: 4, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      await using root = await bench.again();
      const model = new RootModel();
      for (const command of sequence) {
        const expected = model.run(command);
        expect(await root.run(command), JSON.stringify(command)).toBe(expected);
      }
      await root.compare(model);
    }),
    { numRuns: runs, endOnFailure: true },
  );
}

interface RootBench extends AsyncDisposable {
  root: string;
  /** Whether it changed something; undefined where it was refused as not there. */
  run(command: RootCommand): Promise<boolean | undefined>;
  /** Compares the root, its files and what `check` says of them, with the model. */
  compare(model: RootModel): Promise<void>;
}

/** A new root for a sequence; the bundles are made once. */
async function rootBench(): Promise<RootBench & { again(): Promise<RootBench> }> {
  const bench = await installBench();
  // As in the stand-alone executable: from sources, starting it takes longer than what it does.
  const workerSource = await bundleWorker(TOP);
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
    await Promise.resolve(
      benchOn(
        { ...bench, host: () => bench.host({ workerSource }) },
        bundles,
        join(bench.path, `root-${++count}`),
      ),
    );
  return { ...(await again()), again, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

function benchOn(bench: InstallBench, bundles: readonly LayeredBundle[], root: string): RootBench {
  const host: Host = { ...bench.host(), run: answersFor(root) };
  const attempt = async (command: RootCommand): Promise<{ changed: boolean }> => {
    switch (command.kind) {
      case "install": {
        const opened = bundles[command.bundle];
        if (opened === undefined) throw new Error("no such bundle");
        return await install(host, {
          root,
          bundle: opened,
          bundleFile: `${opened.contents.name}.tar`,
          logKey: opened.log.vkey,
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
      case "uninstall": {
        const { what } = command;
        await uninstall(host, { root, what: "bundle" in what ? { bundle: `b${what.bundle}` } : what });
        return { changed: true };
      }
      case "repair": {
        const from = await damage(host, root, command.damaged);
        const opened = bundles[from ?? -1];
        const bundle = opened === undefined ? undefined : { opened, file: `b${from}.tar` };
        const { changed, left } = await repair(host, { root, bundle });
        expect(left).toEqual([]);
        return { changed };
      }
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

/** Damages what the root has of it, if it has; the index of a bundle that can mend it, where one is needed. */
async function damage(
  host: Host,
  root: string,
  what: Extract<RootCommand, { kind: "repair" }>["damaged"],
): Promise<number | undefined> {
  const { state } = await describeRoot(host, root);
  const [go, module] = [state.sdks[0]?.version, state.units[0]?.version];
  if (what === "links" && go !== undefined) {
    await rm(join(root, "bin", `go${go}`));
    await rm(join(root, "current"));
  }
  if (what === "toolchain" && go !== undefined) {
    await rm(join(root, `sdk/go${go}/bin`), { recursive: true });
    return BUNDLES.findIndex((each) => each.go.includes(go));
  }
  if (what === "module" && module !== undefined) {
    await writeFile(join(root, `mod/example.com/!a@${module}/a.go`), "damaged");
    return BUNDLES.findIndex((each) => each.modules.includes(module));
  }
  return undefined;
}

async function compare(host: Host, root: string, model: RootModel): Promise<void> {
  const { state, generations } = await describeRoot(host, root);
  const { current } = model.current;
  const [go, modules] = [versionsOf(model.current.go), versionsOf(model.current.modules)];
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
  const link = await readlink(join(root, "current")).catch(() => null);
  expect(link).toBe(current === null ? null : `sdk/go${current}`);
  expect(await names(join(root, "staging"))).toEqual([]);
  if (model.now === 0) return;
  const { differences } = await checkRoot(host, { root, depth: "quick" });
  expect(differences).toEqual([]);
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch((): string[] => [])).toSorted();
}
