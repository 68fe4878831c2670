// status: text, JSON, figures that promtool accepts, and the archive.

import { execFile } from "node:child_process";
import { appendFile, chmod, chown, cp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { holdLock } from "../../../../test/kit/host-root.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle } from "../testing/bundle.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const run = promisify(execFile);
const log = checksumLog();
const RULES = fileURLToPath(new URL("../../docs/prometheus-rules.yaml", import.meta.url));
const promtool = await run("promtool", ["--version"]).then(
  () => true,
  () => false,
);
if (!promtool)
  console.log("not run, for want of promtool (Debian's package prometheus): checks of figures and rules");

let folder: Awaited<ReturnType<typeof testFolder>>;
let root: string;

beforeAll(async () => {
  folder = await testFolder();
  root = join(folder.path, "root");
  const platform = goPlatform({ os: process.platform, arch: process.arch });
  const bundle = await makeBundle(folder.path, { platform, log, expires: "2026-12-01T05:00:00Z" });
  const words = ["install", bundle.file, "--key", bundle.publicKey, "--log-key", log.vkey, "--root", root];
  const { code, stderr } = await goferry([...words, "--allow-private", "corp.example.com/*"], {
    cwd: folder.path,
  });
  if (code !== 0) throw new Error(stderr);
}, 60_000);

afterAll(() => folder[Symbol.asyncDispose]());

async function status(words: string[] = [], env: Record<string, string> = {}): Promise<TestResult> {
  return await goferry(["status", "--root", root, ...words], { cwd: folder.path, env });
}

describe("status", () => {
  it("has versions, bundle, age, days to expiry, and what happened last", async () => {
    await goferry(["use", "1.26.8", "--root", root], { cwd: folder.path });
    const { code, stdout, stderr } = await status();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`${root}, generation 1\n`);
    expect(stdout).toMatch(/Go +1\.27\.1 \(current\)/u);
    expect(stdout).toMatch(/tiny, serial 1795237200, 0 days old, expires in 9 days/u);
    expect(stdout).toMatch(/last change +2026-11-21T06:00:00\.000Z, install tiny/u);
    expect(stdout).toMatch(/last failure +2026-11-21T06:00:00\.000Z, use 1\.26\.8: NOT_FOUND, by tester/u);
    expect(stdout).toMatch(/last check +never/u);
    expect((await status(["--json"])).json()).toMatchObject({
      root,
      goferry: "0.1.0",
      current: "1.27.1",
      bundles: [{ name: "tiny", ageDays: 0, daysToExpiry: 9, created: "2026-11-21T05:00:00.000Z" }],
      lastFailure: { result: "NOT_FOUND" },
      lastCheck: null,
      lock: null,
      unfinished: null,
      runs: { install: { exitCode: 0 }, use: { exitCode: 7 } },
    });
  });

  it("tells how the last check ended, and who is at work, without waiting", async () => {
    await goferry(["check", "--quick", "--root", root], { cwd: folder.path });
    expect((await status()).stdout).toMatch(/last check +2026-11-21T06:00:00\.000Z: as it was verified/u);
    await chmod(join(root, "sdk/go1.27.1/VERSION"), 0o644);
    await appendFile(join(root, "sdk/go1.27.1/VERSION"), "x");
    await goferry(["check", "--quick", "--root", root], { cwd: folder.path });
    expect((await status()).stdout).toMatch(
      /last check +2026-11-21T06:00:00\.000Z: 1 thing is not as verified/u,
    );
    const lock = await holdLock(root, "install other.tar");
    expect((await status()).stdout).toMatch(
      /at work +pid \d+ on \S+, since [^:]+:[^:]+:[^:]+: install other\.tar/u,
    );
    await lock.release();
  });

  it("says where there is no root", async () => {
    expect(
      (await goferry(["status", "--root", join(folder.path, "absent")], { cwd: folder.path })).code,
    ).toBe(7);
  });
});

describe("status --prometheus", () => {
  const figures = (): string => join(folder.path, "goferry.prom");

  it("writes figures in one step, for other users", async () => {
    expect((await status(["--prometheus", figures(), "--quiet"])).code).toBe(0);
    const text = await readFile(figures(), "utf8");
    expect((await stat(figures())).mode & 0o777).toBe(0o644);
    expect(text).toContain(`goferry_info{root="${root}",version="0.1.0",go="1.27.1"} 1\n`);
    expect(text).toContain(`goferry_bundle_age_seconds{root="${root}",bundle="tiny"} 3600\n`);
    expect(text).toContain(`goferry_bundle_expiry_seconds{root="${root}",bundle="tiny"} 860400\n`);
    expect(text).toContain(`goferry_last_run_success{root="${root}",command="install"} 1\n`);
    expect(text).toContain(`goferry_last_run_success{root="${root}",command="use"} 0\n`);
    expect(text).toMatch(/^goferry_last_run_duration_seconds\{[^}]*command="install"\} [\d.]+$/mu);
    expect(text).toMatch(/^goferry_last_run_lock_wait_seconds\{[^}]*command="install"\} [\d.]+$/mu);
    expect(text).toMatch(/^goferry_drift\{[^}]*\} 1$/mu);
    expect(await readdir(folder.path)).not.toContain(".goferry.prom.goferry-new");
  });

  it.skipIf(!promtool)("has figures that promtool accepts", async () => {
    await status(["--prometheus", figures()]);
    const checked = run("sh", ["-c", 'promtool check metrics < "$1"', "sh", figures()]);
    expect(await checked).toEqual({ stdout: "", stderr: "" });
  });

  it.skipIf(!promtool)("has rules that promtool accepts, of figures that exist, and that fire", async () => {
    await status(["--prometheus", figures()]);
    const { stdout } = await run("promtool", ["check", "rules", RULES]);
    expect(stdout).toContain("SUCCESS: 9 rules found");
    const text = await readFile(figures(), "utf8");
    const names = new Set((await readFile(RULES, "utf8")).match(/goferry_\w+/gu));
    for (const name of names) expect(text, name).toContain(`# TYPE ${name} gauge`);
    const tests = join(folder.path, "rules-test.yaml");
    const fires = (alertname: string, labels: string): object => ({
      eval_time: "3d",
      alertname,
      exp_alerts: [{ exp_labels: Object.fromEntries(labels.split(",").map((each) => each.split("="))) }],
    });
    const series = [
      "goferry_status_timestamp_seconds{}",
      'goferry_last_run_success{command="install"}',
      "goferry_drift{}",
      "goferry_audit_whole{}",
      'goferry_bundle_expiry_seconds{bundle="site"}',
    ].map((name, i) => ({ series: name, values: i === 2 ? "2x800" : "0x800" }));
    // promtool compares annotations too; only names and labels are of interest here.
    const rules = (await readFile(RULES, "utf8")).replaceAll(/\n +annotations:(?:\n {10}.*)+/gu, "");
    await writeFile(join(folder.path, "rules.yaml"), rules);
    await writeFile(
      tests,
      JSON.stringify({
        rule_files: ["rules.yaml"],
        evaluation_interval: "10m",
        tests: [
          {
            interval: "10m",
            input_series: series,
            alert_rule_test: [
              fires("GoferryStatusStale", "severity=warning"),
              fires("GoferryInstallFailed", "severity=warning,command=install"),
              fires("GoferryDrift", "severity=critical"),
              fires("GoferryAuditBroken", "severity=critical"),
              fires("GoferryBundleExpires", "severity=warning,bundle=site"),
            ],
          },
        ],
      }),
    );
    const { stdout: tested } = await run("promtool", ["test", "rules", tests]);
    expect(tested).toContain("SUCCESS");
  });
});

describe("status --archive", () => {
  it("runs no go of a root that belongs to another user", async () => {
    await using theirs = await testFolder();
    const [their, file] = [join(theirs.path, "root"), join(theirs.path, "status.tar.gz")];
    await cp(root, their, { recursive: true, verbatimSymlinks: true });
    const words = ["status", "--root", their, "--archive", file];
    const owner = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
    if (process.getuid?.() === 0) await chown(their, 65_534, 65_534);
    const go = join(their, "sdk/go1.27.1/bin/go");
    await chmod(go, 0o755);
    await writeFile(go, `#!/bin/sh\ntouch ${join(theirs.path, "ran")}\n`);
    const { code } = await goferry(words, { cwd: theirs.path, system: { uid: 4242 } });
    expect(code).toBe(0);
    expect(gunzipSync(await readFile(file)).toString("utf8")).toContain("belongs to another user");
    expect(await readdir(theirs.path)).not.toContain("ran");
    await rm(file);
    expect((await goferry(words, { cwd: theirs.path, system: { uid: owner } })).code).toBe(0);
    expect(await readdir(theirs.path)).toContain("ran");
  });

  it("packs what a supporter needs, listed, without secrets, for nobody else's eyes", async () => {
    const file = join(folder.path, "status.tar.gz");
    const env = { CI_JOB_TOKEN: "pl4nted-token", GOPROXY: "https://me:pl4nted-proxy@proxy.example" };
    const profile = Buffer.from("export TOKEN=pl4nted-in-a-profile\n").toString("base64");
    await writeFile(join(root, "state", "lock.txt"), "");
    await goferry(["trust", "allow-private", "pl4nted-token.example/x", "--root", root], {
      cwd: folder.path,
      env,
    });
    const { code, stdout } = await status(["--archive", file], env);
    expect(code).toBe(0);
    expect(stdout).toContain("CONTENTS.txt");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { stdout: listed } = await run("tar", ["tzf", file]);
    const names = listed
      .trim()
      .split("\n")
      .map((name) => name.replace("goferry-status/", ""));
    for (const name of [
      "versions.txt",
      "status.txt",
      "state/state.json",
      "state/audit.jsonl",
      "df.txt",
      "mounts.txt",
      "go-env.txt",
      "files.txt",
    ]) {
      expect(names).toContain(name);
    }
    expect(names.filter((name) => name.endsWith(".log")).length).toBeGreaterThan(0);
    expect((await status(["--archive", file])).code).toBe(2);

    // A root in trouble: a journal that names a profile, and a state that cannot be read.
    await writeFile(
      join(root, "state", "journal.json"),
      `{\n  "data": "${profile}",\n  "journalVersion": 1\n}\n`,
    );
    await writeFile(join(root, "state", "state.json"), "{");
    const broken = join(folder.path, "broken.tar.gz");
    const second = await status(["--archive", broken], env);
    expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining("STATE_DAMAGED") });
    const text = gunzipSync(await readFile(broken)).toString("utf8");
    expect(text).toContain('"data": "(34 bytes)"');
    expect(text).toContain("STATE_DAMAGED");
    for (const each of [text, gunzipSync(await readFile(file)).toString("utf8")]) {
      expect(each).not.toContain("pl4nted");
      expect(each).not.toContain(profile);
    }
  });
});
