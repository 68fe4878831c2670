// What people's gpg makes, and what it can be made to make.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasGpg, temporaryGpg } from "../../../../test/kit/gpg.ts";
import { readTrustedKey, verifyDetached } from "./verify.ts";

const gpgPresent = await hasGpg();
if (!gpgPresent) console.warn("gpg is not installed: signatures made by it are not tested");

const data = Buffer.from('{"schemaVersion":2}\n');

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

describe.runIf(gpgPresent)("a signature made by gpg", async () => {
  const gpg = await temporaryGpg();
  afterAll(() => gpg[Symbol.asyncDispose]());

  const rsa = await gpg.generate("Rsa <rsa@example.com>", "rsa3072");
  const sign = (key: string, ...options: string[]) =>
    gpg.run([...options, "--local-user", key, "--armor", "--detach-sign"], data);
  const trust = async (key: string) => readTrustedKey(await gpg.export(key));
  const noPassphrase = ["--pinentry-mode", "loopback", "--passphrase", ""];
  const fingerprints = async (key: string): Promise<string[]> => {
    const listed = Buffer.from(await gpg.run(["--with-colons", "--list-keys", key])).toString();
    return [...listed.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, each]) => each ?? "");
  };
  const fingerprintOf = async (key: string): Promise<string> => (await fingerprints(key))[0] ?? "";
  const subkeysOf = async (key: string): Promise<string[]> => (await fingerprints(key)).slice(1);
  const at = (time: string) => ["--faked-system-time", `${time}!`];

  it.each(["rsa3072", "ed25519", "nistp256"])("with %s holds, and only over its bytes", async (algorithm) => {
    const fingerprint = await gpg.generate(`${algorithm} <${algorithm}@example.com>`, algorithm);
    const check = { armored: await sign(fingerprint), keys: [await trust(fingerprint)], at: new Date() };
    expect(await verifyDetached({ ...check, data })).toMatchObject({
      fingerprint,
      signingFingerprint: fingerprint,
      userId: `${algorithm} <${algorithm}@example.com>`,
    });
    await expect(verifyDetached({ ...check, data: data.subarray(1) })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
    expect(await verifyDetached({ ...check, data: inPieces(data) })).toMatchObject({ fingerprint });
    await expect(verifyDetached({ ...check, data: inPieces(data.subarray(1)) })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
    await expect(verifyDetached({ ...check, data, keys: [] })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
      found: expect.stringContaining(fingerprint),
    });
  });

  it("with a subkey of a key that may only certify holds", async () => {
    await gpg.run([
      ...noPassphrase,
      "--quick-generate-key",
      "Sub <sub@example.com>",
      "ed25519",
      "cert",
      "never",
    ]);
    const fingerprint = await fingerprintOf("sub@example.com");
    await gpg.run([...noPassphrase, "--quick-add-key", fingerprint, "ed25519", "sign", "never"]);
    const signed = await verifyDetached({
      armored: await sign(fingerprint),
      data,
      keys: [await trust(fingerprint)],
    });
    expect(signed.fingerprint).toBe(fingerprint);
    expect(signed.signingFingerprint).not.toBe(fingerprint);
  });

  it("before its key expired holds, and one after that does not", async () => {
    const key = await gpg.generate("Old <old@example.com>", "ed25519", {
      expires: "1y",
      at: "20200101T000000",
    });
    const keys = [await trust(key)];
    const before = await sign(key, ...at("20200601T000000"));
    await expect(verifyDetached({ armored: before, data, keys, at: new Date() })).resolves.toMatchObject({
      created: new Date("2020-06-01T00:00:00Z"),
    });
    // gpg does not sign with an expired key, so the expiry is set back after signing.
    const young = await gpg.generate("Set <set@example.com>", "ed25519", { at: "20200101T000000" });
    const after = await sign(young, ...at("20220601T000000"));
    await gpg.run([...at("20200101T000001"), "--quick-set-expire", young, "20210101T000000"]);
    await expect(verifyDetached({ armored: after, data, keys: [await trust(young)] })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });

  it("before the expiry of its key was put off holds", async () => {
    const key = await gpg.generate("New <new@example.com>", "ed25519", {
      expires: "1y",
      at: "20200101T000000",
    });
    const armored = await sign(key, ...at("20200601T000000"));
    await gpg.run([...at("20201201T000000"), "--quick-set-expire", key, "10y"]);
    const [trusted] = [await trust(key)];
    expect(trusted.expires?.getUTCFullYear()).toBe(2030);
    await expect(verifyDetached({ armored, data, keys: [trusted] })).resolves.toMatchObject({
      fingerprint: key,
    });
  });

  it("before its key existed is refused", async () => {
    const key = await gpg.generate("Late <late@example.com>", "ed25519", { at: "20220101T000000" });
    const armored = await sign(
      key,
      "--ignore-time-conflict",
      "--ignore-valid-from",
      ...at("20200101T000000"),
    );
    await expect(verifyDetached({ armored, data, keys: [await trust(key)] })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });

  it("with an expiry of its own holds until then", async () => {
    const armored = await sign(rsa, "--default-sig-expire", "2d");
    const keys = [await trust(rsa)];
    const inDays = (days: number) => new Date(Date.now() + days * 24 * 60 * 60 * 1000);
    await expect(verifyDetached({ armored, data, keys, at: inDays(1) })).resolves.toBeDefined();
    await expect(verifyDetached({ armored, data, keys, at: inDays(3) })).rejects.toMatchObject({
      code: "SIGNATURE_TIME",
    });
  });

  it("is refused in text mode, with SHA-1, twice in one armor, and in the clear", async () => {
    const other = await gpg.generate("Other <other@example.com>", "ed25519");
    const keys = [await trust(rsa), await trust(other)];
    const files = {
      "0x01": await sign(rsa, "--textmode"),
      "SHA-1": await sign(rsa, "--digest-algo", "SHA1"),
      several: await sign(rsa, "--local-user", other),
      text: await gpg.run(["--local-user", rsa, "--clear-sign"], data),
      MESSAGE: await gpg.run(["--local-user", rsa, "--armor", "--sign"], data),
    };
    for (const [found, armored] of Object.entries(files)) {
      await expect(verifyDetached({ armored, data, keys })).rejects.toMatchObject({
        code: "SIGNATURE_INVALID",
        found: expect.stringContaining(found),
      });
    }
  });

  it("is refused when its unsigned part names another pinned key", async () => {
    const other = await gpg.generate("Named <named@example.com>", "ed25519");
    const keys = [await trust(rsa), await trust(other)];
    const packet = Buffer.from(await gpg.run(["--dearmor"], await sign(rsa)));
    // gpg signs the fingerprint and adds the key ID outside of what it signs.
    packet.write(other.slice(-16), packet.lastIndexOf(rsa.slice(-16), undefined, "hex"), "hex");
    const armored = Buffer.from(
      `-----BEGIN PGP SIGNATURE-----\n\n${packet.toString("base64")}\n-----END PGP SIGNATURE-----\n`,
    );
    await expect(verifyDetached({ armored, data, keys })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
      found: expect.stringContaining(other.slice(-16)),
    });
  });

  it("is refused from a key whose revocation certificate was imported", async () => {
    const key = await gpg.generate("Lost <lost@example.com>", "ed25519");
    const before = await trust(key);
    const armored = await sign(key);
    const certificate = await readFile(join(gpg.home, "openpgp-revocs.d", `${key}.rev`), "utf8");
    await gpg.run(["--import"], certificate.replace(":-----BEGIN", "-----BEGIN"));
    await expect(trust(key)).rejects.toMatchObject({ code: "KEY_INVALID", message: "the key is revoked" });
    await expect(verifyDetached({ armored, data, keys: [before] })).resolves.toBeDefined();
  });

  it("may carry notations, but none that a reader must understand", async () => {
    const key = await gpg.generate("Notes <notes@example.com>", "ed25519");
    const keys = [await trust(key)];
    const plain = await sign(key, "--sig-notation", "note@example.com=1");
    await expect(verifyDetached({ armored: plain, data, keys })).resolves.toMatchObject({ fingerprint: key });
    const critical = await sign(key, "--sig-notation", "!note@example.com=1");
    await expect(verifyDetached({ armored: critical, data, keys })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
      found: expect.stringContaining("note@example.com"),
    });
  });

  it("does not count by a subkey of a kind that is refused, of a key that is good otherwise", async () => {
    const key = await gpg.generate("Mixed <mixed@example.com>", "ed25519");
    for (const algorithm of ["dsa2048", "rsa1024"])
      await gpg.run([...noPassphrase, "--quick-add-key", key, algorithm, "sign", "never"]);
    const trusted = await trust(key);
    const [dsa, small] = await subkeysOf(key);
    for (const subkey of [dsa, small]) {
      const armored = await sign(`${subkey}!`);
      await expect(verifyDetached({ armored, data, keys: [trusted] })).rejects.toMatchObject({
        code: "SIGNATURE_UNTRUSTED",
        found: expect.stringContaining(subkey ?? ""),
      });
    }
    const armored = await sign(`${key}!`);
    await expect(verifyDetached({ armored, data, keys: [trusted] })).resolves.toMatchObject({
      signingFingerprint: key,
    });
  });

  it("cannot come from a key that is not for signing, and such a key is not trusted", async () => {
    const quick = [...noPassphrase, "--quick-generate-key"];
    await gpg.run([...quick, "Usage <usage@example.com>", "ed25519", "cert", "never"]);
    const key = await fingerprintOf("usage@example.com");
    const refused = { code: "KEY_INVALID", message: "nothing may be signed with this key" };
    await expect(trust(key)).rejects.toMatchObject(refused);
    for (const [algorithm, usage] of [
      ["cv25519", "encr"],
      ["ed25519", "auth"],
    ] as const) {
      await gpg.run([...noPassphrase, "--quick-add-key", key, algorithm, usage, "never"]);
      await expect(trust(key), usage).rejects.toMatchObject(refused);
    }
    await gpg.run([...noPassphrase, "--quick-add-key", key, "ed25519", "sign", "never"]);
    await expect(trust(key)).resolves.toMatchObject({ fingerprint: key });
    // With the last subkey that signs revoked it is of no use again.
    const words = "key 3\nrevkey\ny\n1\n\ny\nsave\n";
    await gpg.run(["--command-fd", "0", "--expert", "--edit-key", key], words);
    await expect(trust(key)).rejects.toMatchObject(refused);
  });

  it("is refused after its subkey had expired, and holds from before", async () => {
    const key = await gpg.generate("Rotates <rotates@example.com>", "ed25519", { at: "20200101T000000" });
    const adding = ["--quick-add-key", key, "ed25519", "sign", "1y"];
    await gpg.run([...at("20200101T000000"), ...noPassphrase, ...adding]);
    const [subkey] = await subkeysOf(key);
    const before = await sign(`${subkey}!`, ...at("20200601T000000"));
    const keys = [await trust(key)];
    await expect(verifyDetached({ armored: before, data, keys, at: new Date() })).resolves.toMatchObject({
      signingFingerprint: subkey,
    });
    // gpg refuses to sign with it then; the subkey's statement is made shorter after it has signed.
    const late = await gpg.generate("Late sub <latesub@example.com>", "ed25519", { at: "20200101T000000" });
    await gpg.run([
      ...at("20200101T000000"),
      ...noPassphrase,
      "--quick-add-key",
      late,
      "ed25519",
      "sign",
      "never",
    ]);
    const [other] = await subkeysOf(late);
    const after = await sign(`${other}!`, ...at("20220601T000000"));
    await gpg.run([...at("20200101T000001"), "--quick-set-expire", late, "20210101T000000", other ?? ""]);
    await expect(verifyDetached({ armored: after, data, keys: [await trust(late)] })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });

  it("is not even looked at when the key is weak", async () => {
    const sha1 = ["--cert-digest-algo", "SHA1", ...noPassphrase];
    await gpg.run([...sha1, "--quick-generate-key", "Sha1 <sha1@example.com>", "rsa2048", "sign", "never"]);
    const weak = [
      "sha1@example.com",
      await gpg.generate("Small <small@example.com>", "rsa1024"),
      await gpg.generate("Dsa <dsa@example.com>", "dsa2048"),
    ];
    for (const key of weak) {
      await expect(trust(key), key).rejects.toMatchObject({ code: "KEY_INVALID" });
    }
    await expect(
      readTrustedKey(await gpg.run(["--armor", "--export-secret-keys", rsa])),
    ).rejects.toMatchObject({ code: "KEY_INVALID", next: expect.stringContaining(rsa) });
  });
});

const realData = process.env["GOFERRY_REALDATA"];
if (realData === undefined) {
  console.warn("GOFERRY_REALDATA names no folder with Google's files: their signature is not tested");
}

describe.runIf(realData !== undefined)("Google's signature of a Go release", async () => {
  const read = async (name: string) =>
    realData === undefined ? Buffer.of() : readFile(join(realData, name));
  const [armored, source, keyFile] = await Promise.all([
    read("go1.27.0.src.tar.gz.asc"),
    read("go1.27.0.src.tar.gz"),
    read("google-linux-signing-key.asc"),
  ]);

  it("holds, by a subkey, even after that subkey has expired", async () => {
    const keys = [await readTrustedKey(keyFile)];
    for (const at of [new Date("2026-11-21T00:00:00Z"), new Date("2040-01-01T00:00:00Z")]) {
      expect(await verifyDetached({ armored, data: source, keys, at })).toEqual({
        fingerprint: "EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796",
        signingFingerprint: "0E225917414670F4442C250DFD533C07C264648F",
        created: new Date("2026-08-18T22:11:00Z"),
        userId: "Google Inc. (Linux Packages Signing Authority) <linux-packages-keymaster@google.com>",
      });
    }
  });

  it("does not hold with one bit changed", async () => {
    const keys = [await readTrustedKey(keyFile)];
    source[20_000_000] = (source[20_000_000] ?? 0) ^ 1;
    await expect(verifyDetached({ armored, data: source, keys })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });
});
