// diff of bundles and locks, in every mix, with small bundles that are real in their form and signatures.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspectBundle, openFileSource, type Contents } from "@goferry/core";
import { bundleInventory } from "@goferry/bundler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle, type TestBundle } from "../testing/bundle.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const H1 = `h1:${"A".repeat(43)}=`;

let folder: Awaited<ReturnType<typeof testFolder>>;
let bundle: TestBundle;
let other: TestBundle;

beforeAll(async () => {
  folder = await testFolder();
  bundle = await makeBundle(folder.path, { platform: PLATFORM, log: checksumLog() });
  await mkdir(join(folder.path, "other"));
  // The same contents, signed by another key.
  other = await makeBundle(join(folder.path, "other"), { platform: PLATFORM, log: checksumLog() });
  const contents = await contentsOf(bundle.file);
  await writeFile(
    join(folder.path, "same.lock"),
    lockText(contents, (units) => units),
  );
  await writeFile(
    join(folder.path, "changed.lock"),
    lockText(contents, (units) =>
      units.map((unit) =>
        unit.path === "example.com/logged"
          ? { ...unit, h1: H1 }
          : unit.kind === "module"
            ? { ...unit, version: "v0.2.0" }
            : unit,
      ),
    ),
  );
});

afterAll(() => folder[Symbol.asyncDispose]());

async function contentsOf(file: string): Promise<Contents> {
  await using source = await openFileSource(file);
  return (await inspectBundle(source)).contents;
}

type Units = ReturnType<typeof bundleInventory>["units"];

/** The lock that a bundle of these contents came with, its units changed. */
function lockText(contents: Contents, change: (units: Units) => Units): string {
  const { units, request, name, created, serial, go } = bundleInventory(contents);
  const lock = {
    lockVersion: 1,
    name,
    created,
    serial,
    request,
    go,
    modules: [],
    tools: [],
    log: contents.log,
  };
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
  };
  return JSON.stringify(sorted({ ...lock, units: change(units) }));
}

function diff(...words: string[]): Promise<TestResult> {
  return goferry(["diff", ...words], { cwd: folder.path });
}

describe("diff", () => {
  it("of a bundle and its lock finds nothing, and says who signed", async () => {
    const result = await diff("tiny.tar", "same.lock", "--key", "public.asc");
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toMatch(/^Nothing differs/u);
    expect(result.stdout).toContain(bundle.fingerprint);
    expect(result.stdout).not.toContain("NOT VERIFIED");
    expect((await diff("same.lock", "tiny.tar", "--key", "public.asc", "--json")).json()).toMatchObject({
      same: true,
      alarms: [],
      a: { kind: "lock", verified: null, name: "tiny" },
      b: { kind: "bundle", verified: true, signatures: [{ fingerprint: bundle.fingerprint }] },
    });
  });

  it("raises the alarm where contents changed under their version, and exits with 0 all the same", async () => {
    const result = await diff("tiny.tar", "changed.lock", "--key", "public.asc");
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/ALARM +module example.com\/logged@v1\.2\.3: h1 was h1:/u);
    expect(result.stdout).toMatch(/upgraded +corp\.example\.com\/secret v0\.1\.0 -> v0\.2\.0/u);
    expect(result.stderr).toContain("1 unit changed under a version");
    expect((await diff("same.lock", "changed.lock", "--json")).json()).toMatchObject({
      same: false,
      alarms: [{ unit: "module example.com/logged@v1.2.3", what: "h1", after: H1 }],
      modules: [
        { path: "corp.example.com/secret", change: "upgraded", before: ["v0.1.0"], after: ["v0.2.0"] },
      ],
    });
  });

  it("believes bundles for a key only, unless it is told to compare what they say", async () => {
    const none = await diff("tiny.tar", "same.lock", "--json");
    expect(none.code).toBe(2);
    expect(none.json()).toMatchObject({ error: { code: "ARGUMENT_INVALID", subject: "--key" } });

    const wrong = await diff("tiny.tar", other.file, "--key", "public.asc", "--json");
    expect(wrong.code).toBe(3);
    expect(wrong.json()).toMatchObject({ error: { code: "SIGNATURE_UNTRUSTED" } });
    expect(
      (await diff("tiny.tar", other.file, "--key", "public.asc", "--key", "other/public.asc")).code,
    ).toBe(0);
    const few = await diff("tiny.tar", "same.lock", "--key", "public.asc", "--min-signatures", "2", "--json");
    expect(few.json()).toMatchObject({ error: { code: "KEYS_TOO_FEW" } });

    const unverified = await diff("tiny.tar", other.file, "--unverified");
    expect(unverified).toMatchObject({ code: 0, stderr: "" });
    expect(unverified.stdout).toMatch(/^NOT VERIFIED/u);
    const json = (await diff("tiny.tar", "same.lock", "--unverified", "--json")).json();
    expect(json).toMatchObject({ a: { verified: false }, b: { verified: null }, same: true });
  });

  it.each([
    ["none.tar", 7, "NOT_FOUND"],
    ["other", 6, "IO_FAILED"],
    ["public.asc", 3, "BUNDLE_MALFORMED"],
    ["other.json", 2, "LOCK_INVALID"],
  ])("refuses %s", async (file, exit, error) => {
    await writeFile(join(folder.path, "other.json"), ' {"lockVersion": 2}\n');
    const result = await diff("same.lock", file, "--key", "public.asc", "--json");
    expect(result.json()).toMatchObject({ error: { code: error } });
    expect(result.code).toBe(exit);
  });
});
