import { afterAll, describe, expect, it } from "vitest";
import { generateKey as generate } from "openpgp";
import { readTrustedKey, verifyDetached } from "@goferry/core";
import { hasGpg, temporaryGpg } from "../../../test/kit/gpg.ts";
import { generateKey, unlockKey } from "./keys.ts";
import { keySigner } from "./signer.ts";

const now = new Date("2026-03-01T10:00:00Z");
const later = new Date("2026-03-02T10:00:00Z");
const passphrase = "correct horse";
const request = { name: "Site builds", email: "builds@example.com", now };
const data = Buffer.from('{"schemaVersion":2}\n');

describe("keySigner", async () => {
  const pair = await generateKey({ ...request, passphrase });
  const signer = keySigner(await unlockKey(pair.privateKey, passphrase));

  it("makes a signature that verifies, with the key's fingerprint and the given time", async () => {
    const armored = Buffer.from(await signer.sign(data, later));
    const keys = [await readTrustedKey(Buffer.from(pair.publicKey))];
    expect(signer.fingerprint).toBe(pair.fingerprint);
    expect(await verifyDetached({ armored, data, keys, at: later })).toMatchObject({
      fingerprint: pair.fingerprint,
      created: later,
    });
    await expect(verifyDetached({ armored, data: data.subarray(1), keys })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });

  it("signs in the second in which the key was made", async () => {
    const at = new Date(now.getTime() + 999);
    await expect(signer.sign(data, at)).resolves.toContain("BEGIN PGP SIGNATURE");
  });

  it("does not sign before the key was made", async () => {
    await expect(signer.sign(data, new Date("2026-02-28T10:00:00Z"))).rejects.toMatchObject({
      code: "KEY_INVALID",
      subject: pair.fingerprint,
    });
  });

  it("does not sign with an expired key, nor with one that hosts refuse", async () => {
    const userIDs = { name: "Old" };
    const expired = await generate({ type: "ecc", userIDs, date: now, keyExpirationTime: 3600 });
    const small = await generate({
      type: "rsa",
      rsaBits: 1024,
      userIDs,
      date: now,
      config: { minRSABits: 1024 },
    });
    for (const { privateKey } of [expired, small]) {
      const weak = keySigner(await unlockKey(privateKey));
      await expect(weak.sign(data, later)).rejects.toMatchObject({ code: "KEY_INVALID" });
    }
  });
});

const gpgPresent = await hasGpg();
if (!gpgPresent) console.warn("gpg is not installed: that it verifies our signatures is not tested");

describe.runIf(gpgPresent)("gpg", async () => {
  const gpg = await temporaryGpg();
  afterAll(() => gpg[Symbol.asyncDispose]());

  it("imports our public key and verifies our signature, and only over its bytes", async () => {
    const pair = await generateKey({ ...request, passphrase });
    const signer = keySigner(await unlockKey(pair.privateKey, passphrase));
    const signature = await gpg.file("data.asc", await signer.sign(data, later));
    await gpg.run(["--import"], pair.publicKey);
    const good = await gpg.run(["--status-fd", "1", "--verify", signature, "-"], data);
    expect(Buffer.from(good).toString()).toContain(`VALIDSIG ${pair.fingerprint} 2026-03-02`);
    const bad = await gpg.attempt(["--status-fd", "1", "--verify", signature, "-"], data.subarray(1));
    expect(bad.code).not.toBe(0);
    expect(Buffer.from(bad.stdout).toString()).toContain("BADSIG");
  });

  it("imports our protected private key and signs with it, for us to verify", async () => {
    const pair = await generateKey({ ...request, passphrase });
    const unlock = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
    await gpg.run([...unlock, "--import"], pair.privateKey);
    const armored = await gpg.run(
      [...unlock, "--local-user", pair.fingerprint, "--armor", "--detach-sign"],
      data,
    );
    const keys = [await readTrustedKey(Buffer.from(pair.publicKey))];
    await expect(verifyDetached({ armored, data, keys })).resolves.toMatchObject({
      fingerprint: pair.fingerprint,
    });
  });

  it.each(["rsa3072", "ed25519"])(
    "has made the %s key that we sign with, and verifies it",
    async (algorithm) => {
      const unlock = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
      const userId = `Gpg <${algorithm}@example.com>`;
      await gpg.run([...unlock, "--quick-generate-key", userId, algorithm, "cert", "never"]);
      const listed = await gpg.run(["--with-colons", "--list-keys", `=${userId}`]);
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(Buffer.from(listed).toString())?.[1] ?? "";
      await gpg.run([...unlock, "--quick-add-key", fingerprint, algorithm, "sign", "never"]);
      // Only the signing subkey leaves the ring, as people do who keep the primary key on paper.
      const exported = await gpg.run([...unlock, "--armor", "--export-secret-subkeys", fingerprint]);
      const secret = Buffer.from(exported).toString();
      await expect(unlockKey(secret)).rejects.toMatchObject({ code: "PASSPHRASE_MISSING" });
      await expect(unlockKey(secret, "wrong")).rejects.toMatchObject({ code: "PASSPHRASE_WRONG" });
      const signer = keySigner(await unlockKey(secret, passphrase));
      const signature = await gpg.file("sub.asc", await signer.sign(data, new Date()));
      const good = await gpg.run(["--status-fd", "1", "--verify", signature, "-"], data);
      expect(signer.fingerprint).toBe(fingerprint);
      expect(Buffer.from(good).toString()).toMatch(new RegExp(`VALIDSIG [0-9A-F]{40} .* ${fingerprint}\n`));
    },
  );
});
