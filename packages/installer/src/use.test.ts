import { readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { installBench, scriptedGo, type InstallBench } from "../../../test/kit/install-bench.ts";
import type { Host } from "./host.ts";
import { useVersion } from "./use.ts";

async function twoVersions(each: InstallBench): Promise<void> {
  await each.install(await each.bundle({ toolchains: [scriptedGo("1.27.1"), scriptedGo("1.26.8")] }));
}

it("starts nothing but the new go, and no sync of all that the machine is writing", async () => {
  await using each = await installBench();
  await twoVersions(each);
  const host = each.host();
  const started: string[] = [];
  const run: Host["run"] = (command, args, options) => {
    started.push([command, ...args].join(" "));
    return host.run(command, args, options);
  };
  const used = await useVersion({ ...host, run }, { root: each.root, version: "1.26.8" });
  expect(used).toMatchObject({ changed: true, previous: "1.27.1", current: "1.26.8", generation: 2 });
  expect(started).toEqual([`${each.root}/bin/go version`]);
  expect(await readlink(join(each.root, "current"))).toBe("sdk/go1.26.8");
});

it("takes the newest of a line", async () => {
  await using each = await installBench();
  await twoVersions(each);
  const use = (version: string) => useVersion(each.host(), { root: each.root, version });
  expect(await use("1.26")).toMatchObject({ changed: true, current: "1.26.8" });
  await expect(use("1.25")).rejects.toMatchObject({ code: "NOT_FOUND", expected: "one of 1.27.1, 1.26.8" });
});

it("refuses a version that was deleted by hand, and changes nothing", async () => {
  await using each = await installBench();
  await twoVersions(each);
  await rm(join(each.root, "sdk/go1.26.8"), { recursive: true });
  const before = await each.look();
  const use = useVersion(each.host(), { root: each.root, version: "1.26.8" });
  await expect(use).rejects.toMatchObject({ code: "GENERATION_BROKEN", exitCode: 4 });
  expect(await each.look()).toEqual(before);
});
