// Runs before the tests on Windows: builds the bundle that they share.

import process from "node:process";
import type { TestProject } from "vitest/node";
import { makeWindowsBundle, type WindowsBundle } from "./windows-bundle.ts";

export type SharedWindowsBundle = Pick<WindowsBundle, "bundle" | "publicKey" | "project">;

declare module "vitest" {
  interface ProvidedContext {
    windows: SharedWindowsBundle | undefined;
  }
}

export default async function setup(test: TestProject): Promise<() => Promise<void>> {
  const made = await makeWindowsBundle();
  if (made === undefined) {
    const reason = "GOFERRY_REALDATA names no folder with the archive of Go for Windows";
    if (process.env["CI"] !== undefined) throw new Error(`go.exe cannot be tried: ${reason}`);
    process.stderr.write(`installing on Windows is not tested: ${reason}\n`);
    test.provide("windows", undefined);
    return async () => await Promise.resolve();
  }
  const { bundle, publicKey, project } = made;
  test.provide("windows", { bundle, publicKey, project });
  return async () => await made[Symbol.asyncDispose]();
}
