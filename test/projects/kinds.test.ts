// One bundle of projects of every kind, built from sources that nobody may write to, installed without a network, and
// used there as people use it: go build, vet, test, generate, in an environment of two variables.

import { execFile } from "node:child_process";
import { access, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKey } from "../../packages/bundler/src/index.ts";
import { parseLock } from "../../packages/bundler/src/lock/lock.ts";
import type { Lock } from "../../packages/bundler/src/lock/schema.ts";
import { findBundlerGo } from "../kit/bundler-go.ts";
import { TEST_CACHE } from "../kit/demo-bundle.ts";
import { canUnshare, OFFLINE } from "../kit/offline.ts";
import { testPlatform } from "../kit/real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "../kit/run-goferry.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";
import { treeContents, treeDifference, treeStamps } from "../kit/tree.ts";
import { makeSources } from "./kinds-sources.ts";

const go = await findBundlerGo();
const offline = await canUnshare();
const gcc = await access("/usr/bin/gcc").then(
  () => "/usr/bin/gcc",
  () => {
    process.stderr.write("the program with cgo is not run: there is no /usr/bin/gcc\n");
    return undefined;
  },
);

const SPEC = `name: kinds
go: [go.mod]
platforms: [${testPlatform()}]
projects:
  - ../src/ws
  - ../src/root
  - ../src/replacing
  - ../src/vendored
  - ../src/nested
  - path: ../src/tagged
    platforms: [${testPlatform()}, js/wasm]
    tags: [special, netgo, speical]
    packages: [./cmd/...]
    cgo: false
  - {path: ../src/withcgo, cgo: true}
  - ../src/embedding
  - ../src/newer
`;

/** Makes the folder that comes next read-only for the command after it, for root too. */
const READ_ONLY = [
  ...(process.getuid?.() === 0 ? ["unshare", "-m", "--"] : ["unshare", "-rm", "--"]),
  "sh",
  "-c",
  'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"',
];

describe.skipIf(go === undefined || !offline)("projects of every kind", () => {
  let scratch: Scratch;
  let src: string;
  let site: string;
  let built: GoferryResult;
  let installed: GoferryResult;
  let [before, after] = [{}, {}];
  /** Where the sources are on the host: not where they were built. */
  let host: string;
  let root: string;

  const build = (...more: string[]): Promise<GoferryResult> => {
    const words = ["build", join(site, "goferry.yaml"), "--sign-key", join(site, "private.asc"), "--json"];
    const env = { ...inherited(), HOME: join(site, "home"), GOPROXY: go?.goproxy ?? "" };
    return runGoferry([...words, "--out", join(site, "kinds.tar"), "--cache", TEST_CACHE, ...more], {
      env,
      within: [...READ_ONLY, src],
    });
  };

  beforeAll(async () => {
    scratch = await scratchFolder("goferry-kinds");
    [src, site, host, root] = ["src", "site", "elsewhere", "root"].map((name) =>
      join(scratch.path, name),
    ) as [string, string, string, string];
    await mkdir(join(site, "home"), { recursive: true });
    await mkdir(join(host, "home"), { recursive: true });
    if (go !== undefined) await makeSources(src, go);
    const pair = await generateKey({ name: "Kinds", email: "kinds@example.com", now: new Date() });
    await writeFile(join(site, "private.asc"), pair.privateKey, { mode: 0o600 });
    await writeFile(join(site, "public.asc"), pair.publicKey);
    await writeFile(join(site, "goferry.yaml"), SPEC);
    before = { ...(await treeStamps(src)), ...prefixed(await treeContents(src)) };
    built = await build();
    after = { ...(await treeStamps(src)), ...prefixed(await treeContents(src)) };
    await cp(src, host, { recursive: true, verbatimSymlinks: true });
    const install = ["install", join(site, "kinds.tar"), "--key", join(site, "public.asc"), "--root", root];
    installed = await runGoferry([...install, "--json"], {
      env: { HOME: join(host, "home"), PATH: PLAIN_PATH },
      within: OFFLINE,
    });
  });
  afterAll(() => scratch[Symbol.asyncDispose]());

  async function readLock(): Promise<Lock> {
    return parseLock(await readFile(join(site, "goferry.lock")), "goferry.lock");
  }

  /** Runs go of the root in a folder of the sources, without a network. Gives both outputs. */
  async function use(folder: string, ...args: string[]): Promise<string> {
    const env = { HOME: join(host, "home"), PATH: `${join(root, "bin")}:${PLAIN_PATH}` };
    const [program = "", ...words] = [...OFFLINE, "env", ...args];
    const { stdout, stderr } = await promisify(execFile)(program, words, { env, cwd: join(host, folder) });
    return stdout + stderr;
  }

  it("are bundled with the newest Go that one of them asks for, and installed without a network", () => {
    expect(built.code, built.stdout + built.stderr).toBe(0);
    expect(built.json).toMatchObject({ go: ["1.27.1"] });
    expect(installed.code, installed.stdout + installed.stderr).toBe(0);
  });

  it("are left as they are: every file, its times, and the folders", () => {
    expect(Object.keys(before).length).toBeGreaterThan(50);
    expect(treeDifference(before, after)).toEqual([]);
  });

  it("are recorded in the lock by each of their files", async () => {
    const { request } = await readLock();
    const found = request.projects.map(({ name, modules, files }) => [
      name,
      modules.length,
      files.map(({ path }) => path).join(" "),
    ]);
    expect(found).toEqual([
      ["embedding", 1, "go.mod"],
      ["nested", 1, "go.mod"],
      ["newer", 1, "go.mod"],
      ["replacing", 1, "../shared/outside/go.mod go.mod go.sum inside/go.mod"],
      ["root", 2, "../shared/far/go.mod go.mod go.work sub/go.mod"],
      ["tagged", 1, "go.mod go.sum"],
      ["vendored", 1, "go.mod go.sum"],
      ["withcgo", 1, "go.mod"],
      ["ws", 2, "app/go.mod app/go.sum go.work lib/go.mod"],
    ]);
  });

  it("bring both versions of a module that two of them need", async () => {
    const { units } = await readLock();
    const versions = units.flatMap(({ path, kind, version }) =>
      path === "github.com/google/go-cmp" && kind === "module" ? [version] : [],
    );
    expect(versions).toEqual(["v0.6.0", "v0.7.0"]);
  });

  it("give a note for a tag that nobody asks about, and for no other", () => {
    const notes = built.json["notes"] as string[];
    expect(notes.filter((note) => note.includes("build tag"))).toEqual([
      expect.stringMatching(/^tagged: .*build tag speical,/u),
    ]);
  });

  it.each([
    // The method that stringer wrote: without it, 1 would be printed.
    ["ws/app", "Timber 3"],
    ["root", "sub far"],
    ["replacing", "inside true"],
    ["vendored", "true"],
    ["embedding", "7 linked within"],
    ["newer", "go1.27.1"],
  ])("%s: go generate, build, vet, test, and the program runs", async (folder, printed) => {
    await use(folder, "go", "generate", "./...");
    await use(folder, "go", "build", "./...");
    await use(folder, "go", "vet", "./...");
    await use(folder, "go", "test", "./...");
    expect(await use(folder, "go", "run", ".")).toBe(`${printed}\n`);
  });

  it.each(["ws/lib", "root/sub", "nested"])("%s, a library: go build, vet, test", async (folder) => {
    await use(folder, "go", "build", "./...");
    await use(folder, "go", "vet", "./...");
    const packages = (await use(folder, "go", "test", "./...")).trim().split("\n");
    expect(packages).toEqual([expect.stringContaining("[no test files]")]);
  });

  it("tagged: with its tag, its packages, and for its other platform", async () => {
    const words = ["go", "build", "-tags=special,netgo", "-o", join(host, "bin/"), "./cmd/..."];
    await use("tagged", "CGO_ENABLED=0", ...words);
    const program = join(host, "bin", "tagged");
    expect(await use("tagged", program)).toBe("v2\n");
    await use("tagged", "GOOS=js", "GOARCH=wasm", ...words);
    expect((await readFile(program)).subarray(0, 4).toString("latin1")).toBe("\0asm");
    await use("tagged", "go", "vet", "-tags=special", "./cmd/...");
    await use("tagged", "go", "test", "-tags=special", "./cmd/...");
  });

  it.skipIf(gcc === undefined)("withcgo: with a C compiler", async () => {
    expect(await use("withcgo", "go", "run", ".")).toBe("42\n");
    await use("withcgo", "go", "vet", "./...");
    await use("withcgo", "go", "test", "./...");
  });

  it("were rehearsed as the spec says", () => {
    const records = built.json["rehearsals"] as { project: string; platform: string; build: string }[];
    const texts = records.map(({ project, platform, build: result }) => `${project} ${platform} ${result}`);
    expect(texts.toSorted()).toEqual(
      [
        ...["embedding", "nested", "newer", "replacing", "root", "tagged", "vendored", "ws"].map(
          (name) => `${name} ${testPlatform()} ok`,
        ),
        "tagged js/wasm ok",
        `withcgo ${testPlatform()} ${gcc === undefined ? "not rehearsed" : "ok"}`,
      ].toSorted(),
    );
  });

  it("are refused with --locked as soon as one of their files has changed", async () => {
    const changes = {
      "ws/lib/go.mod": "// changed\n",
      "ws/go.work": "// changed\n",
      "shared/outside/go.mod": "// changed\n",
      "ws/app/go.sum": "\n",
      "ws/go.work.sum": "",
    };
    for (const [file, more] of Object.entries(changes)) {
      const original = await readFile(join(src, file), "utf8").catch(() => undefined);
      await writeFile(join(src, file), `${original ?? ""}${more}`);
      const { code, json } = await build("--locked");
      await (original === undefined ? rm(join(src, file)) : writeFile(join(src, file), original));
      expect(code, file).toBe(2);
      const name = /[^/]+$/u.exec(file)?.[0] ?? "";
      expect(json.error).toMatchObject({ code: "LOCK_DRIFT", message: expect.stringContaining(name) });
    }
  });
});

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** So that the contents of a file stand beside its stamps. */
function prefixed(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [`contents of ${name}`, value]));
}
