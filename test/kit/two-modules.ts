// A small world of two modules in two versions each, and projects that need them: what is built here is built again.

import { expect } from "vitest";
import { build, buildSite, expectTidy, type BuildSite } from "./build-site.ts";
import { addModule, quickWorld, type QuickWorld } from "./quick-go.ts";
import type { GoferryResult } from "./run-goferry.ts";

export interface TwoModules extends AsyncDisposable {
  world: QuickWorld;
  /** The files of a project that needs these versions of example.com/dep and example.com/other: v1.0.0 or v1.1.0. */
  needing(dep: string, other: string): Record<string, string>;
  site(dep: string, other: string): Promise<BuildSite>;
}

export async function twoModules(): Promise<TwoModules> {
  const world = await quickWorld();
  const sums: Record<string, string> = {};
  for (const name of ["dep", "other"]) {
    for (const version of ["v1.0.0", "v1.1.0"]) {
      const path = `example.com/${name}`;
      const files = {
        "go.mod": `module ${path}\n`,
        "x.go": `package ${name}\n\nconst V = "${version}"\n`,
      };
      sums[`${name} ${version}`] = addModule(world, { path, version, files });
    }
  }
  const needing = (dep: string, other: string): Record<string, string> => ({
    "go.mod": `module example.com/app\n\ngo 1.21\n\nrequire (\n\texample.com/dep ${dep}\n\texample.com/other ${other}\n)\n`,
    "go.sum": `${sums[`dep ${dep}`]}${sums[`other ${other}`]}`,
    "app.go": 'package app\n\nimport (\n\t_ "example.com/dep"\n\t_ "example.com/other"\n)\n',
  });
  return {
    world,
    needing,
    site: (dep, other) => buildSite({ env: world.env, files: needing(dep, other) }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** A build that succeeds, and leaves nothing but the bundle. */
export async function built(site: BuildSite, ...words: string[]): Promise<GoferryResult> {
  const result = await build(site, ["--json", ...words]);
  expect(result.code, result.stderr + result.stdout).toBe(0);
  await expectTidy(site);
  return result;
}
