// Keys as a site lives with them, by real commands in processes of their own: a builder whose key is a file, an officer
// whose key only gpg-agent has, a host that wants both signatures, and a builder's key that is lost and replaced there by
// one signed file. The bundle is a small one, because nothing here depends on what is in it.

import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBundle, type TestBundle } from "../../packages/goferry/src/testing/bundle.ts";
import { outerEntries } from "../kit/changed-bundle.ts";
import { checksumLog } from "../kit/checksum-log.ts";
import { hasGpg, temporaryGpg, type Gpg } from "../kit/gpg.ts";
import { testPlatform } from "../kit/real-go.ts";
import { PLAIN_PATH, runGoferry, type GoferryResult } from "../kit/run-goferry.ts";
import { treeContents } from "../kit/tree.ts";

const gpgPresent = await hasGpg();
if (!gpgPresent) console.warn("gpg is not installed: two signers, one with gpg-agent, are not tested");

const log = checksumLog();
const ALLOW = ["--log-key", log.vkey, "--allow-private", "corp.example.com/*"];

let folder: string;
let builder: TestBundle;
let gpg: Gpg;
/** Fingerprint of the key that gpg-agent has, and the file of its public part. */
let officer: { fingerprint: string; publicKey: string };
/** The key that takes the place of the builder's. */
let fresh: { fingerprint: string; publicKey: string; privateKey: string };
const passphrase = "of the new key";

beforeAll(async () => {
  if (!gpgPresent) return;
  folder = await mkdtemp(join(tmpdir(), "goferry-keys-"));
  builder = await makeBundle(folder, { platform: testPlatform(), log });
  gpg = await temporaryGpg();
  const fingerprint = await gpg.generate("Officer <officer@example.com>", "ed25519");
  officer = { fingerprint, publicKey: await gpg.file("officer.asc", await gpg.export(fingerprint)) };
});

afterAll(async () => {
  if (!gpgPresent) return;
  await gpg[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function run(words: readonly string[], env: Record<string, string> = {}): Promise<GoferryResult> {
  const home = join(folder, "home");
  await mkdir(home, { recursive: true });
  return await runGoferry([...words, "--json"], {
    cwd: folder,
    env: { HOME: home, PATH: PLAIN_PATH, GNUPGHOME: gpg.home, ...env },
  });
}

async function done(...words: string[]): Promise<GoferryResult["json"]> {
  const result = await run(words);
  expect(result, words.join(" ")).toMatchObject({ code: 0 });
  return result.json;
}

async function refused(code: string, exit: number, ...words: string[]): Promise<void> {
  expect(await run(words), words.join(" ")).toMatchObject({ code: exit, json: { error: { code } } });
}

const root = (): string => join(folder, "root");
const install = (bundle: string): string[] => ["install", bundle, "--root", root(), ...ALLOW];

/** Everything in the root but what commands tell of themselves, which is another file each time. */
async function withoutLogs(): Promise<Record<string, string>> {
  const all = Object.entries(await treeContents(root()));
  return Object.fromEntries(all.filter(([path]) => !path.startsWith("state/logs")));
}

describe.runIf(gpgPresent)("a site with two signers", () => {
  it("makes a key that stock gpg reads as version 4, EdDSA", async () => {
    const made = await run(
      ["key", "generate", "--name", "New builds", "--email", "new@example.com", "--out", "new"],
      { GOFERRY_KEY_PASSPHRASE: passphrase },
    );
    expect(made).toMatchObject({ code: 0, json: { protected: true } });
    fresh = {
      fingerprint: String(made.json["fingerprint"]),
      publicKey: join(folder, "new/public.asc"),
      privateKey: join(folder, "new/private.asc"),
    };
    const shown = await gpg.run(["--with-colons", "--show-keys"], await readFile(fresh.publicKey));
    const lines = Buffer.from(shown).toString().split("\n");
    // The fourth field is the algorithm: 22 is EdDSA. A fingerprint of 40 digits is one of version 4.
    expect(lines.find((line) => line.startsWith("pub:"))?.split(":")[3]).toBe("22");
    expect(lines.find((line) => line.startsWith("fpr:"))?.split(":")[9]).toBe(fresh.fingerprint);
  });

  it("countersigns with the key in gpg-agent, and gpg verifies what came of it", async () => {
    await copyFile(builder.file, join(folder, "site.tar"));
    const words = ["sign", "site.tar", "--sign-with-gpg", officer.fingerprint, "--key", builder.publicKey];
    expect(await done(...words, ...ALLOW)).toMatchObject({
      added: [officer.fingerprint],
      trusted: [builder.fingerprint],
      signatureCount: 2,
    });
    await gpg.run(["--import"], await readFile(builder.publicKey));
    const entries = outerEntries(await readFile(join(folder, "site.tar")));
    const index = entries[3]?.content ?? Buffer.of();
    const armored = entries.filter(({ content }) => Buffer.from(content).toString().startsWith("-----BEGIN"));
    const verified: string[] = [];
    for (const [i, { content }] of armored.entries()) {
      const file = await gpg.file(`${i}.asc`, content);
      const status = Buffer.from(
        await gpg.run(["--status-fd", "1", "--verify", file, "-"], index),
      ).toString();
      verified.push(/VALIDSIG ([0-9A-F]{40})/u.exec(status)?.[1] ?? status);
    }
    expect(verified).toEqual([builder.fingerprint, officer.fingerprint]);
    await refused("ALREADY_SIGNED", 2, ...words, ...ALLOW);
  });

  it("installs without --key what both have signed, and nothing else, on a host that trusts both", async () => {
    const at = ["--root", root()];
    await done("trust", "add", builder.publicKey, "--fingerprint", builder.fingerprint, ...at);
    await done("trust", "add", officer.publicKey, "--fingerprint", officer.fingerprint, ...at);
    await done("trust", "require", "2", ...at);
    await refused("SIGNATURE_MISSING", 3, ...install(builder.file));
    await refused("KEYS_TOO_FEW", 2, ...install("site.tar"), "--key", builder.publicKey);
    const installed = await done(...install("site.tar"));
    expect(installed).toMatchObject({ changed: true });
    expect(JSON.stringify(installed["signatures"])).toContain(officer.fingerprint);
  });

  it("replaces the builder's key there by one file that both old keys signed", async () => {
    const signers = ["--sign-key", builder.privateKey, "--sign-with-gpg", officer.fingerprint];
    const change = ["--add", fresh.publicKey, "--revoke", builder.fingerprint];
    expect(await done("trust", "make-update", ...change, ...signers, "--out", "keys-1.json")).toMatchObject({
      sequence: 1,
      signatureCount: 2,
    });
    const words = ["trust", "update", "keys-1.json", "--root", root()];
    const { keys } = (await done(...words)) as { keys: { fingerprint: string }[] } & GoferryResult["json"];
    expect(keys.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(
      [officer.fingerprint, fresh.fingerprint].toSorted(),
    );
    const before = await withoutLogs();
    expect(await done(...words)).toMatchObject({ changed: false });
    expect(await withoutLogs()).toEqual(before);
  });

  it("refuses what the revoked key signed, and takes it once the new key has signed too", async () => {
    await refused("SIGNATURE_MISSING", 3, ...install("site.tar"));
    const both = ["--key", builder.publicKey, "--key", officer.publicKey];
    await refused("KEY_REVOKED", 3, ...install("site.tar"), ...both);
    const words = ["sign", "site.tar", "--sign-key", fresh.privateKey, "--key", officer.publicKey, ...ALLOW];
    const signed = await run(words, { GOFERRY_KEY_PASSPHRASE: passphrase });
    expect(signed).toMatchObject({ code: 0, json: { signatureCount: 3 } });
    expect(await done(...install("site.tar"))).toMatchObject({ changed: false });
  });

  it("has every decision in the audit log", async () => {
    const text = await readFile(join(root(), "state/audit.jsonl"), "utf8");
    const entries = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { action: string; result: string; signers: string[] });
    const made = entries.filter(({ result }) => result === "done");
    expect(made.map(({ action }) => action)).toEqual([
      "trust add",
      "trust add",
      "trust require",
      "install",
      "trust update",
    ]);
    expect(made.at(-1)?.signers.toSorted()).toEqual([builder.fingerprint, officer.fingerprint].toSorted());
  });
});
