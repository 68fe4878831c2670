// A module proxy that serves a changed toolchain: everything else comes from the real proxy and the real checksum
// database, and what the proxy says of the toolchain agrees with it. The bundler would run it; it must not.

import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { hashModuleZip } from "../packages/bundler/src/go/zip.ts";
import { toolchainModule, zipPrefix } from "../packages/core/src/index.ts";
import { build, buildSite, expectNothing, type BuildSite } from "./kit/build-site.ts";
import { changeZip } from "./kit/change-zip.ts";
import { serveModules, type ModuleSource } from "./kit/module-server.ts";
import { QUICK_VERSION } from "./kit/quick-go.ts";
import { testPlatform } from "./kit/real-go.ts";
import { realModules, realToolchain } from "./kit/real-modules.ts";
import type { GoferryResult } from "./kit/run-goferry.ts";

const module = toolchainModule(QUICK_VERSION, testPlatform());
const NAME = `${module.path}@${module.version}`;
const ZIP = `${module.path}/@v/${module.version}.zip`;

let real: ModuleSource;
beforeAll(async () => {
  real = await realModules();
});

/** The toolchain, with a go that says that it ran. */
async function changedToolchain(site: BuildSite): Promise<{ file: string; marker: string; h1: string }> {
  const file = join(site.folder, "changed.zip");
  const marker = join(site.folder, "go-was-run");
  const zip = await readFile(realToolchain(ZIP));
  await writeFile(file, changeZip(zip, `${zipPrefix(module)}bin/go`, `#!/bin/sh\n: > ${marker}\n`));
  return { file, marker, h1: await hashModuleZip(file, zipPrefix(module)) };
}

/** Builds with a proxy that answers some paths itself and hands on the others. */
async function buildWith(
  site: BuildSite,
  own: ModuleSource,
): Promise<GoferryResult & { requests: string[] }> {
  await using server = await serveModules(async (path) => (await own(path)) ?? (await real(path)));
  return { ...(await build(site, ["--json"], { env: { GOPROXY: server.url } })), requests: server.requests };
}

describe("a module proxy that serves a changed toolchain", () => {
  it("is refused by the checksum database's record, and the toolchain is not run", async () => {
    await using site = await buildSite();
    const { file, marker, h1 } = await changedToolchain(site);
    const result = await buildWith(site, async (path) => (path === ZIP ? { file } : undefined));
    expect(result.json.error).toMatchObject({ code: "LOG_MISMATCH", subject: NAME, found: h1 });
    expect(result.code).toBe(3);
    expect(result.requests.filter((path) => path.endsWith(".zip"))).toEqual([ZIP]);
    await expect(stat(marker)).rejects.toMatchObject({ code: "ENOENT" });
    await expectNothing(site);
  });

  it("is refused when it also serves a record that agrees with the toolchain", async () => {
    await using site = await buildSite();
    const { file, marker, h1 } = await changedToolchain(site);
    const lookup = `sumdb/sum.golang.org/lookup/${NAME}`;
    const record = Buffer.from((await real(lookup)) as Uint8Array).toString("utf8");
    const forged = record.replace(/(?<= )h1:\S+(?=\n)/u, h1);
    expect(forged).toContain(`${module.path} ${module.version} ${h1}\n`);
    const result = await buildWith(site, async (path) =>
      path === ZIP ? { file } : path === lookup ? forged : undefined,
    );
    expect(result.json.error).toMatchObject({ code: "LOG_MISMATCH" });
    expect(result.code).toBe(3);
    expect(result.requests).toContain(lookup);
    // Refused before the download.
    expect(result.requests).not.toContain(ZIP);
    await expect(stat(marker)).rejects.toMatchObject({ code: "ENOENT" });
    await expectNothing(site);
  });
});
