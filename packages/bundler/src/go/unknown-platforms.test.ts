// With the go on PATH, which decides; and the platforms of the spec against what that go lists.
import { beforeAll, describe, expect, it } from "vitest";
import { findBundlerGo, goIn, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { TARGET_PLATFORMS } from "../spec/platforms.ts";
import { refuseUnknownPlatforms } from "./unknown-platforms.ts";

const found = await findBundlerGo();

describe.skipIf(found === undefined)("refuseUnknownPlatforms", () => {
  let real: NonNullable<typeof found>;
  beforeAll(() => {
    if (found !== undefined) real = found;
  });

  async function refuse(...lists: string[][]): Promise<void> {
    await using folder = await temporaryFolder();
    const options = { go: goIn(folder.path, real), version: real.version, cwd: folder.path };
    const wanted = lists.map((platforms, at) => ({ where: `goferry.yaml:${at + 1}:1`, platforms }));
    await refuseUnknownPlatforms(wanted, options);
  }

  it("lets pass what go lists, all of which a spec may name", async () => {
    await using folder = await temporaryFolder();
    const { stdout } = await goIn(folder.path, real).run(["tool", "dist", "list"], { cwd: folder.path });
    const listed = stdout.trim().split("\n");
    expect(TARGET_PLATFORMS).toEqual(expect.arrayContaining(listed));
    await refuse(listed);
  });

  it("refuses what this go does not know, at its place", async () => {
    await expect(refuse(["linux/amd64"], ["js/wasm", "plan9/riscv64"])).rejects.toMatchObject({
      code: "SPEC_INVALID",
      subject: "goferry.yaml:2:1",
      found: "plan9/riscv64",
      expected: expect.stringContaining(real.version),
      next: expect.any(String),
    });
  });
});
