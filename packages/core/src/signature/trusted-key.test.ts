import { config, enums, generateKey, PacketList, revokeKey } from "openpgp";
import type { AnyPacket } from "openpgp";
import { describe, expect, it } from "vitest";
import { readTrustedKey } from "./trusted-key.ts";

const made = new Date("2024-03-01T10:00:00Z");
const user = { name: "Site builds", email: "builds@example.com" };
const pair = await generateKey({ type: "ecc", userIDs: user, date: made, format: "object" });
const publicKey = Buffer.from(pair.publicKey.armor());
const fingerprint = pair.publicKey.getFingerprint().toUpperCase();

describe("readTrustedKey", () => {
  it("reads an armored and a binary key", async () => {
    for (const file of [publicKey, pair.publicKey.write()]) {
      const key = await readTrustedKey(file);
      expect(key).toMatchObject({
        fingerprint,
        userIds: ["Site builds <builds@example.com>"],
        created: made,
      });
      expect(key.fingerprint).toMatch(/^[0-9A-F]{40}$/);
      expect(key).not.toHaveProperty("expires");
    }
  });

  it("says when a key expires, and reads it after that", async () => {
    const day = 24 * 60 * 60;
    const short = await generateKey({ type: "ecc", userIDs: user, date: made, keyExpirationTime: day });
    const key = await readTrustedKey(Buffer.from(short.publicKey));
    expect(key.expires).toEqual(new Date(made.getTime() + day * 1000));
  });

  it("refuses a secret key and names the file to use, whether it is armored or not", async () => {
    for (const file of [Buffer.from(pair.privateKey.armor()), pair.privateKey.write()]) {
      await expect(readTrustedKey(file, "private.asc")).rejects.toMatchObject({
        code: "KEY_INVALID",
        subject: "private.asc",
        next: expect.stringContaining("public.asc"),
      });
    }
  });

  it("refuses a file with two keys, in one block or in two", async () => {
    const other = await generateKey({ type: "ecc", userIDs: user, format: "object" });
    const inOne = Buffer.concat([pair.publicKey.write(), other.publicKey.write()]);
    const inTwo = Buffer.concat([publicKey, Buffer.from(other.publicKey.armor())]);
    await expect(readTrustedKey(inOne)).rejects.toMatchObject({ code: "KEY_INVALID" });
    await expect(readTrustedKey(inTwo)).rejects.toMatchObject({ code: "KEY_INVALID" });
  });

  it.each([
    ["nothing", ""],
    ["text", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI builds@example.com"],
    ["a signature", "-----BEGIN PGP SIGNATURE-----\n\nAQIDBA==\n-----END PGP SIGNATURE-----"],
    [
      "a block of noise",
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAQIDBA==\n-----END PGP PUBLIC KEY BLOCK-----",
    ],
    [
      "a key of version 3, as PGP 2 made them",
      Buffer.from([0x98, 0x10, 3, 0x60, 0, 0, 0, 0, 0, 1, 0, 16, 0xff, 0xff, 0, 2, 3, 0]),
    ],
    ["binary noise", Buffer.from([0x99, 0x00, 0x02, 0x04, 0x05])],
  ])("refuses %s", async (_name, file) => {
    await expect(readTrustedKey(Buffer.from(file))).rejects.toMatchObject({ code: "KEY_INVALID" });
  });

  it("refuses a key cut short and one with a changed byte in its self-signature", async () => {
    const binary = pair.publicKey.write();
    const certificate = pair.publicKey.users[0]?.selfCertifications[0]?.write() ?? binary;
    const start = Buffer.from(binary).indexOf(certificate.subarray(10));
    const changed = Uint8Array.from(binary);
    changed.set([(changed[start + 40] ?? 0) ^ 1], start + 40);
    await expect(readTrustedKey(binary.subarray(0, -7))).rejects.toMatchObject({ code: "KEY_INVALID" });
    await expect(readTrustedKey(changed)).rejects.toMatchObject({ code: "KEY_INVALID" });
  });

  it("refuses RSA of 1024 bits and a key of version 6", async () => {
    const small = await generateKey({
      type: "rsa",
      rsaBits: 1024,
      userIDs: user,
      subkeys: [],
      config: { minRSABits: 1024 },
    });
    const six = await generateKey({ type: "curve25519", userIDs: user, config: { v6Keys: true } });
    for (const { publicKey: weak } of [small, six]) {
      await expect(readTrustedKey(Buffer.from(weak))).rejects.toMatchObject({ code: "KEY_INVALID" });
    }
  });

  it.each([
    ["compromised", enums.reasonForRevocation.keyCompromised],
    ["superseded", enums.reasonForRevocation.keySuperseded],
  ])("refuses a key that was revoked because it was %s", async (_name, flag) => {
    const { publicKey: revoked } = await revokeKey({ key: pair.privateKey, reasonForRevocation: { flag } });
    await expect(readTrustedKey(Buffer.from(revoked))).rejects.toMatchObject({
      code: "KEY_INVALID",
      message: "the key is revoked",
    });
  });

  it("ignores user IDs that somebody else added, and makes the others fit for a terminal", async () => {
    const hostile = await generateKey({
      type: "ecc",
      userIDs: { name: "Site\u001B[2Jbuilds\u202E" },
      format: "object",
    });
    const [primary, ...own] = hostile.publicKey.toPacketList();
    const foreign = pair.publicKey.users[0]?.toPacketList() ?? [];
    const packets = new PacketList<AnyPacket>();
    packets.push(...(primary === undefined ? [] : [primary]), ...foreign, ...own);
    const key = await readTrustedKey(packets.write());
    expect(key.userIds).toEqual(["Site\uFFFD[2Jbuilds\uFFFD"]);
  });

  it("leaves the settings of the library as they were", () => {
    expect(config.rejectHashAlgorithms.has(enums.hash.sha1)).toBe(false);
  });
});
