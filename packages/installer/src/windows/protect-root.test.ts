import { describe, expect, it } from "vitest";
import { installBench } from "../../../../test/kit/install-bench.ts";
import { fakeWindows, ORDINARY } from "../../../../test/kit/windows-system.ts";

const OPEN = "O:BAD:AI(A;OICIID;FA;;;BA)(A;ID;0x1301bf;;;AU)";

describe("the root of a machine", () => {
  it("is closed to ordinary users before anything comes into it", async () => {
    await using bench = await installBench();
    const windows = fakeWindows();
    windows.access.set(bench.root, OPEN);
    const facts = { windows: { system: windows, account: windows.who } };
    await bench.install(await bench.bundle(), {}, facts);
    expect(windows.access.get(bench.root)).toContain("D:PAI");
    expect(windows.done[0]).toBe(`access ${bench.root}`);
  });

  it("is refused where that cannot be done, and nothing is left there", async () => {
    await using bench = await installBench();
    const windows = fakeWindows();
    windows.accessOf = () => Promise.resolve("O:BAD:NO_ACCESS_CONTROL");
    const facts = { windows: { system: windows, account: windows.who } };
    await expect(bench.install(await bench.bundle(), {}, facts)).rejects.toMatchObject({
      code: "ROOT_EXPOSED",
      subject: bench.root,
    });
    expect(await bench.look()).toEqual({});
  });

  it("is none of a user's business, nor is a user's of anybody else's", async () => {
    await using bench = await installBench();
    const windows = fakeWindows(ORDINARY);
    windows.access.set(bench.root, OPEN);
    const facts = { windows: { system: windows, account: windows.who } };
    expect(await bench.install(await bench.bundle(), {}, facts)).toMatchObject({ changed: true });
    expect(windows.done).toEqual([]);
  });
});
