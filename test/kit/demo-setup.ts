// Runs before the end-to-end tests: builds the bundle that they share.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { makeDemoBundle } from "./demo-bundle.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "goferry-demo-"));
  project.provide("demo", await makeDemoBundle(folder));
  return () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
