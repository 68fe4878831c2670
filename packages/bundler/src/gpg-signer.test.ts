// Signing by the real gpg and its agent. Only the person is a fake: a pinentry that types a passphrase, or gives up.

import { appendFile, chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readTrustedKey, verifyDetached } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasGpg, temporaryGpg, type Gpg } from "../../../test/kit/gpg.ts";
import { createRunner, type ProcessOptions, type ProcessRunner } from "./go/spawn.ts";
import { gpgSigner } from "./gpg-signer.ts";
import type { Signer } from "./signer.ts";

const gpgPresent = await hasGpg();
if (!gpgPresent) console.warn("gpg is not installed: signing with it is not tested");

const PASSPHRASE = "correct horse battery";
const data = Buffer.from('{"schemaVersion":2,"name":"größe"}');
const runner = createRunner((pid, signal) => process.kill(pid, signal));

/** What a pinentry says to gpg-agent: the Assuan protocol, as far as it is asked here. */
const PINENTRY = `#!/bin/sh
echo "OK at your service"
while read -r word rest; do
  case "$word" in
    GETPIN)
      if [ -f "$(dirname "$0")/typed" ]; then echo "D $(cat "$(dirname "$0")/typed")"; echo OK
      else echo "ERR 83886179 Operation cancelled <Pinentry>"; fi ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
`;

describe.runIf(gpgPresent)("gpgSigner", () => {
  let gpg: Gpg;
  let open: string;
  let locked: string;
  beforeAll(async () => {
    gpg = await temporaryGpg();
    const pinentry = await gpg.file("pinentry", PINENTRY);
    await chmod(pinentry, 0o755);
    await appendFile(join(gpg.home, "gpg-agent.conf"), `pinentry-program ${pinentry}\ndefault-cache-ttl 0\n`);
    open = await gpg.generate("Open <open@example.com>", "ed25519");
    const secret = ["--pinentry-mode", "loopback", "--passphrase", PASSPHRASE];
    await gpg.run([
      ...secret,
      "--quick-generate-key",
      "Locked <locked@example.com>",
      "ed25519",
      "sign",
      "never",
    ]);
    const listed = await gpg.run(["--with-colons", "--list-keys", "locked@example.com"]);
    locked = /^fpr:+([0-9A-F]{40}):/mu.exec(Buffer.from(listed).toString())?.[1] ?? "";
  });
  afterAll(() => gpg[Symbol.asyncDispose]());

  const env = (): Record<string, string | undefined> => ({
    PATH: process.env["PATH"],
    HOME: gpg.home,
    GNUPGHOME: gpg.home,
    GOFERRY_KEY_PASSPHRASE: "of another key",
  });
  const signer = async (fingerprint: string, run: ProcessRunner = runner): Promise<Signer> =>
    await gpgSigner({ fingerprint, env: env(), cwd: gpg.home, runner: run });

  it("signs with a key of the agent, for our verifier to accept, over these bytes only", async () => {
    const mine = await signer(open);
    const armored = Buffer.from(await mine.sign(data, new Date()));
    const keys = [await readTrustedKey(await gpg.export(open))];
    expect(mine.fingerprint).toBe(open);
    expect((await mine.publicKey()).userIds).toEqual(["Open <open@example.com>"]);
    expect(await verifyDetached({ armored, data, keys })).toMatchObject({ fingerprint: open });
    await expect(verifyDetached({ armored, data: data.subarray(1), keys })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });

  it("leaves the passphrase to the agent: neither arguments nor environment have a secret", async () => {
    const seen: { args: readonly string[]; options: ProcessOptions }[] = [];
    const watched: ProcessRunner = async (file, args, options) => {
      seen.push({ args, options });
      return await runner(file, args, options);
    };
    const mine = await signer(locked, watched);
    await writeFile(join(gpg.home, "typed"), PASSPHRASE);
    await expect(mine.sign(data, new Date())).resolves.toContain("BEGIN PGP SIGNATURE");
    expect(seen).toHaveLength(3);
    for (const { args, options } of seen) {
      expect(args.join(" ")).not.toMatch(/passphrase|horse/iu);
      expect(options.env).not.toHaveProperty("GOFERRY_KEY_PASSPHRASE");
    }
    expect(seen[2]?.args).toContain(locked);
    expect(seen[2]?.args).toContain("SHA512");
  });

  it("says what happened when nobody gives the passphrase, or a wrong one", async () => {
    const mine = await signer(locked);
    await rm(join(gpg.home, "typed"), { force: true });
    await expect(mine.sign(data, new Date())).rejects.toMatchObject({
      code: "GPG_FAILED",
      subject: locked,
      message: expect.stringContaining("gave none"),
      found: expect.stringContaining("cancel"),
    });
    await writeFile(join(gpg.home, "typed"), "wrong");
    await expect(mine.sign(data, new Date())).rejects.toMatchObject({
      code: "GPG_FAILED",
      message: expect.stringContaining("wrong"),
    });
    await rm(join(gpg.home, "typed"));
  });

  it("knows a key that gpg has not, one without its secret, and one that hosts refuse", async () => {
    await expect(signer("0".repeat(40))).rejects.toMatchObject({
      code: "NOT_FOUND",
      subject: "0".repeat(40),
    });
    const elsewhere = await temporaryGpg();
    const stranger = await elsewhere.generate("Stranger <stranger@example.com>", "ed25519");
    await gpg.run(["--import"], await elsewhere.export(stranger));
    await elsewhere[Symbol.asyncDispose]();
    await expect(signer(stranger)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "gpg has only the public part of this key",
    });
    const weak = await gpg.generate("Weak <weak@example.com>", "rsa1024");
    await expect(signer(weak)).rejects.toMatchObject({ code: "KEY_INVALID" });
  });

  it("has the very subkey sign that is named", async () => {
    const noPassphrase = ["--pinentry-mode", "loopback", "--passphrase", ""];
    const primary = await gpg.generate("Subkeys <subkeys@example.com>", "ed25519");
    for (let i = 0; i < 2; i++)
      await gpg.run([...noPassphrase, "--quick-add-key", primary, "ed25519", "sign", "never"]);
    const listed = Buffer.from(await gpg.run(["--with-colons", "--list-keys", primary])).toString();
    const subkeys = [...listed.matchAll(/^fpr:+([0-9A-F]{40}):/gmu)].slice(1).map(([, each]) => each ?? "");
    expect(subkeys).toHaveLength(2);
    for (const subkey of subkeys) {
      const mine = await signer(subkey);
      const armored = Buffer.from(await mine.sign(data, new Date()));
      const keys = [await mine.publicKey()];
      expect(mine.fingerprint).toBe(primary);
      expect(await verifyDetached({ armored, data, keys })).toMatchObject({
        fingerprint: primary,
        signingFingerprint: subkey,
      });
    }
  });

  it("does not take what gpg.conf makes of a signature, if hosts would refuse it", async () => {
    const mine = await signer(open);
    await writeFile(join(gpg.home, "gpg.conf"), "sig-notation !critical@example.com=1\ntextmode\n");
    await expect(mine.sign(data, new Date())).rejects.toMatchObject({
      code: "GPG_FAILED",
      message: "gpg made a signature that hosts do not accept",
    });
    await writeFile(join(gpg.home, "gpg.conf"), "textmode\ndigest-algo SHA1\ncomment größe\n");
    await expect(mine.sign(data, new Date())).resolves.toContain("BEGIN PGP SIGNATURE");
    await rm(join(gpg.home, "gpg.conf"));
  });

  it("is told when there is no gpg", async () => {
    const nowhere = { PATH: join(gpg.home, "empty") };
    await expect(gpgSigner({ fingerprint: open, env: nowhere, cwd: gpg.home, runner })).rejects.toMatchObject(
      { code: "GPG_MISSING", next: expect.stringContaining("--sign-key") },
    );
  });

  it("is ended with the command", async () => {
    const signal = AbortSignal.abort();
    await expect(
      gpgSigner({ fingerprint: open, env: env(), cwd: gpg.home, runner, signal }),
    ).rejects.toMatchObject({ code: "INTERRUPTED" });
  });
});
