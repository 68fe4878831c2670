// GOSUMDB stays on without a network: go checks what a new project imports against Go's checksum database, from the
// lookups and tiles of the root. Two bundles of one goferry.lock follow each other, used by the same user.

import { execFile } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changeZip } from "../kit/change-zip.ts";
import { buildLarge, installLarge, largeSite, useLarge, type LargeSite } from "../kit/large-project.ts";
import { writeFiles } from "../kit/bundler-go.ts";
import { canUnshare } from "../kit/offline.ts";
import { testPlatform } from "../kit/real-go.ts";

const offline = await canUnshare();
const SPEC = `name: site\ngo: ["1.27.1"]\nplatforms: [${testPlatform()}]\n`;
const SYNC = "golang.org/x/sync@v0.15.0";
const LATEST = "home/go/pkg/sumdb/sum.golang.org/latest";

/** A program that imports these packages, in a module of its own that requires nothing yet. */
function program(...imports: string[]): Record<string, string> {
  const lines = imports.map((path) => `import _ "${path}"\n`).join("");
  return {
    "go.mod": "module example.com/new\n\ngo 1.27\n",
    "main.go": `package main\n\n${lines}\nfunc main() {}\n`,
  };
}

/** The second line of a signed tree head: its number of records. */
async function treeSize(file: string): Promise<number> {
  return Number((await readFile(file, "utf8")).split("\n")[1]);
}

describe.skipIf(!offline)("the checksum database on a host without a network", () => {
  let site: LargeSite;
  beforeAll(async () => {
    site = await largeSite(`${SPEC}modules: [${SYNC}]\n`);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it("vouches for what a new project imports, which has no go.sum", async () => {
    const built = await buildLarge(site);
    expect(built.code, built.stdout).toBe(0);
    await installLarge(site);
    const app = join(site.folder, "one");
    await writeFiles(app, program("golang.org/x/sync/errgroup"));
    await useLarge(site, app, "go mod tidy");
    await useLarge(site, app, "go build -o app .");
    expect(await readFile(join(app, "go.sum"), "utf8")).toContain("golang.org/x/sync v0.15.0 h1:");
    expect(await treeSize(join(site.folder, LATEST))).toBeGreaterThan(0);
  });

  it("refuses a module that was altered in the proxy tree, for a user with a module cache of his own", async () => {
    const app = join(site.folder, "altered");
    const proxy = join(site.folder, "proxy");
    await writeFiles(app, program("golang.org/x/sync/errgroup"));
    await cp(join(site.root, "mod/cache/download"), proxy, { recursive: true });
    const env = {
      GOPROXY: `file://${proxy}`,
      GOMODCACHE: join(site.folder, "own-cache"),
      GOFLAGS: "-modcacherw",
    };
    await useLarge(site, app, "go mod tidy", env);
    const zip = join(proxy, "golang.org/x/sync/@v/v0.15.0.zip");
    const changed = changeZip(await readFile(zip), `${SYNC}/errgroup/errgroup.go`, "package errgroup\n");
    await writeFile(zip, changed);
    await rm(env.GOMODCACHE, { recursive: true });
    await rm(join(app, "go.sum"));
    await expect(useLarge(site, app, "go mod tidy", env)).rejects.toMatchObject({
      stderr: expect.stringContaining("SECURITY ERROR"),
    });
  });

  it("goes on with the next bundle, for the same user and for a new one, tools too", async () => {
    const before = await treeSize(join(site.folder, LATEST));
    const more = `modules: [${SYNC}, github.com/google/uuid@v1.6.0]\ntools: [golang.org/x/tools/cmd/stringer@v0.48.0]\n`;
    await writeFile(join(site.folder, "goferry.yaml"), SPEC + more);
    const built = await buildLarge(site);
    expect(built.code, built.stdout).toBe(0);
    await installLarge(site);
    const app = join(site.folder, "two");
    await writeFiles(app, program("github.com/google/uuid", "golang.org/x/sync/errgroup"));
    await useLarge(site, app, "go mod tidy");
    await useLarge(site, app, "go build -o app .");
    expect(await treeSize(join(site.folder, LATEST))).toBeGreaterThanOrEqual(before);
    await useLarge(site, app, "go install golang.org/x/tools/cmd/stringer@v0.48.0");
    const fresh = { ...site, home: join(site.folder, "fresh") };
    await rm(join(app, "go.sum"));
    await useLarge(fresh, app, "go mod tidy");
    await useLarge(fresh, app, "go install golang.org/x/tools/cmd/stringer@v0.48.0");
  });

  it("is told about, with what to type, to a user whose go has met another tree: then, and only then, go works", async () => {
    const latest = join(site.folder, LATEST);
    const app = join(site.folder, "three");
    await writeFiles(app, program("golang.org/x/sync/errgroup"));
    // Somebody who used go with a network some time ago: a real head, which nothing in this root connects with its own.
    await writeFile(latest, await olderHead());
    await expect(useLarge(site, app, "go mod tidy")).rejects.toMatchObject({
      stderr: expect.stringMatching(/sum\.golang\.org|checksum database|tile/u),
    });
    const { told, mend } = await foreignLog();
    expect(told).toMatchObject({
      code: "LOG_STATE_FOREIGN",
      subject: latest,
      found: "the tree of 66385784 records",
    });
    expect(mend).toBe(`rm ${latest}`);
    await promisify(execFile)("sh", ["-c", mend]);
    await useLarge(site, app, "go mod tidy");
    expect(await foreignLog()).toEqual({ told: undefined, mend: "" });
    // And one that nobody has signed, which go refuses as well.
    await writeFile(latest, (await readFile(latest, "utf8")).replace(/\n\d+\n/u, "\n5\n"));
    expect((await foreignLog()).mend).toBe(mend);
    await rm(latest);
  });

  /** What an installation of the same bundle says of the user's go, and the command that it names. */
  async function foreignLog(): Promise<{ told: object | undefined; mend: string }> {
    const { overrides = [] } = (await installLarge(site)).json;
    const [told] = overrides;
    return { told, mend: told?.next ?? "" };
  }
});

/** The head that came with a lookup of sum.golang.org (packages/core/src/sumdb/testdata). */
async function olderHead(): Promise<string> {
  const lookup = new URL("packages/core/src/sumdb/testdata/lookup/golang.org/x/text@v0.3.0", ROOT);
  const text = await readFile(lookup, "utf8");
  return text.slice(text.indexOf("go.sum database tree\n"));
}

const ROOT = new URL("../../", import.meta.url);
