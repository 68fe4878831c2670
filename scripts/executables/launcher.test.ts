// The launcher's own tests, in Go, and what go vet says of it for Windows, where no go is at hand to run it.

import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findRealGo } from "../../test/kit/real-go.ts";
import { run } from "./run.ts";

const cwd = fileURLToPath(new URL("../../packages/installer/launcher/", import.meta.url));
const go = await findRealGo();

describe.runIf(go !== undefined)("the launcher of Windows", () => {
  it("passes its own tests", async () => {
    expect(await run("go", ["test", "./..."], { cwd })).toMatch(/^ok /u);
  });

  it("is without remarks of go vet, on Windows too", async () => {
    for (const GOOS of ["linux", "windows"])
      expect(await run("go", ["vet", "./..."], { cwd, env: { ...process.env, GOOS } })).toBe("");
  });
});
