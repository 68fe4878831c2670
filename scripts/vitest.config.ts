// Eight projects: "unit" is quick and runs in parallel; "e2e" is the program as people use it, two files at a time,
// each of which waits for a disk or a server half of its time; "projects" builds bundles of what teams
// really have, takes long, and is no part of `pnpm test`: `pnpm test:projects` runs it; "long" are the longest of those;
// "mutants" are attacks by the ten thousand: `pnpm test:mutants`; "ansible" runs the Ansible role:
// `pnpm test:ansible`; "faults" breaks the host again and again: `pnpm test:faults`; "windows" runs goferry.exe
// under Wine: `pnpm test:windows`.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const MINUTE = 60_000;

/** Each of these takes many minutes of two processors: `pnpm test:long`. */
const LONG = ["prometheus", "arm64", "tools"].map((name) => `test/projects/${name}.test.ts`);

/** Builds the bundle that end-to-end tests share. */
const DEMO = fileURLToPath(new URL("../test/kit/demo-setup.ts", import.meta.url));

/** Makes the worker that tests install with. */
const WORKER = fileURLToPath(new URL("../test/kit/worker-setup.ts", import.meta.url));

/** Builds the one that tests under Wine share. */
const WINDOWS = fileURLToPath(new URL("../test/kit/windows-setup.ts", import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/**/src/**/*.test.ts", "scripts/**/*.test.ts"],
          globalSetup: WORKER,
          testTimeout: 3 * MINUTE,
          hookTimeout: 3 * MINUTE,
          // vitest would leave one of the processors to itself.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/**/*.test.ts"],
          exclude: [
            "test/projects/**",
            "test/mutants/**",
            "test/ansible/**",
            "test/faults/**",
            "test/windows/**",
          ],
          globalSetup: [WORKER, DEMO],
          testTimeout: 10 * MINUTE,
          hookTimeout: 20 * MINUTE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "projects",
          include: ["test/projects/**/*.test.ts"],
          exclude: LONG,
          globalSetup: [WORKER, DEMO],
          testTimeout: 20 * MINUTE,
          hookTimeout: 30 * MINUTE,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          // A thousand kills take a quarter of an hour where nothing else runs.
          testTimeout: 60 * MINUTE,
          hookTimeout: 10 * MINUTE,
          // Each is one process after the other.
          maxWorkers: 2,
          sequence: { groupOrder: 6 },
        },
      },
      {
        extends: true,
        test: {
          name: "ansible",
          include: ["test/ansible/**/*.test.ts"],
          testTimeout: 20 * MINUTE,
          hookTimeout: 20 * MINUTE,
          fileParallelism: false,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        test: {
          name: "windows",
          include: ["test/windows/**/*.test.ts"],
          globalSetup: WINDOWS,
          testTimeout: 10 * MINUTE,
          // Who comes first makes the root with Wine in it, the executable, and the bundle.
          hookTimeout: 30 * MINUTE,
          fileParallelism: false,
          sequence: { groupOrder: 7 },
        },
      },
      {
        extends: true,
        test: {
          name: "long",
          include: LONG,
          testTimeout: 40 * MINUTE,
          hookTimeout: 40 * MINUTE,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: "mutants",
          include: ["test/mutants/**/*.test.ts"],
          globalSetup: [WORKER, DEMO],
          testTimeout: 40 * MINUTE,
          hookTimeout: 10 * MINUTE,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
