import { describe, expect, it } from "vitest";

import { discoverGoProxy, type DiscoveredGoProxy, type Discovery } from "./goproxy-discover.ts";

const PATH = "/home/me/.config/go/env";

/** Discovers with a go/env file that has `settings`, and a go on PATH that answers `go`. */
async function discover(
  env: Discovery["env"],
  settings: Record<string, string> = {},
  go?: string,
): Promise<DiscoveredGoProxy> {
  return await discoverGoProxy({ env, userFile: { path: PATH, settings }, goOnPath: async () => go });
}

describe("discoverGoProxy", () => {
  it("asks the environment, then the file, then the go on PATH", async () => {
    const file = { GOPROXY: "https://file.test|direct \r" };
    const go = "https://path.test,direct\n";
    expect(await discover({ GOPROXY: "https://env.test" }, file, go)).toEqual({
      value: "https://env.test",
      source: "environment",
    });
    const fromFile = { value: "https://file.test|direct", source: "go/env file" };
    expect(await discover({}, file, go)).toEqual(fromFile);
    expect(await discover({ GOPROXY: "" }, file, go)).toEqual(fromFile);
    const fromGo = { value: "https://path.test,direct", source: "go on PATH" };
    expect(await discover({}, {}, go)).toEqual(fromGo);
    expect(await discover({}, { GOPROXY: "" }, go)).toEqual(fromGo);
  });

  it("explains what to do where no proxy is known", async () => {
    const error = { code: "PROXY_UNKNOWN", exitCode: 2, next: expect.stringContaining("GOPROXY=") };
    await expect(discover({})).rejects.toMatchObject({ ...error, found: expect.stringContaining(PATH) });
    const nowhere = discoverGoProxy({
      env: {},
      userFile: { path: undefined, settings: {} },
      goOnPath: async () => undefined,
    });
    await expect(nowhere).rejects.toMatchObject(error);
  });
});
