import { describe, expect, it } from "vitest";
import { parseLock, renderLock } from "../lock/lock.ts";
import type { Lock } from "../lock/schema.ts";
import { parseSpec } from "../spec/read.ts";
import type { ReadFile } from "../spec/read.ts";
import { makePlan } from "./plan.ts";
import type { Plan, PlanDeps } from "./plan.ts";

const HOME = "/home/alice/work";
const NOW = new Date("2026-11-21T05:00:00.987Z");

const LISTED = ["1.26.8", "1.27.0", "1.27.1"].flatMap((version) =>
  ["linux-amd64", "linux-arm64"].map((platform) => `v0.0.1-go${version}.${platform}`),
);

const FILES: Record<string, string> = {
  "app/go.mod": "module example.com/app\n\ngo 1.26.8\n\nrequire golang.org/x/sync v0.15.0\n",
  "app/go.sum": "golang.org/x/sync v0.15.0 h1:x=\ngolang.org/x/sync v0.15.0/go.mod h1:x=\n",
  "plain/go.mod": "module example.com/Plain_Tool/v2\n\ngo 1.21\n",
  "new/go.mod": "module new\n\ngo 1.27\n\ntoolchain go1.27.1\n",
  "old/go.mod": "module old\n",
  "nosum/go.mod": "module nosum\n\nrequire golang.org/x/sync v0.15.0\n",
  "other/app/go.mod": "module example.org/app\n",
  "work/go.work": "go 1.26.7\n\ntoolchain go1.26.8\n\nuse (\n\t./a\n\t./b\n)\n",
  "work/go.work.sum": "",
  "work/a/go.mod": "module example.com/work/a\n\ngo 1.26.7\n",
  "work/a/go.sum": "",
  "work/b/go.mod": "module example.com/work/b\n\ngo 1.21\n",
  "newer/go.work": "go 1.27\n\nuse ./a\n",
  "newer/a/go.mod": "module example.com/newer/a\n",
  "broken/go.mod": "modul broken\n",
  "nameless/go.mod": "module _/_\n",
};

function reader(files: Record<string, string>): ReadFile {
  return async (path) => {
    const file = files[path.slice(HOME.length + 1)];
    if (path.includes("locked")) throw Object.assign(new Error("denied"), { code: "EACCES" });
    if (file === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return new TextEncoder().encode(file);
  };
}

function plan(yaml: string, deps: Partial<PlanDeps> = {}): Promise<Plan> {
  const head = "name: site\nplatforms: [linux/arm64, linux/amd64]\n";
  const spec = parseSpec(new TextEncoder().encode(head + yaml), "goferry.yaml");
  return makePlan(spec, {
    readFile: reader(FILES),
    specDir: HOME,
    buildPlatform: "linux/amd64",
    now: NOW,
    listGoVersions: async () => LISTED,
    askToolchain: async () => ({ served: false, answer: "404 Not Found" }),
    ...deps,
  });
}

const APP = "projects: [app, {path: ./plain, name: tool, tags: [b, a], cgo: false}]\n";
const WITH_WORK = APP.replace("[app, ", "[app, work, ");

describe("makePlan", () => {
  it("decides everything before a byte is fetched", async () => {
    const made = await plan(
      `${APP}go: ["1.26.8", stable]\nmodules: [b.c/d@v1.0.0, a.b/c@latest]\nexpires: 2d\n`,
    );
    expect(made).toMatchObject({
      name: "site",
      created: "2026-11-21T05:00:00Z",
      serial: 1_795_237_200,
      expires: "2026-11-23T05:00:00Z",
      goVersions: ["1.27.1", "1.26.8"],
      platforms: ["linux/amd64", "linux/arm64"],
      modules: [
        { path: "a.b/c", query: "latest" },
        { path: "b.c/d", query: "v1.0.0" },
      ],
      tools: [],
      buildGo: "1.27.1",
      buildToolchain: { path: "golang.org/toolchain", version: "v0.0.1-go1.27.1.linux-amd64" },
      lock: undefined,
      notes: [],
    });
    expect(made.projects).toMatchObject([
      { name: "app", dir: `${HOME}/app`, modules: ["example.com/app"], goVersion: "1.26.8" },
      { name: "tool", dir: `${HOME}/plain`, modules: ["example.com/Plain_Tool/v2"], goVersion: "1.21.0" },
    ]);
    expect(made.projects.map(({ files }) => files.map(({ path }) => path))).toEqual([
      ["go.mod", "go.sum"],
      ["go.mod"],
    ]);
    expect(made.toolchains.map(({ version }) => version)).toEqual([
      "v0.0.1-go1.27.1.linux-amd64",
      "v0.0.1-go1.27.1.linux-arm64",
      "v0.0.1-go1.26.8.linux-amd64",
      "v0.0.1-go1.26.8.linux-arm64",
    ]);
  });

  it("takes the Go that the projects ask for, and digests as sha256sum prints them", async () => {
    const made = await plan("projects: [app, new, old]\n");
    expect(made.goVersions).toEqual(["1.27.1"]);
    // printf 'module old\n' | sha256sum
    expect(made.projects[2]?.files[0]?.digest).toBe(
      "sha256:27208be3a007884729415433d5c9c9b22c6db92fa1720dc5cd95bee19b04176e",
    );
  });

  it("names projects after their modules, without the major version", async () => {
    const made = await plan("projects: [plain, app]\ngo: stable\n");
    expect(made.projects.map(({ name }) => name)).toEqual(["plain_tool", "app"]);
  });

  it("takes a go.work, its modules and the Go that any of these asks for", async () => {
    const made = await plan("projects: [./work]\n");
    expect(made.goVersions).toEqual(["1.26.8"]);
    const files = ["a/go.mod", "a/go.sum", "b/go.mod", "go.work", "go.work.sum"];
    expect(made.projects).toMatchObject([
      { name: "work", modules: ["example.com/work/a", "example.com/work/b"], goVersion: "1.26.8" },
    ]);
    expect(made.request.projects[0]?.files.map(({ path }) => path)).toEqual(files);
  });

  it("carries only Go where no project is named", async () => {
    const made = await plan("");
    expect(made).toMatchObject({ goVersions: ["1.27.1"], projects: [], expires: undefined });
  });

  it("builds on a platform that the bundle is not for", async () => {
    const made = await plan("go: stable\n", {
      buildPlatform: "darwin/arm64",
      askToolchain: async (moduleVersion) =>
        moduleVersion.includes("1.27.0") ? { served: true } : { served: false, answer: "404 Not Found" },
    });
    expect(made.buildToolchain.version).toBe("v0.0.1-go1.27.0.darwin-arm64");
    expect(made.toolchains.map(({ platform }) => platform)).not.toContain("darwin/arm64");
    expect(made.notes).toHaveLength(1);
  });

  it.each([
    ["a folder that is not there", "projects: [app, gone]", "PROJECT_INVALID", "gone"],
    ["a go.mod that Go would refuse", "projects: [broken]", "PROJECT_INVALID", "broken/go.mod:1"],
    ["a missing go.sum", "projects: [./nosum/]", "GO_SUM_MISSING", "./nosum/go.sum"],
    ["a file that cannot be read", "projects: [locked]", "IO_FAILED", "locked/go.work"],
    ["a name twice", "projects: [app, other/app]", "SPEC_INVALID", "goferry.yaml:3:17"],
    ["a given name twice", "projects: [app, {path: plain, name: app}]", "SPEC_INVALID", "goferry.yaml:3:17"],
    ["a module without a name", "projects: [nameless]", "SPEC_INVALID", "goferry.yaml:3:12"],
    ["a Go that is too old", "projects: [new]\ngo: ['1.27.0']", "GO_TOO_OLD", "new/go.mod"],
    [
      "a Go that is too old for a workspace",
      "projects: [newer]\ngo: ['1.26.8']",
      "GO_TOO_OLD",
      "newer/go.work",
    ],
    ["a project from before 1.21", "projects: [old]", "GO_VERSION_UNSUPPORTED", "goferry.yaml:1:1"],
    [
      "a Go that is not there",
      "go: ['1.26.8', '1.27.9']",
      "NOT_FOUND",
      "golang.org/toolchain@v0.0.1-go1.27.9.linux-amd64",
    ],
    ["a bundle that has expired", "expires: 2026-11-21", "SPEC_INVALID", "goferry.yaml:3:10"],
  ])("refuses %s", async (_, yaml, code, subject) => {
    await expect(plan(`${yaml}\n`)).rejects.toMatchObject({ code, subject });
  });
});

describe("expires", () => {
  it.each([
    ["2026-11-21", "2026-11-20T23:59:59Z", "2026-11-21T00:00:00Z"],
    ["1d", "2028-02-28T12:00:00Z", "2028-02-29T12:00:00Z"],
  ])("of %s, made at %s, is %s", async (expires, now, end) => {
    await expect(plan(`expires: ${expires}\n`, { now: new Date(now) })).resolves.toMatchObject({
      expires: end,
    });
  });

  it("is refused at the moment it is reached", async () => {
    const made = plan("expires: 2026-11-21\n", { now: new Date("2026-11-21T00:00:00Z") });
    await expect(made).rejects.toMatchObject({ code: "SPEC_INVALID" });
  });
});

describe("a plan from a lock", () => {
  const YAML = `${WITH_WORK}go: [go.mod, stable]\nmodules: [golang.org/x/sync@latest]\nexpires: 180d\n`;

  /** Before the bundle of the lock expires. */
  const IN_TIME = new Date("2026-07-01T03:04:04Z");

  async function lockOf(yaml: string): Promise<Lock> {
    const made = await plan(yaml, { now: new Date("2026-01-02T03:04:05Z") });
    const lock: Lock = {
      lockVersion: 1,
      name: made.name,
      created: made.created,
      serial: made.serial,
      request: made.request,
      go: made.goVersions,
      modules: ["golang.org/x/sync@v0.15.0"],
      tools: [],
      units: [],
    };
    return parseLock(new TextEncoder().encode(renderLock(lock)), "goferry.lock");
  }

  it("is the lock's, and needs no list of versions", async () => {
    const lock = await lockOf(YAML);
    const made = await plan(YAML, {
      lock: { file: "goferry.lock", lock },
      now: IN_TIME,
      listGoVersions: () => Promise.reject(new Error("offline")),
    });
    expect(made).toMatchObject({
      created: "2026-01-02T03:04:05Z",
      expires: "2026-07-01T03:04:05Z",
      goVersions: ["1.27.1", "1.26.8"],
      modules: [{ path: "golang.org/x/sync", query: "v0.15.0" }],
      lock,
    });
    expect(made.request).toEqual(lock.request);
  });

  it("is refused before any work when the bundle of the lock has expired", async () => {
    const lock = { file: "goferry.lock", lock: await lockOf(YAML) };
    const made = plan(YAML, { lock, now: new Date("2026-07-01T03:04:05Z") });
    await expect(made).rejects.toMatchObject({
      code: "SPEC_INVALID",
      subject: "goferry.yaml:6:10",
      expected: "a date after 2026-07-01T03:04:05Z",
    });
  });

  it("does not depend on the order in the spec, nor on where the folders are", async () => {
    const lock = { file: "goferry.lock", lock: await lockOf(YAML) };
    const files = Object.fromEntries(Object.entries(FILES).map(([path, text]) => [`sub/${path}`, text]));
    const shuffled = `expires: 180d
go: [stable, go.mod, stable]
modules: [golang.org/x/sync@latest]
projects: [{path: sub/plain, cgo: false, tags: [a, b], name: tool}, {path: ./sub/app/}, sub/work]
`;
    const deps = { lock, now: IN_TIME, readFile: reader(files) };
    await expect(plan(shuffled, deps)).resolves.toMatchObject({
      lock: lock.lock,
    });
  });

  it.each([
    ["another Go", YAML.replace("stable", "oldstable"), FILES],
    ["another version of a module", YAML.replace("@latest", "@v0.16.0"), FILES],
    ["another tag", YAML.replace("[b, a]", "[b]"), FILES],
    ["cgo", YAML.replace("cgo: false", "cgo: true"), FILES],
    ["another expiry", YAML.replace("180d", "90d"), FILES],
    ["a changed go.mod", YAML, { ...FILES, "app/go.mod": `${FILES["app/go.mod"]}\n` }],
    ["a changed go.sum", YAML, { ...FILES, "app/go.sum": "" }],
    ["a new go.sum", YAML, { ...FILES, "plain/go.sum": "" }],
    ["a changed go.work", YAML, { ...FILES, "work/go.work": `${FILES["work/go.work"]}\n` }],
    ["a changed go.work.sum", YAML, { ...FILES, "work/go.work.sum": "a.b/c v1.0.0/go.mod h1:x=\n" }],
    ["a changed go.mod of a workspace", YAML, { ...FILES, "work/b/go.mod": "module example.com/work/b\n" }],
    ["a new go.sum of a workspace", YAML, { ...FILES, "work/b/go.sum": "" }],
    ["a project less", YAML.replace("[app, ", "["), FILES],
  ])("refuses %s as drift", async (_, yaml, files) => {
    const lock = { file: "goferry.lock", lock: await lockOf(YAML) };
    await expect(plan(yaml, { lock, readFile: reader(files) })).rejects.toMatchObject({
      code: "LOCK_DRIFT",
      subject: "goferry.lock",
      exitCode: 2,
    });
  });

  it("holds no path of the machine that made it", async () => {
    const lock = await lockOf(YAML.replace("[app", `[${HOME}/app`));
    expect(renderLock(lock)).not.toContain("alice");
    expect(renderLock(lock)).not.toContain(HOME);
  });
});
