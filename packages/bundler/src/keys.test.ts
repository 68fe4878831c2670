import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enums, generateKey as generate, readKey } from "openpgp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTrustedKey } from "@goferry/core";
import { generateKey, unlockKey, writeKeyPair } from "./keys.ts";

const now = new Date("2026-03-01T10:00:00Z");
const request = { name: "Site builds", email: "builds@example.com", now };
const passphrase = "correct horse – Батарейка";
const open = await generateKey(request);
const locked = await generateKey({ ...request, passphrase });

describe("generateKey", () => {
  it("makes a key that hosts accept, with the user and the time that were asked for", async () => {
    expect(await readTrustedKey(Buffer.from(open.publicKey))).toMatchObject({
      fingerprint: open.fingerprint,
      userIds: ["Site builds <builds@example.com>"],
      created: now,
    });
  });

  it("makes a key that gpg 2.2 can read: version 4, first form of EdDSA, no subkey, no AEAD", async () => {
    const key = await readKey({ armoredKey: open.publicKey });
    expect(key.keyPacket).toMatchObject({ version: 4, algorithm: enums.publicKey.eddsaLegacy });
    expect(key.subkeys).toEqual([]);
    const { selfCertification } = await key.getPrimaryUser(now);
    const flags = enums.keyFlags.certifyKeys | enums.keyFlags.signData;
    expect(selfCertification).toMatchObject({ keyFlags: [flags], preferredAEADAlgorithms: null });
    // RFC 4880 section 5.2.3.24: 1 is modification detection, the only feature that gpg 2.2 knows.
    expect(selfCertification.features).toEqual([1]);
  });

  it.each([
    ["an empty name", { name: " " }],
    ["a name with an address in it", { name: "Site <root@example.com>" }],
    ["a name over two lines", { name: "Site\nbuilds" }],
    ["a name that writes backwards", { name: "Site\u202Ebuilds" }],
    ["an address without a host", { email: "builds" }],
    ["two addresses", { email: "a@example.com, b@example.com" }],
    ["an address in brackets", { email: "<a@example.com>" }],
  ])("refuses %s", async (_name, part) => {
    await expect(generateKey({ ...request, ...part })).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  });
});

describe("unlockKey", () => {
  it("opens a protected key with its passphrase, and needs none for another", async () => {
    const { fingerprint, key } = await unlockKey(locked.privateKey, passphrase);
    expect(fingerprint).toBe(locked.fingerprint);
    expect(key.isDecrypted()).toBe(true);
    await expect(unlockKey(open.privateKey)).resolves.toMatchObject({ fingerprint: open.fingerprint });
    await expect(unlockKey(open.privateKey, "unneeded")).resolves.toBeDefined();
  });

  it("asks for a passphrase that is missing", async () => {
    for (const none of [undefined, ""]) {
      await expect(unlockKey(locked.privateKey, none, "private.asc")).rejects.toMatchObject({
        code: "PASSPHRASE_MISSING",
        subject: "private.asc",
      });
    }
  });

  it("refuses a wrong passphrase and keeps it to itself", async () => {
    const wrong = "hunter2-wrong";
    const refusal: unknown = await unlockKey(locked.privateKey, wrong).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "PASSPHRASE_WRONG" });
    const shown = [JSON.stringify(refusal), String(refusal), refusal instanceof Error ? refusal.stack : ""];
    expect(shown.join("\n")).not.toContain(wrong);
    expect(refusal).not.toHaveProperty("cause");
  });

  it.each([
    ["nothing", ""],
    ["text", "not a key"],
    ["a public key", open.publicKey],
    ["a key cut short", open.privateKey.slice(0, 300)],
    ["noise in armor", open.privateKey.replace(/^[A-Za-z0-9+/]{40,}$/m, "A".repeat(64))],
  ])("refuses %s", async (_name, file) => {
    await expect(unlockKey(file, passphrase)).rejects.toMatchObject({ code: "KEY_INVALID" });
  });

  it("refuses a protected key that was changed", async () => {
    const { privateKey } = await generate({ type: "ecc", userIDs: {}, passphrase, format: "object" });
    const bytes = privateKey.write();
    const changed = Buffer.from(bytes);
    const point = Buffer.from(privateKey.toPublic().keyPacket.write()).subarray(-20);
    changed.set([(changed[changed.indexOf(point)] ?? 0) ^ 1], changed.indexOf(point));
    const armored = `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${changed.toString("base64")}\n-----END PGP PRIVATE KEY BLOCK-----\n`;
    await expect(unlockKey(armored, passphrase)).rejects.toMatchObject({ code: "KEY_INVALID" });
  });
});

describe("writeKeyPair", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "keys-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("makes the folder and both files, the private one for its owner only", async () => {
    const { privateFile, publicFile } = await writeKeyPair(join(folder, "a", "keys"), open);
    expect(await readFile(privateFile, "utf8")).toBe(open.privateKey);
    expect(await readFile(publicFile, "utf8")).toBe(open.publicKey);
    expect((await stat(privateFile)).mode & 0o777).toBe(0o600);
  });

  it.each(["private.asc", "public.asc"])("leaves everything as it is where %s is", async (name) => {
    await writeFile(join(folder, name), "precious");
    await expect(writeKeyPair(folder, open)).rejects.toMatchObject({
      code: "OUTPUT_EXISTS",
      subject: join(folder, name),
    });
    expect(await readdir(folder)).toEqual([name]);
    expect(await readFile(join(folder, name), "utf8")).toBe("precious");
  });

  it("says what could not be written", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(writeKeyPair(join(folder, "file", "keys"), open)).rejects.toMatchObject({
      code: "IO_FAILED",
    });
  });
});
