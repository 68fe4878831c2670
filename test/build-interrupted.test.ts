// A build that is stopped in the middle, by Ctrl-C or by a full disk, on the small world of modules of this machine. The
// stage is read off standard error, as a person would.

import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  build,
  buildSite,
  expectNothing,
  expectTidy,
  processesIn,
  type BuildSite,
} from "./kit/build-site.ts";
import { addModule, quickWorld, type QuickWorld } from "./kit/quick-go.ts";
import type { GoferryResult } from "./kit/run-goferry.ts";
import { canMount, smallDisk } from "./kit/small-disk.ts";

let world: QuickWorld;
let shared: BuildSite;
beforeAll(async () => {
  world = await quickWorld();
  shared = await buildSite();
});
afterAll(async () => {
  await shared[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

type Kill = (signal: NodeJS.Signals) => void;

/** Builds, and does something as soon as a stage is announced; with its end if the stage never was. */
async function buildUntil(
  site: BuildSite,
  stage: string,
  act: (kill: Kill) => void,
): Promise<GoferryResult & { reached: boolean }> {
  let reached = false;
  const result = await build(site, [], {
    onStderr: (text, kill) => {
      if (reached || !text.includes(`goferry: ${stage}\n`)) return;
      reached = true;
      act(kill);
    },
  });
  return { ...result, reached };
}

describe("Ctrl-C during a build", () => {
  const stages = ["Planning", "Asking the checksum database", "Fetching toolchains", "Fetching modules"];

  it.each([...stages, "Packing", "Rehearsing", "Signing and writing"])(
    "leaves nothing behind: %s",
    async (stage) => {
      await using site = await buildSite({ cache: shared.cache, env: world.env });
      await writeFile(site.out, "the older bundle");
      const { code, stderr, stdout, reached } = await buildUntil(site, stage, (kill) => kill("SIGINT"));
      expect(reached, stderr).toBe(true);
      expect(stderr).toContain("goferry: INTERRUPTED ");
      expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
      expect(await readFile(site.out, "utf8")).toBe("the older bundle");
      await expectTidy(site);
    },
  );

  it("ends the go that waits for a server", async () => {
    const module = { path: "example.com/slow", version: "v1.0.0" };
    const goSum = addModule(world, { ...module, files: { "go.mod": "module example.com/slow\n" } });
    let interrupt: Kill | undefined;
    const working: string[] = [];
    world.answers.set("example.com/slow/@v/v1.0.0.zip", async () => {
      working.push(...(await processesIn(shared.cache)));
      interrupt?.("SIGINT");
      return await new Promise(() => undefined);
    });
    const files = {
      "go.mod": "module example.com/app\n\ngo 1.21\n\nrequire example.com/slow v1.0.0\n",
      "go.sum": goSum,
    };
    await using site = await buildSite({ cache: shared.cache, env: world.env, files });
    const { code } = await buildUntil(site, "Planning", (kill) => (interrupt = kill));
    expect(working.join()).toContain("/bin/go");
    expect(code).toBe(130);
    await expectNothing(site);
  });
});

/** Takes all space that is left on a disk. Gives the code of the error that ended it. */
async function fill(folder: string): Promise<string> {
  const zeros = Buffer.alloc(1 << 20);
  await using file = await open(join(folder, "filler"), "w");
  for (;;) {
    const error: unknown = await file.writeFile(zeros).catch((reason: unknown) => reason);
    if (error !== undefined)
      return error instanceof Error && "code" in error ? String(error.code) : "no code";
  }
}

describe.skipIf(!(await canMount()))("a disk that is full", () => {
  it.each([
    // The toolchain alone has more.
    { stage: "Fetching toolchains", size: "50m", fills: false },
    { stage: "Packing", size: "300m", fills: true },
    { stage: "Rehearsing", size: "300m", fills: true },
  ])("is named, and left as it was: $stage", async ({ stage, size, fills }) => {
    await using disk = await smallDisk({ size });
    await using site = await buildSite({ cache: join(disk.path, "cache"), env: world.env });
    const there = { ...site, out: join(disk.path, "site.tar") };
    let filled: Promise<string> | undefined;
    const { code, stderr, reached } = await buildUntil(there, stage, () => {
      if (fills) filled = fill(disk.path);
    });
    expect(await filled).toBe(fills ? "ENOSPC" : undefined);
    expect(reached, stderr).toBe(true);
    expect(stderr).toContain(`goferry: DISK_FULL ${disk.path}`);
    expect(code).toBe(6);
    await expectTidy(there);
    await expect(readFile(there.out)).rejects.toMatchObject({ code: "ENOENT" });
    await expectNothing(site);
  });
});
