// verify and inspect, with one small bundle.

import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
    expect(stdout).toMatch(/not checked +what depends on a host: [^\n]*\n?$/u);
    expect(stdout).toMatch(/key: ed25519, made 2026-11-21T05:00:00Z, does not expire/u);
    expect(stdout).toMatch(/needed +1 signature, by different ones of 1 trusted key/u);
    expect(stdout).toMatch(/compared +4 chunks in 4 layers, \d+ files/u);
    expect(stdout).toMatch(/tree hash \S{44}, signed by sum\.example\.com\+[0-9a-f]{8}/u);
    expect(stdout).not.toContain("findings");
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
      notChecked: [expect.stringMatching(/^what depends on a host/u)],
      unread: [],
      findings: [],
      moreFindings: 0,
      checkedAt: "2026-11-21T06:00:00Z",
      minSignatures: 1,
      continues: [],
      signatures: [
        {
          fingerprint: bundle.fingerprint,
          created: "2026-11-21T05:00:00Z",
          key: { algorithm: "ed25519", created: "2026-11-21T05:00:00Z", expires: null },
          signingKey: { algorithm: "ed25519" },
        },
      ],
    });
  });

  it("says with --quick what it did not check", async () => {
    const words = ["verify", "tiny.tar", "--key", "public.asc", "--quick"];
    const { code, stdout } = await goferry(words, { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toMatch(/not checked .*log proofs/u);
    expect((await goferry([...words, "--json"], { cwd: folder.path })).json()).toMatchObject({
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

  it.each(["verify", "verify --quick", "install"])("refuses a damaged bundle: %s", async (command) => {
    await using other = await testFolder();
    const damaged = join(other.path, "damaged.tar");
    await copyFile(bundle.file, damaged);
    await damageLayer(damaged);
    const result = await goferry(
      [...command.split(" "), damaged, "--key", bundle.publicKey, ...ALLOW, "--json"],
      { cwd: other.path },
    );
    expect(result.json()).toMatchObject({ error: { code: "CHUNK_MISMATCH" } });
    expect(result.code).toBe(3);
  });

  it("tells of everything that is wrong, on a terminal, as one object and in a file to be signed", async () => {
    await using other = await testFolder();
    const damaged = join(other.path, "damaged.tar");
    await copyFile(bundle.file, damaged);
    await damageLayer(damaged);
    const words = ["verify", damaged, "--key", bundle.publicKey, "--log-key", log.vkey];
    const shown = await goferry([...words, "--report", "report.txt"], { cwd: other.path });
    expect(shown.code).toBe(3);
    expect(shown.stdout).toMatch(/^The bundle is REFUSED: tiny, 2 findings\n/u);
    expect(shown.stdout).toMatch(/PRIVATE_REFUSED corp\.example\.com\/secret@v0\.1\.0: /u);
    expect(shown.stdout).toMatch(/CHUNK_MISMATCH \S+damaged\.tar, bytes \d+ to \d+: /u);
    expect(shown.stdout).toMatch(/not checked +files and h1 of 1 unit, whose layers cannot be unpacked/u);
    // And the first of it as every refusal is told.
    expect(shown.stderr).toMatch(/^goferry: PRIVATE_REFUSED corp\.example\.com/mu);
    const written = await readFile(join(other.path, "report.txt"), "utf8");
    expect(written.startsWith(shown.stdout)).toBe(true);
    expect(written).toMatch(/Checked by +_+ +on +_+\n/u);

    const json = await goferry([...words, "--json"], { cwd: other.path });
    expect(json).toMatchObject({ code: 3, stderr: "" });
    const findings = [
      { code: "PRIVATE_REFUSED", subject: "corp.example.com/secret@v0.1.0" },
      { code: "CHUNK_MISMATCH", expected: expect.stringMatching(/^[0-9a-f]{64}$/u) },
    ];
    const unread = [expect.stringMatching(/^golang\.org\/toolchain@/u)];
    expect(json.json()).toMatchObject({
      verified: false,
      error: findings[0],
      findings,
      moreFindings: 0,
      unread,
    });

    const quiet = await goferry([...words, "--quiet"], { cwd: other.path });
    expect(quiet).toMatchObject({ code: 3, stdout: "" });
    expect(quiet.stderr).toMatch(/^goferry: PRIVATE_REFUSED /u);
    const quick = await goferry([...words, "--quick", "--json"], { cwd: other.path });
    expect(quick.json()).toMatchObject({ verified: false, quick: true, findings: [findings[1]] });
  });

  it("does not write its report over a file", async () => {
    await using other = await testFolder();
    await writeFile(join(other.path, "report.txt"), "signed\n");
    const words = ["verify", bundle.file, "--key", bundle.publicKey, ...ALLOW, "--report", "report.txt"];
    const { code, stderr } = await goferry(words, { cwd: other.path });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^goferry: OUTPUT_EXISTS /mu);
    expect(await readFile(join(other.path, "report.txt"), "utf8")).toBe("signed\n");
  });

  it("wants as many signatures as are asked for", async () => {
    await using other = await testFolder();
    const make = ["key", "generate", "--name", "Other", "--email", "other@example.com", "--no-passphrase"];
    await goferry([...make, "--out", "keys"], { cwd: other.path });
    const words = ["verify", bundle.file, "--key", bundle.publicKey, "--min-signatures", "2", ...ALLOW];
    const alone = await goferry(words, { cwd: other.path });
    expect(alone.code).toBe(2);
    expect(alone.stderr).toContain("KEYS_TOO_FEW");
    const { code, stderr } = await goferry([...words, "--key", "keys/public.asc"], { cwd: other.path });
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
      layers: [
        { kind: "sdk", go: "1.27.1" },
        { kind: "sdk", platform: PLATFORM },
        { kind: "mod" },
        { kind: "log" },
      ],
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
