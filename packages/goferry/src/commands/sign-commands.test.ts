// sign, and the commands that make, sign and take over trust updates.

import { copyFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle, type TestBundle } from "../testing/bundle.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const log = checksumLog();
const ALLOW = ["--log-key", log.vkey, "--allow-private", "corp.example.com/*"];

let folder: Awaited<ReturnType<typeof testFolder>>;
let bundle: TestBundle;
let officer: { privateKey: string; publicKey: string; fingerprint: string };

beforeAll(async () => {
  folder = await testFolder();
  bundle = await makeBundle(folder.path, { platform: PLATFORM, log });
  const make = ["key", "generate", "--name", "Officer", "--email", "officer@example.com", "--no-passphrase"];
  const { fingerprint } = (
    await goferry([...make, "--out", "officer", "--json"], { cwd: folder.path })
  ).json();
  officer = {
    privateKey: join(folder.path, "officer/private.asc"),
    publicKey: join(folder.path, "officer/public.asc"),
    fingerprint: String(fingerprint),
  };
});

afterAll(() => folder[Symbol.asyncDispose]());

interface Desk extends AsyncDisposable {
  path: string;
  file: string;
  run(...words: string[]): Promise<TestResult>;
  code(...words: string[]): Promise<string>;
}

async function newDesk(): Promise<Desk> {
  const { path, ...rest } = await testFolder();
  const file = join(path, "site.tar");
  await copyFile(bundle.file, file);
  const run = async (...words: string[]): Promise<TestResult> =>
    await goferry(words, { cwd: path, env: { GOFERRY_ROOT: join(path, "root") } });
  return {
    path,
    file,
    run,
    async code(...words) {
      const { error } = (await run(...words, "--json")).json() as { error?: { code: string } };
      return error?.code ?? "done";
    },
    [Symbol.asyncDispose]: rest[Symbol.asyncDispose],
  };
}

describe("sign", () => {
  it("adds a signature, says who has signed, and refuses the same key again", async () => {
    await using desk = await newDesk();
    const sign = ["sign", "site.tar", "--sign-key", officer.privateKey, "--key", bundle.publicKey, ...ALLOW];
    const tried = await desk.run(...sign, "--dry-run");
    expect(tried.stdout).toContain(`would sign  ${officer.fingerprint}`);
    expect(await readFile(desk.file)).toEqual(await readFile(bundle.file));
    const signed = await desk.run(...sign);
    expect(signed.code).toBe(0);
    expect(signed.stdout).toContain("Signed tiny (serial 1795237200)");
    expect(signed.stdout).toContain(`signed now  ${officer.fingerprint}`);
    expect(signed.stdout).toContain(`before      ${bundle.fingerprint} Site builds`);
    expect(signed.stdout).toContain("in all      2 signatures");
    expect(await desk.code(...sign)).toBe("ALREADY_SIGNED");
    const keys = ["--key", bundle.publicKey, "--key", officer.publicKey];
    const verify = ["verify", "site.tar", ...keys, "--min-signatures", "2", ...ALLOW];
    expect(await desk.code(...verify)).toBe("done");
  });

  it("writes elsewhere with --out, and tells the same with --json", async () => {
    await using desk = await newDesk();
    const keys = ["--sign-key", officer.privateKey, "--key", bundle.publicKey, ...ALLOW];
    const result = await desk.run("sign", "site.tar", ...keys, "--out", "signed.tar", "--json");
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.json()).toMatchObject({
      file: join(desk.path, "signed.tar"),
      name: "tiny",
      added: [officer.fingerprint],
      trusted: [bundle.fingerprint],
      signatureCount: 2,
      logged: 2,
    });
    expect(await readFile(desk.file)).toEqual(await readFile(bundle.file));
  });

  it("goes by keys that are trusted already, and is not kept from it by how many must sign", async () => {
    await using desk = await newDesk();
    for (const { publicKey, fingerprint } of [bundle, officer])
      await desk.run("trust", "add", publicKey, "--fingerprint", fingerprint, "--user");
    await desk.run("trust", "require", "2", "--user");
    expect(await desk.code("verify", "site.tar", ...ALLOW)).toBe("SIGNATURE_MISSING");
    expect(await desk.code("sign", "site.tar", "--sign-key", officer.privateKey, ...ALLOW)).toBe("done");
    expect(await desk.code("verify", "site.tar", ...ALLOW)).toBe("done");
  });

  it("wants to know who signs, by a full fingerprint where gpg does, and each once", async () => {
    await using desk = await newDesk();
    const sign = ["sign", "site.tar", "--key", bundle.publicKey, ...ALLOW];
    expect(await desk.code(...sign)).toBe("ARGUMENT_INVALID");
    expect(await desk.code(...sign, "--sign-with-gpg", officer.fingerprint.slice(-16))).toBe(
      "ARGUMENT_INVALID",
    );
    const twice = ["--sign-key", officer.privateKey, "--sign-key", officer.privateKey];
    expect(await desk.code(...sign, ...twice)).toBe("ARGUMENT_INVALID");
    // It need not be there for this: the PATH of the test leads to it or does not.
    const none = await goferry([...sign, "--sign-with-gpg", officer.fingerprint, "--json"], {
      cwd: desk.path,
      env: { PATH: join(desk.path, "empty") },
    });
    expect(none.json()).toMatchObject({ error: { code: "GPG_MISSING" } });
    expect(await desk.code(...sign, "--sign-key", join(desk.path, "absent.asc"))).toBe("NOT_FOUND");
  });

  it("says when a list of hashes beside the bundle is no longer right", async () => {
    await using desk = await newDesk();
    await writeFile(join(desk.path, "SHA256SUMS"), `${"0".repeat(64)}  site.tar\n`);
    const keys = ["--sign-key", officer.privateKey, "--key", bundle.publicKey];
    const signed = await desk.run("sign", "site.tar", ...keys, ...ALLOW);
    expect(signed.code).toBe(0);
    expect(signed.stderr).toMatch(/SHA256SUMS has the\s+hash that site\.tar had before/u);
  });
});

describe("trust updates", () => {
  it("are made, shown, signed by a second key, and taken over", async () => {
    await using desk = await newDesk();
    for (const { publicKey, fingerprint } of [bundle, officer])
      await desk.run("trust", "add", publicKey, "--fingerprint", fingerprint);
    await desk.run("trust", "require", "2");
    const make = ["key", "generate", "--name", "New", "--email", "new@example.com", "--no-passphrase"];
    const fresh = String((await desk.run(...make, "--out", "new", "--json")).json()["fingerprint"]);
    const change = ["--add", "new/public.asc", "--revoke", bundle.fingerprint];
    const words = ["trust", "make-update", ...change, "--out", "keys-1.json"];
    const tried = await desk.run(...words, "--dry-run");
    expect(tried.stdout).toContain("Would be so: Made update 1");
    await expect(stat(join(desk.path, "keys-1.json"))).rejects.toMatchObject({ code: "ENOENT" });
    const made = await desk.run(...words, "--sign-key", bundle.privateKey);
    expect(made.stdout).toBe(
      [
        "Made update 1",
        `  file       ${join(desk.path, "keys-1.json")}`,
        "  sequence   1, created 2026-11-21T06:00:00Z",
        `  adds       ${fresh} New <new@example.com>`,
        `  revokes    ${bundle.fingerprint}`,
        "  signed by  1 key",
        "",
      ].join("\n"),
    );
    expect(await desk.code("trust", "update", "keys-1.json")).toBe("SIGNATURE_MISSING");
    const sign = ["trust", "sign-update", "keys-1.json", "--sign-key", officer.privateKey];
    expect((await desk.run("trust", "sign-update", "keys-1.json", "--dry-run")).stdout).toContain(fresh);
    expect((await desk.run(...sign, "--json")).json()).toMatchObject({ sequence: 1, signatureCount: 2 });
    expect(await desk.code(...sign)).toBe("ALREADY_SIGNED");
    const taken = await desk.run("trust", "update", "keys-1.json");
    expect(taken.code).toBe(0);
    expect(taken.stdout).toContain(`took over sequence 1: +${fresh} -${bundle.fingerprint}`);
    expect((await desk.run("trust", "update", "keys-1.json", "--json")).json()).toMatchObject({
      changed: false,
      update: { sequence: 1 },
    });
    const after = ["--after", "keys-1.json", "--min-signatures", "1", "--out", "keys-2.json"];
    const shown = await desk.run("trust", "make-update", ...after, "--dry-run");
    for (const each of [`${fresh} New <new@example.com>`, bundle.fingerprint])
      expect(shown.stdout).toContain(`${each}, taken over from --after\n`);
    const next = await desk.run("trust", "make-update", ...after, "--sign-key", officer.privateKey, "--json");
    expect(next.json()).toMatchObject({ sequence: 2, minSignatures: 1, add: [{ fingerprint: fresh }] });
    // The file that an update continues must be signed by a key that counts, named or trusted here.
    const unsigned = join(desk.path, "unsigned.json");
    await desk.run("trust", "make-update", "--add", "new/public.asc", "--out", unsigned);
    const on = (file: string): string[] => ["trust", "make-update", "--after", file, "--out", "keys-3.json"];
    expect(await desk.code(...on(unsigned), "--revoke", bundle.fingerprint)).toBe("SIGNATURE_MISSING");
    const strange = [...on("keys-1.json"), "--min-signatures", "1", "--key", "new/public.asc"];
    expect(await desk.code(...strange)).toBe("SIGNATURE_UNTRUSTED");
    const old = [...on("keys-1.json"), "--min-signatures", "1", "--key", bundle.publicKey];
    expect((await desk.run(...old, "--json")).json()).toMatchObject({ sequence: 2 });
    expect(await desk.code("trust", "update", join(desk.path, "absent.json"))).toBe("NOT_FOUND");
    expect(await desk.code("trust", "update", desk.file)).toBe("DOCUMENT_INVALID");
    expect(await desk.code("trust", "make-update", "--out", "keys-3.json")).toBe("ARGUMENT_INVALID");
  });
});
