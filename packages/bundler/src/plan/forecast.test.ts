import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Lock } from "../lock/schema.ts";
import { createCache } from "../net/cache.ts";
import type { GoProxy } from "../net/goproxy.ts";
import { proxySource } from "../go/proxy-source.ts";
import { parseSpec } from "../spec/read.ts";
import { forecastPlan, type Forecast } from "./forecast.ts";
import { makePlan, type Plan } from "./plan.ts";

const H1 = `h1:${"A".repeat(43)}=`;
const FILES = {
  "app/go.mod": "module example.com/app\n\ngo 1.26.8\n\nrequire golang.org/x/sync v0.15.0\n",
  "app/go.sum": `golang.org/x/sync v0.15.0 ${H1}\ngolang.org/x/sync v0.15.0/go.mod ${H1}\ngolang.org/x/old v0.1.0/go.mod ${H1}\ngolang.org/x/text v0.3.0 ${H1}\nnot a line\n`,
};

/** A proxy that knows one size. */
const proxy: GoProxy = {
  list: "",
  get: () => Promise.reject(new Error("nothing is asked for")),
  download: () => Promise.reject(new Error("nothing is downloaded")),
  size: async (path) => (path.endsWith("v0.0.1-go1.26.8.linux-amd64.zip") ? 70_000_000 : undefined),
};

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "goferry-forecast-"));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  const cache = createCache(join(dir, "cache", "downloads"));
  const zip = "golang.org/toolchain/@v/v0.0.1-go1.27.1.linux-amd64.zip";
  await cache.fetchInto(zip, (file) => writeFile(file, "cached"));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function planOf(go: string): Promise<Plan> {
  const yaml = `name: site\nplatforms: [linux/amd64, linux/arm64]\nprojects: [app]\ngo: [${go}]\n`;
  return await makePlan(parseSpec(Buffer.from(yaml), "goferry.yaml"), {
    readFile,
    specDir: dir,
    buildPlatform: "linux/386",
    now: new Date("2026-11-21T05:00:00Z"),
    listGoVersions: async () => [],
    askToolchain: async () => ({ served: true }),
  });
}

function forecast(plan: Plan, before?: Lock): Promise<Forecast> {
  const lockFile = join(dir, "goferry.lock");
  const cache = createCache(join(dir, "cache", "downloads"));
  const source = proxySource({ proxy, cache, hashZip: undefined, signal: undefined });
  return forecastPlan(plan, { source, lockFile, before, signal: undefined });
}

function lockOf({ request }: Plan, more: Partial<Lock> = {}): Lock {
  return {
    lockVersion: 1,
    name: "site",
    created: "2026-11-20T05:00:00Z",
    serial: 1_795_150_800,
    request,
    go: ["1.26.8"],
    modules: [],
    tools: [],
    log: { name: "sum.golang.org", head: "x" },
    units: [
      { kind: "gomod", path: "golang.org/x/old", version: "v0.1.0", modH1: H1, id: 1 },
      { kind: "module", path: "golang.org/x/sync", version: "v0.15.0", h1: H1, modH1: H1, id: 2 },
    ],
    ...more,
  };
}

describe("forecastPlan", () => {
  it("has the sizes that the cache and the proxy know, of the toolchain to build with too", async () => {
    const { toolchains } = await forecast(await planOf("1.27.1, 1.26.8"));
    expect(
      toolchains.map(({ go, platform, size, isCached, isCarried }) => [
        go,
        platform,
        size,
        isCached,
        isCarried,
      ]),
    ).toEqual([
      ["1.27.1", "linux/amd64", 6, true, true],
      ["1.27.1", "linux/arm64", undefined, false, true],
      ["1.26.8", "linux/amd64", 70_000_000, false, true],
      ["1.26.8", "linux/arm64", undefined, false, true],
      ["1.27.1", "linux/386", undefined, false, false],
    ]);
  });

  it("names what go.sum has files of, where there is no lock", async () => {
    const { modules, news } = await forecast(await planOf("1.26.8"));
    expect(modules).toEqual({
      from: "go.sum",
      modules: ["golang.org/x/sync@v0.15.0", "golang.org/x/text@v0.3.0"],
      gomods: undefined,
    });
    expect(news).toBeUndefined();
  });

  it("takes the modules from the lock while nothing that was asked for changed", async () => {
    const plan = await planOf("1.26.8");
    const { modules, news } = await forecast(plan, lockOf(plan));
    expect(modules).toEqual({ from: "lock", modules: ["golang.org/x/sync@v0.15.0"], gomods: 1 });
    // The lock has no toolchains, which no build leaves out.
    expect(news?.changes.map(({ subject, after }) => [subject, after])).toEqual([
      ["toolchain golang.org/toolchain for linux/amd64", "v0.0.1-go1.26.8.linux-amd64"],
      ["toolchain golang.org/toolchain for linux/arm64", "v0.0.1-go1.26.8.linux-arm64"],
    ]);
    expect(news?.modules).toEqual([]);
  });

  it("names every change since the lock, and the modules that go.sum has and it has not", async () => {
    const before = lockOf(await planOf("1.26.8"));
    const [project] = before.request.projects;
    if (project === undefined) throw new Error("no project");
    const files = project.files.map((file) =>
      file.path === "go.sum" ? { ...file, digest: `sha256:${"0".repeat(64)}` as const } : file,
    );
    const request = {
      ...before.request,
      platforms: ["linux/amd64"],
      projects: [{ ...project, files }],
    };
    const { modules, news } = await forecast(await planOf("1.27.1"), { ...before, request });
    expect(modules.from).toBe("go.sum");
    expect(news?.modules).toEqual(["golang.org/x/text@v0.3.0"]);
    expect(news?.changes.map(({ area, subject }) => `${area} ${subject}`)).toEqual([
      "request go",
      "request platform",
      "request project app go.sum",
      "go version",
      "unit toolchain golang.org/toolchain for linux/amd64",
      "unit toolchain golang.org/toolchain for linux/arm64",
    ]);
  });
});
