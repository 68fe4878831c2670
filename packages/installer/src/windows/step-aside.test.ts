import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "../../../../test/kit/scratch.ts";
import { fakeWindows } from "../../../../test/kit/windows-system.ts";
import { layout } from "../layout.ts";
import { stepAside } from "./step-aside.ts";

async function withRoot(
  action: (place: { folder: string; root: string; own: string }) => Promise<void>,
): Promise<void> {
  await using scratch = await scratchFolder("aside");
  const root = join(scratch.path, "made", "goferry");
  const own = join(root, "bin", "goferry.exe");
  await mkdir(join(root, "bin"), { recursive: true });
  await writeFile(own, "the program");
  await utimes(own, 1_700_000_000, 1_700_000_000);
  await action({ folder: scratch.path, root, own });
}

const system = fakeWindows();
const windows = { system, account: system.who };

it("leaves a copy in its place, and goes where nothing is removed", async () => {
  await withRoot(async ({ folder, root, own }) => {
    const { ino } = await stat(own);
    const made = [join(folder, "made"), root];
    const left = await stepAside({ windows, executablePath: own }, layout(root), made);
    expect(left).toMatch(/\/goferry-removed-\w+$/u);
    expect(await readdir(folder)).toEqual([left?.slice(folder.length + 1), "made"]);
    expect((await stat(join(left ?? "", "goferry.exe"))).ino).toBe(ino);
    expect(await readFile(own, "utf8")).toBe("the program");
    expect((await stat(own)).mtimeMs).toBe(1_700_000_000_000);
    expect(await readdir(join(root, "bin"))).toEqual(["goferry.exe"]);
  });
});

it("stays where it is on other systems, from source, and outside of the root", async () => {
  await withRoot(async ({ folder, root, own }) => {
    const at = layout(root);
    expect(await stepAside({ windows: undefined, executablePath: own }, at, [])).toBeUndefined();
    expect(await stepAside({ windows, executablePath: undefined }, at, [])).toBeUndefined();
    const other = join(folder, "goferry.exe");
    expect(await stepAside({ windows, executablePath: other }, at, [])).toBeUndefined();
    expect(await readdir(folder)).toEqual(["made"]);
  });
});

it("leaves all as it was where it cannot", async () => {
  await withRoot(async ({ folder, root }) => {
    const gone = join(root, "bin", "gone.exe");
    await expect(
      stepAside({ windows, executablePath: gone }, layout(root), [join(folder, "made")]),
    ).rejects.toMatchObject({ code: "IO_FAILED", subject: gone });
    expect(await readdir(folder)).toEqual(["made"]);
    expect(await readdir(join(root, "bin"))).toEqual(["goferry.exe"]);
  });
});
