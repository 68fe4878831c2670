// verify, inspect, install and list, with one small bundle.

import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { damageLayer, makeBundle, type TestBundle } from "../testing/bundle.ts";
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

afterAll(() => folder[Symbol.asyncDispose]());

describe("verify", () => {
  it("says who signed, what is in it and what was checked", async () => {
    const { code, stdout, stderr } = await goferry(["verify", "tiny.tar", "--key", "public.asc", ...ALLOW], {
      cwd: folder.path,
    });
    expect(stderr).toBe("goferry: Verifying\n");
    expect(code).toBe(0);
    expect(stdout).toContain(`${bundle.fingerprint} Site builds <builds@example.com>, 2026-11-21T05:00:00Z`);
    expect(stdout).toContain("corp.example.com/secret@v0.1.0");
    expect(stdout).toContain("2 of 3 units");
    expect(stdout).toContain("sum.example.com, tree of 4 records");
    expect(stdout).not.toContain("not checked");
  });

  it("says with --json the same as one object", async () => {
    const result = await goferry(["verify", "tiny.tar", "--key", "public.asc", ...ALLOW, "--json"], {
      cwd: folder.path,
    });
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.json()).toMatchObject({
      verified: true,
      quick: false,
      file: bundle.file,
      name: "tiny",
      serial: 1795237200,
      expires: null,
      go: ["1.27.1"],
      platforms: [PLATFORM],
      counts: { toolchains: 1, modules: 2, gomods: 0, private: 1 },
      private: ["corp.example.com/secret@v0.1.0"],
      allowPrivate: ["corp.example.com/*"],
      log: { name: "sum.example.com", treeSize: 4 },
      logged: 2,
      notChecked: [],
      signatures: [{ fingerprint: bundle.fingerprint, created: "2026-11-21T05:00:00Z" }],
    });
  });

  it("says with --quick what it did not check", async () => {
    const arguments_ = ["verify", "tiny.tar", "--key", "public.asc", "--quick"];
    const { code, stdout } = await goferry(arguments_, { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toMatch(/not checked .*log proofs/u);
    expect((await goferry([...arguments_, "--json"], { cwd: folder.path })).json()).toMatchObject({
      verified: true,
      quick: true,
      logged: null,
      notChecked: expect.arrayContaining(["log proofs"]),
    });
  });

  it("refuses a private module that nobody allowed", async () => {
    const result = await goferry(
      ["verify", bundle.file, "--key", bundle.publicKey, "--log-key", log.vkey, "--json"],
      { cwd: folder.path },
    );
    expect(result.code).toBe(3);
    expect(result.json()).toMatchObject({
      error: { code: "PRIVATE_REFUSED", subject: "corp.example.com/secret@v0.1.0" },
    });
  });

  it.each(["other.example.com/*", "corp.example.com/secret/v2", "secret"])(
    "does not take the pattern %s for one that allows it",
    async (pattern) => {
      const { code, stderr } = await goferry(
        ["verify", bundle.file, "--key", bundle.publicKey, "--log-key", log.vkey, "--allow-private", pattern],
        { cwd: folder.path },
      );
      expect(code).toBe(3);
      expect(stderr).toContain("PRIVATE_REFUSED");
    },
  );

  it("refuses log proofs of another database than the one that is trusted", async () => {
    const { code, stderr } = await goferry(
      ["verify", bundle.file, "--key", bundle.publicKey, "--allow-private", "corp.example.com"],
      { cwd: folder.path },
    );
    expect(code).toBe(3);
    expect(stderr).toContain("LOG_MISMATCH");
  });

  it.each(["verify", "verify --quick", "install"])("refuses a damaged bundle: %s", async (words) => {
    await using other = await testFolder();
    const damaged = join(other.path, "damaged.tar");
    await copyFile(bundle.file, damaged);
    await damageLayer(damaged);
    const result = await goferry(
      [...words.split(" "), damaged, "--key", bundle.publicKey, ...ALLOW, "--json"],
      { cwd: other.path },
    );
    expect(result.json()).toMatchObject({ error: { code: "CHUNK_MISMATCH" } });
    expect(result.code).toBe(3);
  });

  it("wants as many signatures as are asked for", async () => {
    const { code, stderr } = await goferry(
      ["verify", bundle.file, "--key", bundle.publicKey, "--min-signatures", "2", ...ALLOW],
      { cwd: folder.path },
    );
    expect(code).toBe(3);
    expect(stderr).toContain("SIGNATURE_MISSING");
  });

  it("refuses a signature by a key that is not named", async () => {
    await using other = await testFolder();
    await makeBundle(other.path, { platform: PLATFORM, log: checksumLog() });
    const result = await goferry(["verify", bundle.file, "--key", join(other.path, "public.asc"), "--json"], {
      cwd: other.path,
    });
    expect(result.code).toBe(3);
    expect(result.json()).toMatchObject({ error: { code: "SIGNATURE_UNTRUSTED" } });
  });

  it("warns of a bundle that has expired", async () => {
    await using other = await testFolder();
    const its = checksumLog();
    await makeBundle(other.path, { platform: PLATFORM, log: its, expires: "2026-11-21T05:30:00Z" });
    const { code, stderr } = await goferry(
      [
        "verify",
        "tiny.tar",
        "--key",
        "public.asc",
        "--log-key",
        its.vkey,
        "--allow-private",
        "corp.example.com",
      ],
      { cwd: other.path },
    );
    expect(code).toBe(0);
    expect(stderr).toContain("expired at 2026-11-21T05:30:00Z");
  });

  it.each([
    {
      what: "a bundle that is not there",
      words: ["nope.tar", "--key", "public.asc"],
      exit: 7,
      error: "NOT_FOUND",
    },
    {
      what: "a file that is no bundle",
      words: ["public.asc", "--key", "public.asc"],
      exit: 3,
      error: "BUNDLE_MALFORMED",
    },
    { what: "a folder", words: [".", "--key", "public.asc"], exit: 6, error: "IO_FAILED" },
    {
      what: "a key that is not there",
      words: ["tiny.tar", "--key", "nope.asc"],
      exit: 7,
      error: "NOT_FOUND",
    },
    { what: "a secret key", words: ["tiny.tar", "--key", "private.asc"], exit: 2, error: "KEY_INVALID" },
    { what: "a key that is none", words: ["tiny.tar", "--key", "tiny.tar"], exit: 2, error: "KEY_INVALID" },
    { what: "no key", words: ["tiny.tar"], exit: 2, error: "ARGUMENT_INVALID" },
    { what: "no bundle", words: ["--key", "public.asc"], exit: 2, error: "ARGUMENT_INVALID" },
  ])("refuses $what", async ({ words, exit, error }) => {
    const result = await goferry(["verify", ...words, "--json"], { cwd: folder.path });
    expect(result.json()).toMatchObject({ error: { code: error } });
    expect(result.code).toBe(exit);
  });
});

describe("inspect", () => {
  it("says first that nothing is verified", async () => {
    const { code, stdout, stderr } = await goferry(["inspect", "tiny.tar"], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout.split("\n")[0]).toContain("NOT VERIFIED");
    expect(stdout).toContain("1.27.1");
  });

  it("lists units and layers with --json", async () => {
    const result = await goferry(["inspect", "tiny.tar", "--json"], { cwd: folder.path });
    expect(result.json()).toMatchObject({
      verified: false,
      name: "tiny",
      signatureCount: 1,
      layers: [{ kind: "sdk", go: "1.27.1" }, { kind: "sdk", platform: PLATFORM }, { kind: "mod" }],
      units: [
        { name: "corp.example.com/secret@v0.1.0", kind: "module", private: true },
        { name: "example.com/logged@v1.2.3", kind: "module", private: false },
        { kind: "toolchain", platform: PLATFORM },
      ],
    });
  });

  it("answers with --quiet too, because that is all it does", async () => {
    const { stdout } = await goferry(["inspect", "tiny.tar", "--quiet"], { cwd: folder.path });
    expect(stdout).toContain("NOT VERIFIED");
  });

  it("refuses what is no bundle", async () => {
    const { code, stderr } = await goferry(["inspect", "public.asc"], { cwd: folder.path });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^goferry: BUNDLE_MALFORMED /u);
  });
});

describe("install and list", () => {
  const words = ["install", "tiny.tar", "--key", "public.asc", ...ALLOW];

  it("installs in the user's own folder, says what to type, and does nothing the second time", async () => {
    await using host = await testFolder();
    const root = join(host.path, "home/.local/share/goferry");
    const words = ["install", bundle.file, "--key", bundle.publicKey, ...ALLOW];
    const first = await goferry(words, { cwd: host.path });
    expect(first.stderr).toMatch(/^(?:goferry: [A-Z][^\n]*\n)+$/u);
    expect(first.code).toBe(0);
    expect(first.stdout).toContain(`Installed tiny (serial 1795237200) in ${root}`);
    expect(first.stdout).toContain(`export PATH=${root}/bin:$PATH`);
    expect(first.stdout).toContain(bundle.fingerprint);
    expect(await readFile(join(root, "sdk/go1.27.1/VERSION"), "utf8")).toBe("go1.27.1\n");

    const env = { PATH: `${root}/bin:/usr/bin:/bin` };
    const second = await goferry([...words, "--json"], { cwd: host.path, env });
    expect(second.code).toBe(0);
    expect(second.json()).toMatchObject({ changed: false, generation: 1, current: "1.27.1", changes: [] });

    const third = await goferry(words, { cwd: host.path, env });
    expect(third.stdout).toContain("Nothing to do");
    expect(third.stdout).toContain(`has ${root}/bin already`);

    const listed = await goferry(["list"], { cwd: folder.path, env: { GOFERRY_ROOT: root } });
    expect(listed).toMatchObject({ code: 0, stderr: "" });
    expect(listed.stdout).toContain(`1.27.1 ${PLATFORM} (current)`);
    expect(listed.stdout).toContain(`signed by ${bundle.fingerprint}`);
    expect(listed.stdout).toMatch(/modules +2, and 0 .*1 private/u);
    expect((await goferry(["list", "--json"], { cwd: host.path })).json()).toMatchObject({
      root,
      generation: 1,
      current: "1.27.1",
      sdks: [{ version: "1.27.1", current: true }],
      bundles: [{ name: "tiny" }],
      counts: { modules: 2, gomods: 0, private: 1 },
    });
  });

  it("names what overrides our settings, with the command that mends it", async () => {
    await using host = await testFolder();
    const env = { GOFLAGS: "-mod=mod", GOFERRY_KEY_PASSPHRASE: "not for Go" };
    const options = { cwd: folder.path, env };
    const root = join(host.path, "root");
    const { code, stderr } = await goferry([...words, "--root", root], options);
    expect(code).toBe(0);
    expect(stderr).toContain("SETTING_OVERRIDDEN GOFLAGS");
    expect(stderr).toContain("next: unset GOFLAGS");
    const quiet = await goferry([...words, "--root", root, "--quiet"], options);
    expect(quiet).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const json = await goferry([...words, "--root", root, "--json"], options);
    expect(json.stderr).toBe("");
    expect(json.json()).toMatchObject({ overrides: [{ subject: "GOFLAGS", next: "unset GOFLAGS" }] });
  });

  it("changes nothing with --dry-run", async () => {
    await using host = await testFolder();
    const root = join(host.path, "root");
    const { code, stdout } = await goferry([...words, "--root", root, "--dry-run"], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toContain("Would install tiny");
    expect(stdout).toContain("sdk/go1.27.1");
    expect(await stat(root).catch(() => "absent")).toBe("absent");
    const result = await goferry([...words, "--root", root, "--dry-run", "--json"], { cwd: folder.path });
    expect(result.json()).toMatchObject({ changed: true, dryRun: true, generation: 0, current: null });
  });

  it("refuses a machine that the bundle is not for", async () => {
    await using host = await testFolder();
    const result = await goferry([...words, "--root", join(host.path, "root"), "--json"], {
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
    const result = await goferry([...words, "--root", root, "--json"], {
      cwd: folder.path,
      signal: AbortSignal.abort(reason),
    });
    expect(result.code).toBe(130);
    expect(result.json()).toMatchObject({ error: { code: "INTERRUPTED" } });
    expect(await stat(join(root, "sdk")).catch(() => "absent")).toBe("absent");
  });

  it("refuses a root that cannot be one", async () => {
    const { code, stderr } = await goferry([...words, "--root", "a:b"], { cwd: folder.path });
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
