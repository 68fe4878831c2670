// What a root refuses of genuine bundles: older ones, expired ones, and those from the future; and what is let through
// when somebody asks for it by name, which the audit log then says.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle, type TestBundle } from "../testing/bundle.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const log = checksumLog();
const ALLOW = ["--log-key", log.vkey, "--allow-private", "corp.example.com/*"];
const NOW = "2026-11-21T06:00:00Z";

let folder: Awaited<ReturnType<typeof testFolder>>;
let older: TestBundle;
let newer: TestBundle;
let passed: TestBundle;

beforeAll(async () => {
  folder = await testFolder();
  const make = async (name: string, created: string, expires?: string): Promise<TestBundle> => {
    const path = join(folder.path, name);
    await mkdir(path);
    const limit = expires === undefined ? {} : { expires };
    return await makeBundle(path, { platform: PLATFORM, log, created, ...limit });
  };
  older = await make("older", "2026-11-20T05:00:00Z");
  newer = await make("newer", "2026-11-21T05:00:00Z");
  passed = await make("passed", "2026-11-21T05:10:00Z", "2026-11-21T05:30:00Z");
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Attempt {
  more?: readonly string[];
  now?: string;
  env?: Record<string, string>;
}

async function root() {
  const own = await testFolder();
  const path = join(own.path, "root");
  return {
    ...own,
    install: async (
      bundle: TestBundle,
      { more = [], now = NOW, env = {} }: Attempt = {},
    ): Promise<TestResult> =>
      await goferry(
        ["install", bundle.file, "--key", bundle.publicKey, ...ALLOW, "--root", path, "--json", ...more],
        {
          cwd: own.path,
          now: () => new Date(now),
          env,
        },
      ),
    goferry: async (words: readonly string[]): Promise<TestResult> =>
      await goferry([...words, "--root", path, "--json"], { cwd: own.path, now: () => new Date(NOW) }),
    audit: async (): Promise<string> =>
      (await readFile(join(path, "state/audit.jsonl"), "utf8")).trim().split("\n").at(-1) ?? "",
  };
}

it("refuses an older bundle, unless it is asked for, every time", async () => {
  await using on = await root();
  expect((await on.install(newer)).code).toBe(0);
  const refused = await on.install(older);
  expect(refused.code).toBe(9);
  expect(refused.json()).toMatchObject({
    error: { code: "BUNDLE_OLDER", expected: "serial 1795237200 or higher", found: "1795150800" },
  });
  const allowed = await on.install(older, { more: ["--allow-downgrade"] });
  expect(allowed.code).toBe(0);
  expect(allowed.json()).toMatchObject({
    findings: expect.arrayContaining([expect.objectContaining({ code: "BUNDLE_OLDER", level: "warn" })]),
  });
  expect(await on.audit()).toContain(
    "in spite of BUNDLE_OLDER (expected serial 1795237200 or higher, found 1795150800)",
  );
  expect((await on.install(older)).json()).toMatchObject({ error: { code: "BUNDLE_OLDER" } });
  expect((await on.install(newer)).code).toBe(0);
});

it("remembers a bundle that was uninstalled, or rolled back", async () => {
  await using on = await root();
  await on.install(older);
  await on.install(newer);
  const older9 = { code: 9, json: { error: { code: "BUNDLE_OLDER" } } };
  for (const words of [["rollback"], ["uninstall", "--bundle", "tiny", "--yes"]]) {
    const done = await on.goferry(words);
    expect(done.code, done.stdout).toBe(0);
    const { code, json } = await on.install(older);
    expect({ code, json: json() }).toMatchObject(older9);
  }
});

it("takes no exception from the environment or a file", async () => {
  await using on = await root();
  await on.install(newer);
  const config = join(on.path, "home", "config");
  await mkdir(config, { recursive: true });
  const env = { GOFERRY_ALLOW_DOWNGRADE: "1", GOFERRY_ALLOW_EXPIRED: "1" };
  expect((await on.install(older, { env })).json()).toMatchObject({ error: { code: "BUNDLE_OLDER" } });
  await writeFile(join(config, "config.json"), JSON.stringify({ "allow-downgrade": true }));
  expect((await on.install(older)).code).not.toBe(0);
});

it("refuses a bundle that has expired, unless it is asked for", async () => {
  await using on = await root();
  const refused = await on.install(passed);
  expect(refused.code).toBe(9);
  expect(refused.json()).toMatchObject({
    error: { code: "BUNDLE_EXPIRED", found: "2026-11-21T06:00:00.000Z" },
  });
  expect((await on.install(passed, { more: ["--allow-downgrade"] })).code).toBe(9);
  const allowed = await on.install(passed, { more: ["--allow-expired"] });
  expect(allowed.json()).toMatchObject({ changed: true, findings: [{ code: "BUNDLE_EXPIRED" }] });
  expect(await on.audit()).toContain("in spite of BUNDLE_EXPIRED");
});

it("doubts the clock, and not the signature, when one of the two is from the future", async () => {
  await using on = await root();
  const now = "2026-11-19T00:00:00Z";
  const early = await on.install(newer, { now, more: ["--allow-expired"] });
  expect(early.code).toBe(9);
  expect(early.json()).toMatchObject({
    error: {
      code: "CLOCK_BEHIND",
      expected: expect.stringContaining("2026-11-21T05:00:00.000Z"),
      found: "2026-11-19T00:00:00.000Z",
    },
  });
  const words = ["verify", newer.file, "--key", newer.publicKey, ...ALLOW, "--json"];
  const verified = await goferry(words, { cwd: folder.path, now: () => new Date(now) });
  expect(verified.json()).toMatchObject({ error: { code: "CLOCK_BEHIND" } });

  await on.install(older, { now: "2026-12-24T00:00:00Z" });
  const later = await on.install(newer, { now: "2026-11-30T00:00:00Z" });
  expect(later.code).toBe(9);
  expect(later.json()).toMatchObject({
    error: {
      code: "CLOCK_BEHIND",
      expected: "a time after 2026-12-24T00:00:00.000Z, by the audit log of the root",
    },
  });
  expect((await on.install(newer, { now: "2026-11-30T00:00:00Z" })).code).toBe(9);
  const allowed = await on.install(newer, { now: "2026-11-30T00:00:00Z", more: ["--allow-expired"] });
  expect(allowed.json()).toMatchObject({
    changed: true,
    findings: [{ code: "CLOCK_BEHIND" }, { code: "LOG_UNCONNECTED" }],
  });
});
