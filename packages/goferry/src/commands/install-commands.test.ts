// install and list, with one small bundle.

import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle, type TestBundle } from "../testing/bundle.ts";
import { goferry, testFolder } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const log = checksumLog();
const ALLOW = ["--log-key", log.vkey, "--allow-private", "corp.example.com/*"];

let folder: Awaited<ReturnType<typeof testFolder>>;
let bundle: TestBundle;

beforeAll(async () => {
  folder = await testFolder();
  bundle = await makeBundle(folder.path, { platform: PLATFORM, log });
});

function installWords(): string[] {
  return ["install", bundle.file, "--key", bundle.publicKey, ...ALLOW];
}

afterAll(() => folder[Symbol.asyncDispose]());

describe("install and list", () => {
  it("installs in the user's own folder, says what to type, and does nothing the second time", async () => {
    await using host = await testFolder();
    const root = join(host.path, "home/.local/share/goferry");
    const first = await goferry(installWords(), { cwd: host.path });
    expect(first.stderr).toMatch(/^(?:goferry: [A-Z][^\n]*\n)+$/u);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain(`Installed tiny (serial 1795237200) in ${root}`);
    expect(first.stdout).toContain(`export PATH=${root}/bin:$PATH`);
    expect(first.stdout).toContain(bundle.fingerprint);
    expect(await readFile(join(root, "sdk/go1.27.1/VERSION"), "utf8")).toBe("go1.27.1\n");

    const env = { PATH: `${root}/bin:/usr/bin:/bin` };
    const second = await goferry([...installWords(), "--json"], { cwd: host.path, env });
    expect(second.code).toBe(0);
    expect(second.json()).toMatchObject({ changed: false, generation: 1, current: "1.27.1", changes: [] });

    const third = await goferry(installWords(), { cwd: host.path, env });
    expect(third.stdout).toContain("Nothing to do");
    expect(third.stdout).toContain(`has ${root}/bin already`);

    const listed = await goferry(["list"], { cwd: folder.path, env: { GOFERRY_ROOT: root } });
    expect(listed).toMatchObject({ code: 0, stderr: "" });
    expect(listed.stdout).toMatch(
      /1\.27\.1 \S+, [\d.]+ k?B \(current\)[^]*generations +1, 2\S+ by install \S*tiny\.tar: Go 1\.27\.1, 2 modules/u,
    );
    expect(listed.stdout).toContain(`signed by ${bundle.fingerprint}`);
    expect(listed.stdout).toMatch(/modules +2, and 0 [^]*private +1 unit under corp\.example\.com/u);
    expect((await goferry(["list", "--json"], { cwd: host.path })).json()).toMatchObject({
      root,
      generation: 1,
      current: "1.27.1",
      sdks: [{ version: "1.27.1", current: true }],
      bundles: [{ name: "tiny" }],
      counts: { modules: 2, gomods: 0, private: 1 },
      serials: [{ name: "tiny", serial: 1795237200 }],
    });
  });

  it("says of each unit what vouches for it", async () => {
    await using host = await testFolder();
    const options = { cwd: host.path };
    await goferry(installWords(), options);
    const shown = await goferry(["list", "--evidence"], options);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toMatch(/log +sum\.example\.com, key [0-9a-f]{8}, tree of 4 records, hash /u);
    expect(shown.stdout).toMatch(
      /example\.com\/logged@v1\.2\.3\n +h1:\S+, record 1, from tiny serial 1795237200/u,
    );
    expect(shown.stdout).toMatch(
      /secret@v0\.1\.0\n +h1:\S+, private, under corp\.example\.com\/\*, from tiny/u,
    );
    const told = (await goferry(["list", "--evidence", "--json"], options)).json();
    expect(told["log"]).toMatchObject({ name: "sum.example.com", treeSize: 4, continues: [] });
    const bundles = [{ name: "tiny", serial: 1795237200, treeSize: 4, signers: [bundle.fingerprint] }];
    expect(told["units"]).toMatchObject([
      { kind: "toolchain", path: "golang.org/toolchain", record: 0, pattern: null, bundles },
      { path: "corp.example.com/secret", record: null, pattern: "corp.example.com/*", bundles },
      { path: "example.com/logged", version: "v1.2.3", record: 1, pattern: null, bundles },
    ]);
  });

  it("installs a part, says so, and the rest of it later", async () => {
    await using host = await testFolder();
    const options = { cwd: folder.path };
    const to = ["--root", join(host.path, "root")];
    const part = await goferry([...installWords(), ...to, "--only", " go1.27.1, ", "--no-modules"], options);
    expect(part.code).toBe(0);
    expect(part.stdout).toContain("Installed a part of tiny (serial 1795237200)");
    const listed = await goferry(["list", ...to], options);
    expect(listed.stdout).toMatch(/tiny, serial 1795237200, in part, installed/u);
    expect(listed.stdout).not.toMatch(/projects/u);
    const again = await goferry([...installWords(), ...to, "--only", "1.27.1", "--no-modules"], options);
    expect(again.stdout).toContain("has this part of tiny");
    const more = await goferry([...installWords(), ...to, "--project", "app", "--json"], options);
    expect(more.json()).toMatchObject({
      changed: true,
      selected: { go: "all", modules: { projects: ["app"] } },
      added: { sdks: [], modules: 2 },
    });
    expect((await goferry(["list", ...to], options)).stdout).toMatch(/projects +app/u);
  });

  it.each([
    [["--project", "app", "--no-modules"], 2, "ARGUMENT_INVALID"],
    [["--only", "go1.27.1,new"], 2, "ARGUMENT_INVALID"],
    [["--only", "go1.26.8"], 7, "NOT_FOUND"],
    [["--project", "app,web"], 7, "NOT_FOUND"],
  ])("refuses the part %j", async (part, code, name) => {
    await using host = await testFolder();
    const root = join(host.path, "root");
    const result = await goferry([...installWords(), "--root", root, ...part, "--json"], {
      cwd: folder.path,
    });
    expect(result.code).toBe(code);
    expect(result.json()).toMatchObject({ error: { code: name } });
    expect(await stat(root).catch(() => "absent")).toBe("absent");
  });

  it("uses a version that is there, and names those that are", async () => {
    await using host = await testFolder();
    const options = { cwd: folder.path };
    const to = ["--root", join(host.path, "root")];
    await goferry([...installWords(), ...to], options);
    const same = await goferry(["use", "go1.27.1", ...to], options);
    expect(same).toMatchObject({ code: 0, stderr: "" });
    expect(same.stdout).toContain("Nothing to do");
    const absent = await goferry(["use", "1.26", ...to, "--json"], options);
    expect(absent.code).toBe(7);
    expect(absent.json()).toMatchObject({ error: { code: "NOT_FOUND", expected: "one of 1.27.1" } });
    const wrong = await goferry(["use", "./go", ...to, "--json"], options);
    expect(wrong.code).toBe(2);
    expect(wrong.json()).toMatchObject({ error: { code: "ARGUMENT_INVALID", subject: "VERSION" } });
  });

  it("names what overrides our settings, with the command that mends it", async () => {
    await using host = await testFolder();
    const env = { GOFLAGS: "-mod=mod", GOFERRY_KEY_PASSPHRASE: "not for Go" };
    const options = { cwd: folder.path, env };
    const root = join(host.path, "root");
    const { code, stderr } = await goferry([...installWords(), "--root", root], options);
    expect(code).toBe(0);
    expect(stderr).toContain("SETTING_OVERRIDDEN GOFLAGS");
    expect(stderr).toContain("next: unset GOFLAGS");
    const quiet = await goferry([...installWords(), "--root", root, "--quiet"], options);
    expect(quiet).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const json = await goferry([...installWords(), "--root", root, "--json"], options);
    expect(json.stderr).toBe("");
    expect(json.json()).toMatchObject({ overrides: [{ subject: "GOFLAGS", next: "unset GOFLAGS" }] });
  });

  it("changes nothing with --dry-run", async () => {
    await using host = await testFolder();
    const root = join(host.path, "root");
    const { code, stdout } = await goferry([...installWords(), "--root", root, "--dry-run"], {
      cwd: folder.path,
    });
    expect(code).toBe(0);
    expect(stdout).toContain("Would install tiny");
    expect(stdout).toContain("sdk/go1.27.1");
    expect(await stat(root).catch(() => "absent")).toBe("absent");
    const result = await goferry([...installWords(), "--root", root, "--dry-run", "--json"], {
      cwd: folder.path,
    });
    expect(result.json()).toMatchObject({ changed: true, dryRun: true, generation: 0, current: null });
  });

  it("refuses a machine that the bundle is not for", async () => {
    await using host = await testFolder();
    const result = await goferry([...installWords(), "--root", join(host.path, "root"), "--json"], {
      cwd: folder.path,
      system: { arch: "s390x" },
    });
    expect(result.code).toBe(4);
    expect(result.json()).toMatchObject({ error: { code: "PLATFORM_ABSENT", expected: "linux/s390x" } });
  });

  it("gives up when it is interrupted, and leaves nothing", async () => {
    await using host = await testFolder();
    const reason = new GoferryError("INTERRUPTED", { subject: "goferry", message: "stopped by the test" });
    const root = join(host.path, "root");
    const result = await goferry([...installWords(), "--root", root, "--json"], {
      cwd: folder.path,
      signal: AbortSignal.abort(reason),
    });
    expect(result.code).toBe(130);
    expect(result.json()).toMatchObject({ error: { code: "INTERRUPTED" } });
    expect(await stat(join(root, "sdk")).catch(() => "absent")).toBe("absent");
  });

  it("refuses a root that cannot be one", async () => {
    const { code, stderr } = await goferry([...installWords(), "--root", "a:b"], { cwd: folder.path });
    expect(code).toBe(4);
    expect(stderr).toMatch(/^goferry: ROOT_NAME_REFUSED /mu);
  });

  it("lists an empty root, and refuses a damaged state", async () => {
    await using host = await testFolder();
    const empty = await goferry(["list", "--root", host.path], { cwd: host.path });
    expect(empty).toMatchObject({ code: 0, stdout: `Nothing is installed in ${host.path}\n` });
    const state = join(host.path, "state");
    await mkdir(state);
    await writeFile(join(state, "state.json"), "{");
    const damaged = await goferry(["list", "--root", host.path, "--json"], { cwd: host.path });
    expect(damaged.code).toBe(6);
    expect(damaged.json()).toMatchObject({ error: { code: "STATE_DAMAGED" } });
  });
});
