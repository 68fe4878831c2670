// trust add, remove, revoke, require and list; and which keys install, verify and diff go by when none is named.

import { copyFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { treeContents } from "../../../../test/kit/tree.ts";
import { goPlatform } from "../machine.ts";
import { makeBundle, type TestBundle } from "../testing/bundle.ts";
import { goferry, testFolder, type TestResult } from "../testing/terminal.ts";

const PLATFORM = goPlatform({ os: process.platform, arch: process.arch });
const log = checksumLog();
const ALLOW = ["--log-key", log.vkey, "--allow-private", "corp.example.com/*"];

let folder: Awaited<ReturnType<typeof testFolder>>;
let bundle: TestBundle;
/** Another key that nobody signed with. */
let other: { file: string; fingerprint: string };

beforeAll(async () => {
  folder = await testFolder();
  bundle = await makeBundle(folder.path, { platform: PLATFORM, log });
  const make = ["key", "generate", "--name", "Other", "--email", "other@example.com", "--no-passphrase"];
  const made = await goferry([...make, "--out", "other", "--json"], { cwd: folder.path });
  other = { file: join(folder.path, "other/public.asc"), fingerprint: String(made.json()["fingerprint"]) };
});

afterAll(() => folder[Symbol.asyncDispose]());

interface Host extends AsyncDisposable {
  path: string;
  root: string;
  run(...words: string[]): Promise<TestResult>;
  /** Code of the error, or "done". */
  code(...words: string[]): Promise<string>;
}

async function newHost(): Promise<Host> {
  const { path, ...rest } = await testFolder();
  const root = join(path, "root");
  const run = async (...words: string[]): Promise<TestResult> =>
    await goferry(words, { cwd: path, env: { GOFERRY_ROOT: root } });
  return {
    path,
    root,
    run,
    async code(...words) {
      const { error } = (await run(...words, "--json")).json() as { error?: { code: string } };
      return error?.code ?? "done";
    },
    [Symbol.asyncDispose]: rest[Symbol.asyncDispose],
  };
}

describe("trust add", () => {
  it("takes the fingerprint as it is printed, and shows what is trusted", async () => {
    await using host = await newHost();
    const { fingerprint } = bundle;
    const spaced = fingerprint.toLowerCase().replaceAll(/.{4}/gu, "$& ");
    const added = await host.run("trust", "add", bundle.publicKey, "--fingerprint", spaced);
    expect(added).toMatchObject({ code: 0, stderr: "" });
    const rows =
      `  keys    ${fingerprint} Site builds <builds@example.com>\n` +
      "  needed  1 signature, by any of 1 key\n";
    expect(added.stdout).toBe(
      `${host.root}: trusts ${fingerprint} Site builds <builds@example.com>\n${rows}`,
    );
    const again = await host.run("trust", "add", bundle.publicKey, "--fingerprint", fingerprint, "--json");
    expect(again.json()).toMatchObject({ changed: false, keys: [{ fingerprint, expires: null }] });
    expect((await host.run("trust", "list")).stdout).toContain(`keys     ${fingerprint} Site builds`);
    expect((await host.run("trust", "list", "--user")).stdout).toBe(
      "The trust of this user\n  keys  none; every command needs --key where the root has none either\n",
    );
  });

  it("refuses a fingerprint that is short, of another key, or wrong, and makes no root", async () => {
    await using host = await newHost();
    const add = async (fpr: string, file = bundle.publicKey) =>
      await host.code("trust", "add", file, "--fingerprint", fpr);
    expect(await add(bundle.fingerprint.slice(-16))).toBe("ARGUMENT_INVALID");
    expect(await add(bundle.fingerprint.slice(1))).toBe("ARGUMENT_INVALID");
    expect(await add(`${bundle.fingerprint}00`)).toBe("ARGUMENT_INVALID");
    expect(await add(other.fingerprint)).toBe("FINGERPRINT_MISMATCH");
    expect(await add(bundle.fingerprint, join(folder.path, "private.asc"))).toBe("KEY_INVALID");
    const both = join(host.path, "both.asc");
    await writeFile(both, (await readFile(bundle.publicKey, "utf8")) + (await readFile(other.file, "utf8")));
    expect(await add(bundle.fingerprint, both)).toBe("KEY_INVALID");
    expect(await add(bundle.fingerprint, join(host.path, "absent.asc"))).toBe("NOT_FOUND");
    await expect(stat(host.root)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("without --key", () => {
  it("install, verify and diff go by the root's keys, else by the user's", async () => {
    await using host = await newHost();
    const verify = ["verify", bundle.file, ...ALLOW];
    const copy = join(host.path, "copy.tar");
    await copyFile(bundle.file, copy);
    const all = [verify, ["diff", bundle.file, copy], ["install", bundle.file, ...ALLOW]];
    for (const words of all) expect(await host.code(...words)).toBe("ARGUMENT_INVALID");
    await host.run("trust", "add", other.file, "--fingerprint", other.fingerprint);
    for (const words of all) expect(await host.code(...words)).toBe("SIGNATURE_UNTRUSTED");
    await host.run("trust", "remove", other.fingerprint);
    const before = await treeContents(host.root);
    await host.run("trust", "add", bundle.publicKey, "--fingerprint", bundle.fingerprint, "--user");
    expect(await host.code("trust", "require", "2", "--user")).toBe("KEYS_TOO_FEW");
    // What the user trusts is no business of the root's, nor of its logs.
    expect(await treeContents(host.root)).toEqual(before);
    for (const words of all) expect(await host.code(...words)).toBe("done");
    // The root's own decision comes before the user's.
    await host.run("trust", "add", other.file, "--fingerprint", other.fingerprint);
    for (const words of all) expect(await host.code(...words)).toBe("SIGNATURE_UNTRUSTED");
    for (const words of all) expect(await host.code(...words, "--key", bundle.publicKey)).toBe("done");
  });

  it("a root that asks for two signatures gets them, whatever is said on the command line", async () => {
    await using host = await newHost();
    const install = ["install", bundle.file, ...ALLOW];
    await host.run("trust", "add", bundle.publicKey, "--fingerprint", bundle.fingerprint);
    expect(await host.code("trust", "require", "2")).toBe("KEYS_TOO_FEW");
    expect(await host.code("trust", "require", "0")).toBe("ARGUMENT_INVALID");
    await host.run("trust", "add", other.file, "--fingerprint", other.fingerprint);
    expect(await host.code("trust", "require", "2")).toBe("done");
    expect(await host.code(...install)).toBe("SIGNATURE_MISSING");
    expect(await host.code(...install, "--min-signatures", "1")).toBe("SIGNATURE_MISSING");
    expect(await host.code(...install, "--key", bundle.publicKey)).toBe("KEYS_TOO_FEW");
    const named = ["--key", bundle.publicKey, "--key", other.file];
    expect(await host.code(...install, ...named)).toBe("SIGNATURE_MISSING");
    expect(await host.code("trust", "require", "1")).toBe("done");
    expect(await host.code(...install)).toBe("done");
  });

  it("a key that was revoked is refused, named or not, and nothing is left but to say so", async () => {
    await using host = await newHost();
    const install = ["install", bundle.file, ...ALLOW];
    await host.run("trust", "add", bundle.publicKey, "--fingerprint", bundle.fingerprint);
    await host.run("trust", "add", other.file, "--fingerprint", other.fingerprint);
    await host.run("trust", "require", "2");
    const revoked = await host.run("trust", "revoke", bundle.fingerprint);
    expect(revoked.code).toBe(0);
    expect(revoked.stderr).toContain("nothing is accepted here until");
    expect(revoked.stdout).toContain(`revoked  ${bundle.fingerprint}`);
    expect(await host.code(...install, "--key", bundle.publicKey)).toBe("KEY_REVOKED");
    expect(await host.code(...install)).toBe("KEYS_TOO_FEW");
    await host.run("trust", "require", "1");
    const refused = await host.run(...install);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/the key that made the signature is\s+revoked here/u);
    expect(await host.code("verify", bundle.file, ...ALLOW, "--key", bundle.publicKey)).toBe("KEY_REVOKED");
  });
});
