// Toolchains from a mirror of go.dev/dl with official archives: those that Go's own distpack makes, byte for byte, with a
// signature by the real gpg, and the archive for Windows as Google publishes it. On a machine where nobody says which
// module proxy to use; the checksum database is the real one, asked at an address of this test.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { archiveToModule } from "../../packages/bundler/src/dl/to-module.ts";
import { collectEvidence } from "../../packages/bundler/src/sumdb/client.ts";
import { toolchainModule } from "../../packages/core/src/index.ts";
import { build, buildSite, expectTidy, type BuildSite } from "../kit/build-site.ts";
import { claimOf } from "../kit/claim.ts";
import { temporaryFolder } from "../kit/bundler-go.ts";
import { TEST_CACHE } from "../kit/demo-bundle.ts";
import { goMirror, type GoMirror, type MirroredArchive } from "../kit/go-mirror.ts";
import { hasGpg, temporaryGpg, type Gpg } from "../kit/gpg.ts";
import {
  releaseDatabase,
  TOOLCHAIN_MOD_H1,
  WINDOWS_RECORDS,
  type ReleaseDatabase,
} from "../kit/release-database.ts";
import { linuxArchive, orSay, publishedSum, realData, RELEASE } from "../kit/release-data.ts";
import { testPlatform } from "../kit/real-go.ts";
import { runGoferry, type GoferryResult } from "../kit/run-goferry.ts";

const LINUX = `go${RELEASE}.linux-amd64.tar.gz`;
const WINDOWS = `go${RELEASE}.windows-amd64.zip`;
const WINDOWS_MODULE = toolchainModule(RELEASE, "windows/amd64");
const WINDOWS_RECORD = WINDOWS_RECORDS[RELEASE] ?? { id: 0, h1: "" };

const zip = await orSay("the official archive of Go for Windows", () => realData(WINDOWS));
const isBuilder = (await hasGpg()) && testPlatform() === "linux/amd64";
if (!isBuilder)
  process.stderr.write("bundles from go.dev/dl are not tested: no gpg, or not on linux/amd64\n");

let database: ReleaseDatabase;
let databaseFolder: AsyncDisposable & { path: string };

beforeAll(async () => {
  databaseFolder = await temporaryFolder();
  database = await releaseDatabase(databaseFolder.path);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await databaseFolder[Symbol.asyncDispose]();
});

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest("hex");
}

describe.runIf(zip !== undefined)("the official archive for Windows", () => {
  it("becomes the module whose record the checksum database has", async () => {
    await using folder = await temporaryFolder();
    expect(await sha256(zip ?? "")).toBe(await publishedSum(WINDOWS));
    const out = join(folder.path, "out.zip");
    const made = { archive: zip ?? "", filename: WINDOWS, module: WINDOWS_MODULE, zip: out };
    const h1 = await archiveToModule(made);
    expect(h1).toBe(WINDOWS_RECORD.h1);
    // Proven from the real tiles, in a head that sum.golang.org has signed.
    const { key: vkey } = database.network.log;
    const fetch = database.lookUp;
    const { records } = await collectEvidence({ fetch, vkey, modules: [WINDOWS_MODULE] });
    expect([...records.values()]).toMatchObject([{ id: WINDOWS_RECORD.id, h1, modH1: TOOLCHAIN_MOD_H1 }]);
  });
});

describe.runIf(isBuilder)("a bundle with toolchains from a mirror of go.dev/dl", () => {
  let gpg: Gpg;
  let mirror: GoMirror;
  let site: BuildSite;
  let archives: MirroredArchive[];
  let dl: (url?: string) => string[];

  beforeAll(async () => {
    gpg = await temporaryGpg();
    const mine = await gpg.generate("Mirror <mirror@example.com>", "rsa3072");
    const { file, published } = await linuxArchive();
    if (published !== undefined && (await sha256(file)) !== published)
      throw new Error(`${file} is not ${published}`);
    archives = [await signed(LINUX, file, mine)];
    if (zip !== undefined) archives.push(await signed(WINDOWS, zip, mine));
    mirror = await goMirror({ archives });
    const env = { GOSUMDB: `sum.golang.org ${database.url}` };
    site = await buildSite({ cache: join(TEST_CACHE, "dl"), env });
    const key = await gpg.file("mirror.asc", await gpg.export(mine));
    dl = (url = mirror.url) => ["--from", "dl", "--dl-url", url, "--release-key", key];
    await writeSpec("linux/amd64");
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    await mirror[Symbol.asyncDispose]();
    await gpg[Symbol.asyncDispose]();
  });

  async function signed(filename: string, content: string, key: string): Promise<MirroredArchive> {
    const words = ["--local-user", key, "--armor", "--output", "-", "--detach-sign", content];
    return { filename, content, signature: await gpg.run(words) };
  }

  async function writeSpec(platform: string): Promise<void> {
    const projects = platform === "linux/amd64" ? "projects: [./app]\n" : "";
    await writeFile(site.spec, `name: site\ngo: ["${RELEASE}"]\nplatforms: [${platform}]\n${projects}`);
  }

  function expectBuilt(result: GoferryResult): void {
    expect({ code: result.code, error: result.json.error }).toEqual({ code: 0, error: undefined });
  }

  it("is built where nobody knows a module proxy, and differs from the proxy's only in what was asked for", async () => {
    const planned = await runGoferry(["plan", site.spec, "--json", ...dl()], { env: site.env });
    expect(planned.json).toMatchObject({ source: { from: "dl", url: mirror.url }, go: [RELEASE] });
    const built = await build(site, ["--json", ...dl()], { memory: true });
    expectBuilt(built);
    expect(built.json).toMatchObject({ rehearsals: [{ project: "app", build: "ok" }] });
    // DESIGN 7: the memory of any command.
    expect(built.peakBytes).toBeLessThan(512 << 20);
    const fromDl = await claimOf(site.out);

    const lock = JSON.parse(await readFile(site.lock, "utf8")) as { request: Record<string, unknown> };
    expect(lock.request["from"]).toBe("dl");
    delete lock.request["from"];
    await writeFile(site.lock, JSON.stringify(lock));
    const proxies = { GOPROXY: database.network.proxy.list };
    expectBuilt(await build(site, ["--json", "--locked"], { env: { ...proxies } }));
    const fromProxy = await claimOf(site.out);
    const { from, ...request } = fromDl.contents.request;
    expect(from).toBe("dl");
    expect({ ...fromDl.contents, request }).toEqual(fromProxy.contents);
    await expectTidy(site);
  });

  it.runIf(zip !== undefined)(
    "carries the Go for Windows, whatever the module proxy says of it",
    async () => {
      await writeSpec("windows/amd64");
      const built = await build(site, ["--json", ...dl()]);
      expectBuilt(built);
      const { units } = (await claimOf(site.out)).contents;
      const { id, h1 } = WINDOWS_RECORD;
      expect(units).toMatchObject([{ kind: "toolchain", platform: "windows/amd64", h1, evidence: { id } }]);
      const words = ["verify", site.out, "--key", site.publicKey, "--json"];
      expect(await runGoferry(words, { env: site.env })).toMatchObject({ code: 0 });
      await writeSpec("linux/amd64");
    },
  );

  it("is refused if another key has signed the archive", async () => {
    const other = await gpg.generate("Other <other@example.com>", "ed25519");
    const [linux] = archives;
    if (linux === undefined || typeof linux.content !== "string") throw new Error("there is no archive");
    await using bad = await goMirror({ archives: [await signed(LINUX, linux.content, other)] });
    const { code, json } = await build(site, ["--json", ...dl(bad.url)]);
    expect({ code, ...json.error }).toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
      subject: LINUX,
      found: expect.stringContaining(other),
    });
    expect(code).toBe(3);
    await expectTidy(site);
  });
});
