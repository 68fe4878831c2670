// Two real projects and two real Go versions in one bundle, of which a host without a network takes a part and the rest
// later. test/several-go.test.ts has every case with small modules; here the standard library, the tests of
// dependencies and the checksum database are the real ones.

import { execFile } from "node:child_process";
import { cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKey } from "../../packages/bundler/src/index.ts";
import { build, buildSite, type BuildSite } from "../kit/build-site.ts";
import { findBundlerGo, writeFiles } from "../kit/bundler-go.ts";
import { TEST_CACHE } from "../kit/demo-bundle.ts";
import { canUnshare, OFFLINE } from "../kit/offline.ts";
import { testPlatform } from "../kit/real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "../kit/run-goferry.ts";

const OLD = "1.26.8";
const NEW = "1.27.1";

const TINY = {
  "go.mod": "module example.com/tiny\n\ngo 1.24.0\n\nrequire golang.org/x/sync v0.15.0\n",
  "go.sum":
    "golang.org/x/sync v0.15.0 h1:KWH3jNZsfyT6xfAfKiz6MRNmd46ByHDYaZ7KSkCtdW8=\n" +
    "golang.org/x/sync v0.15.0/go.mod h1:1dzgHSNfp02xaA81J2MS99Qcpr2w7fw1gpm99rleRqA=\n",
  "tiny.go":
    'package tiny\n\nimport "golang.org/x/sync/errgroup"\n\n// Both runs both.\nfunc Both(a, b func() error) error {\n' +
    "\tvar group errgroup.Group\n\tgroup.Go(a)\n\tgroup.Go(b)\n\treturn group.Wait()\n}\n",
  "tiny_test.go":
    'package tiny\n\nimport "testing"\n\nfunc TestBoth(t *testing.T) {\n' +
    "\tdone := func() error { return nil }\n\tif err := Both(done, done); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n",
};

/** Everything that a developer does. */
const COMMANDS = [
  "build ./...",
  "vet ./...",
  "test ./...",
  "list -m all",
  "list -deps -test ./...",
  "mod download",
  "mod verify",
  "mod tidy",
  "mod vendor",
  "mod why -m all",
];

/** How this machine reaches its module proxy, beside GOPROXY. */
const PASSED = "GOPROXY HTTPS_PROXY NO_PROXY NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR".split(" ");

const offline = await canUnshare();

let site: BuildSite;
let root: string;

beforeAll(async () => {
  // The module proxy of this machine, and its own settings for it; toolchains come out of the cache of the tests.
  const found = await findBundlerGo();
  const env = Object.fromEntries(
    PASSED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const proxy = found === undefined ? {} : { GOPROXY: found.goproxy };
  site = await buildSite({ cache: TEST_CACHE, env: { ...env, ...proxy } });
  root = join(site.folder, "root");
  const demo = fileURLToPath(new URL("../../bundles/demo/app", import.meta.url));
  await cp(demo, join(site.folder, "demo"), { recursive: true });
  await writeFiles(join(site.folder, "tiny"), TINY);
  const yaml = `name: site\ngo: ["${NEW}", "${OLD}"]\nplatforms: [${testPlatform()}]\nprojects: [./demo, ./tiny]\n`;
  await writeFile(site.spec, yaml);
  const now = new Date(Date.now() - 60_000);
  const { publicKey, privateKey } = await generateKey({ name: "Site", email: "site@example.com", now });
  await writeFile(site.key, privateKey, { mode: 0o600 });
  await writeFile(join(site.folder, "public.asc"), publicKey);
  const built = await build(site);
  if (built.code !== 0) throw new Error(built.stdout + built.stderr);
});
afterAll(() => site[Symbol.asyncDispose]());

async function install(...part: string[]): Promise<GoferryResult> {
  const key = join(site.folder, "public.asc");
  const words = ["install", site.out, "--key", key, "--root", root, "--json", ...part];
  const env = { HOME: site.env["HOME"] ?? "", PATH: PLAIN_PATH };
  return await runGoferry(words, { within: OFFLINE, env });
}

/** In a copy of the project, without a network. */
async function workIn(project: string): Promise<void> {
  const cwd = join(site.folder, `${project}-on-host`);
  await cp(join(site.folder, project), cwd, { recursive: true });
  const env = { HOME: site.env["HOME"] ?? "", PATH: `${join(root, "bin")}:${PLAIN_PATH}` };
  const [unshare = "", ...within] = OFFLINE;
  for (const command of COMMANDS) {
    const words = [...within, "env", "go", ...command.split(" ")];
    const failure = await promisify(execFile)(unshare, words, { env, cwd }).then(
      () => "",
      (error: unknown) => String(error),
    );
    expect(failure, `go ${command} in ${project}`).toBe("");
  }
}

describe.skipIf(!offline)("a bundle of two real projects", () => {
  it("gives a host one version and one project, which is enough to work on it", async () => {
    const first = await install("--only", `go${OLD}`, "--project", "tiny");
    expect(first).toMatchObject({ code: 0, json: { changed: true, current: OLD, added: { sdks: [OLD] } } });
    expect(await readdir(join(root, "mod", "golang.org", "x"))).toEqual(["sync@v0.15.0"]);
    expect(await readdir(join(root, "mod"))).not.toContain("github.com");
    await workIn("tiny");
  });

  it("gives it the other project later, from the same bundle", async () => {
    const more = await install("--only", NEW, "--project", "demo");
    expect(more).toMatchObject({ code: 0, json: { changed: true, current: NEW, added: { sdks: [NEW] } } });
    await workIn("demo");
    expect(await install("--only", NEW, "--project", "demo")).toMatchObject({
      code: 0,
      json: { changed: false },
    });
  });
});
