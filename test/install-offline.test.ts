// The demo's bundle on hosts without a network: installed from source and by the stand-alone executable, and used there
// by several users, with nothing but ROOT/bin and the system's own folders on PATH.

import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { canUnshare, OFFLINE } from "./kit/offline.ts";
import { carry, type Medium } from "./kit/medium.ts";
import { testPlatform } from "./kit/real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryOptions, type GoferryResult } from "./kit/run-goferry.ts";
import { treeContents, treeDifference, treeStamps, withoutTraces } from "./kit/tree.ts";
import { asUser, NOBODY } from "./kit/unprivileged.ts";

const demo = inject("demo");
const isRoot = process.getuid?.() === 0;
const offline = await canUnshare();

/** Where a lock and staging come and go. */
const TOUCHED = ["", "state"];

let medium: Medium;
let folder: string;
let root: string;

beforeAll(async () => {
  medium = await carry(demo);
  folder = medium.path;
  root = join(folder, "root");
  for (const name of ["first", "second", "third"]) {
    await mkdir(join(folder, `${name}-home`));
    await cp(demo.project, join(folder, `${name}-app`), { recursive: true });
  }
  for (const name of ["second-home", "second-app", "third-home"]) await giveAway(join(folder, name));
});
afterAll(() => medium[Symbol.asyncDispose]());

/** To the other user. */
async function giveAway(path: string): Promise<void> {
  if (isRoot) await promisify(execFile)("chown", ["-R", `${NOBODY}:${NOBODY}`, path]);
}

/** As on a host: no network, and an environment of two variables. */
function host(args: readonly string[], options: GoferryOptions = {}): Promise<GoferryResult> {
  const env = { HOME: join(folder, "first-home"), PATH: PLAIN_PATH, ...options.env };
  return runGoferry(args, { within: OFFLINE, ...options, env });
}

const install = (to: string, ...more: string[]): string[] => [
  "install",
  medium.bundle,
  "--key",
  medium.publicKey,
  "--root",
  to,
  "--json",
  ...more,
];

interface User {
  home: string;
  app: string;
  /** Words before the command. */
  as?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The root whose Go it is. */
  of?: string;
}

/** Runs a command of the root without a network. Gives both outputs; throws with them when it fails. */
async function use(user: User, command: string, ...args: string[]): Promise<string> {
  const env = { HOME: user.home, PATH: `${join(user.of ?? root, "bin")}:${PLAIN_PATH}`, ...user.env };
  // The program is looked up after the environment is in place.
  const [program = "", ...words] = [...OFFLINE, ...(user.as ?? []), "env", command, ...args];
  const { stdout, stderr } = await promisify(execFile)(program, words, { env, cwd: user.app });
  return stdout + stderr;
}

describe.skipIf(!offline)("the demo, installed from source on a host without a network", () => {
  const first = (): User => ({ home: join(folder, "first-home"), app: join(folder, "first-app") });
  const second = (): User => ({
    home: join(folder, "second-home"),
    app: join(folder, "second-app"),
    as: isRoot ? asUser(NOBODY) : [],
  });

  it("is installed, and nothing outside of the root changes", async () => {
    const [home, etc] = [join(folder, "first-home"), "/etc"];
    const before = [await treeStamps(home), await treeStamps(etc)];
    // A umask that would keep the others out.
    const result = await host(install(root, "--self-test", "build"), {
      within: [...OFFLINE, "sh", "-c", 'umask 077 && exec "$@"', "sh"],
    });
    expect(result).toMatchObject({
      code: 0,
      stderr: "",
      json: {
        changed: true,
        root,
        current: "1.27.1",
        added: { sdks: ["1.27.1"] },
        evidence: { private: 0 },
        overrides: [],
      },
    });
    expect([await treeStamps(home), await treeStamps(etc)]).toEqual(before);
    expect((await readdir(root)).toSorted()).toEqual(["bin", "current", "mod", "sdk", "state"]);
  });

  it("is the same afterwards when it is installed again", async () => {
    const before = withoutTraces(await treeStamps(root, TOUCHED));
    const result = await host(install(root));
    expect(result).toMatchObject({ code: 0, json: { changed: false, generation: 1, changes: [] } });
    expect(treeDifference(before, withoutTraces(await treeStamps(root, TOUCHED)))).toEqual([]);
  });

  it.each<[string, () => User]>([
    ["its owner", first],
    ["another user", second],
  ])("is used by %s: version, env, download, build, vet, test, and the program runs", async (_, who) => {
    const user = who();
    expect(await use(user, "go", "version")).toBe(`go version go1.27.1 ${testPlatform()}\n`);
    expect(
      JSON.parse(
        await use(user, "go", "env", "-json", "GOPROXY", "GOMODCACHE", "GOTOOLCHAIN", "GOSUMDB", "GOROOT"),
      ),
    ).toEqual({
      GOPROXY: `file://${root}/mod/cache/download`,
      GOMODCACHE: join(root, "mod"),
      GOTOOLCHAIN: "path",
      GOSUMDB: "sum.golang.org",
      GOROOT: join(root, "sdk/go1.27.1"),
    });
    expect(await use(user, "go", "mod", "download")).toBe("");
    expect(await use(user, "go", "mod", "verify")).toContain("all modules verified");
    await use(user, "go", "build", "./...");
    await use(user, "go", "build", "-o", join(user.home, "demo"), ".");
    await use(user, "go", "vet", "./...");
    expect(await use(user, "go", "test", "./...")).toMatch(/^ok\s+goferry\.example\/demo\/board/m);
    expect(await use(user, join(user.home, "demo"), "--lang", "de")).toContain("1.380.000 kg");
    expect(await use(user, "gofmt", "-l", ".")).toBe("");
  });

  it("gives each user a build cache of his own, and no use of it changes the root", async () => {
    for (const user of [first(), second()]) {
      const cache = join(user.home, ".cache", "go-build");
      expect(await use(user, "go", "env", "GOCACHE")).toBe(`${cache}\n`);
      const owners = new Set(Object.values(await owned(cache)));
      expect(owners).toEqual(new Set([isRoot && user.as !== undefined ? NOBODY : process.getuid?.()]));
    }
    // The second user could not have written there; the first one, who owns it, only locks.
    const names = Object.keys(await treeContents(join(root, "mod")));
    expect(names.filter((name) => name.includes("go-build") || name.endsWith(".partial"))).toEqual([]);
    expect((await readdir(root)).toSorted()).toEqual(["bin", "current", "mod", "sdk", "state"]);
  });

  it("names every setting that overrides what was configured", async () => {
    const home = join(folder, "set-home");
    await mkdir(join(home, ".config", "go"), { recursive: true });
    await writeFile(join(home, ".config", "go", "env"), "GOSUMDB=off\n");
    const env = { HOME: home, GOPROXY: "https://user:secret@proxy.example.com", GOFLAGS: "-mod=vendor" };
    const result = await host(install(root), { env });
    expect(result).toMatchObject({ code: 0, json: { changed: false } });
    expect(result.json.overrides?.map(({ subject, source }) => [subject, source])).toEqual([
      ["GOFLAGS", "environment"],
      ["GOPROXY", "environment"],
      ["GOSUMDB", join(home, ".config", "go", "env")],
    ]);
    expect(result.stdout + result.stderr).not.toContain("secret");
    const inWords = await host(
      install(root).filter((word) => word !== "--json"),
      { env },
    );
    for (const subject of ["GOFLAGS", "GOPROXY", "GOSUMDB"])
      expect(inWords.stderr).toContain(`SETTING_OVERRIDDEN ${subject}`);
    expect(inWords.stderr).not.toContain("secret");
  });

  it("leaves it to Go to say that a go.mod asks for a version that is not there", async () => {
    const app = join(folder, "newer-app");
    await cp(demo.project, app, { recursive: true });
    const goMod = await readFile(join(app, "go.mod"), "utf8");
    await writeFile(join(app, "go.mod"), goMod.replace(/^go .*$/m, "go 1.99.3"));
    await expect(use({ ...first(), app }, "go", "build", "./...")).rejects.toMatchObject({
      stderr: expect.stringMatching(/cannot find "go1\.99\.3" in PATH/),
    });
  });

  it("builds without the zips of modules, which only a bare download needs", async () => {
    const lean = join(folder, "lean");
    expect(await host(install(lean, "--no-zips"))).toMatchObject({ code: 0, json: { changed: true } });
    const zips = Object.keys(await treeStamps(join(lean, "mod"))).filter((name) => name.endsWith(".zip"));
    expect(zips).toEqual([]);
    const user = { ...first(), of: lean };
    await use(user, "go", "build", "./...");
    await use(user, "go", "vet", "./...");
    expect(await use(user, "go", "list", "-m", "all")).toContain("golang.org/x/text v");
    await expect(use(user, "go", "mod", "download")).rejects.toMatchObject({ code: 1 });
    await rm(lean, { recursive: true });
  });
});

describe.skipIf(!offline)("the demo, installed by the stand-alone executable", () => {
  it("is installed by a user for himself, with one marked block in each start-up file", async () => {
    const home = join(folder, "third-home");
    const files = {
      ".profile": "umask 022",
      ".bashrc": "alias ll='ls -l'\n",
      ".zshrc": "# none\n",
      other: "x\n",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
    await giveAway(home);
    const own = ".local/share/goferry";
    const as = isRoot ? asUser(NOBODY) : [];
    const run = (program: string): Promise<GoferryResult> =>
      host(["install", medium.bundle, "--key", medium.publicKey, "--path", "profile", "--json"], {
        within: [...OFFLINE, ...as],
        program: [program],
        env: { HOME: home },
        cwd: "/",
      });
    const before = [await treeContents(home), await treeStamps("/etc")] as const;

    expect(await run(medium.goferry)).toMatchObject({
      code: 0,
      stderr: "",
      json: { changed: true, root: join(home, own), overrides: [] },
    });
    const changed = treeDifference(before[0], await treeContents(home));
    expect(changed.filter((name) => !name.startsWith(own))).toEqual([
      ".bashrc",
      ".local",
      ".local/share",
      ".profile",
    ]);
    expect(treeDifference(before[1], await treeStamps("/etc"))).toEqual([]);
    for (const name of [".bashrc", ".profile"] as const) {
      const text = await readFile(join(home, name), "utf8");
      expect(text.match(/^# >>> goferry/gm)).toHaveLength(1);
      expect(text.replace(/\n?^# >>> goferry[^]*# <<< goferry <<<\n/m, "").trimEnd()).toBe(
        files[name].trimEnd(),
      );
    }

    const words = [...as, "sh", "-c", ". ~/.profile && go version && goferry --version"];
    const { stdout } = await promisify(execFile)("env", words, {
      env: { HOME: home, PATH: PLAIN_PATH },
      cwd: "/",
    });
    expect(stdout).toMatch(/^go version go1\.27\.1 .*\ngoferry \d/);
    const touched = ["", own, join(own, "state")];
    // The shell's go has counted itself there; the goferry that was installed leaves all as it is.
    const stamps = withoutTraces(await treeStamps(home, touched));
    expect(await run(join(home, own, "bin/goferry"))).toMatchObject({ code: 0, json: { changed: false } });
    expect(treeDifference(stamps, withoutTraces(await treeStamps(home, touched)))).toEqual([]);
    await rm(join(home, own), { recursive: true });
  });
});

/** The owner of every file below a folder. */
async function owned(path: string): Promise<Record<string, number>> {
  const { stdout } = await promisify(execFile)("find", [path, "-type", "f", "-printf", "%U %p\n"], {
    maxBuffer: 1 << 26,
  });
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => [line.slice(line.indexOf(" ") + 1), Number(line.slice(0, line.indexOf(" ")))]),
  );
}
