import * as openpgp from "openpgp";
import { describe, expect, it } from "vitest";
import { onlyPacket } from "./packet.ts";
import { readTrustedKey, verifyDetached } from "./verify.ts";

const HOUR = 60 * 60 * 1000;
const YEAR = 365 * 24 * HOUR;
const made = new Date("2024-03-01T10:00:00Z");
const later = (ms: number) => new Date(made.getTime() + ms);

const userIDs = { name: "Site builds", email: "builds@example.com" };
const data = Buffer.from('{"schemaVersion":2}\n');
const pair = await openpgp.generateKey({ type: "ecc", userIDs, date: made, format: "object" });
const stranger = await openpgp.generateKey({ type: "ecc", userIDs, date: made, format: "object" });
const trusted = await trust(pair.publicKey);
const armored = await sign(pair.privateKey, later(HOUR));

async function trust(key: openpgp.PublicKey) {
  return readTrustedKey(key.write());
}

async function sign(key: openpgp.PrivateKey, date: Date, config: openpgp.PartialConfig = {}) {
  const message = await openpgp.createMessage({ binary: data });
  return Buffer.from(await openpgp.sign({ message, signingKeys: key, detached: true, date, config }));
}

/** The same armor around changed packets. */
function rearmor(change: (bytes: Uint8Array) => Uint8Array, signature = armored): Uint8Array {
  const lines = signature.toString().trim().split(/\r?\n/);
  const packets = Buffer.from(lines.slice(2, -2).join(""), "base64");
  const body = Buffer.from(change(packets)).toString("base64");
  return Buffer.from([lines[0], "", body, lines.at(-1), ""].join("\n"));
}

describe("a signature that holds", () => {
  it("names the key, the time and the user", async () => {
    expect(await verifyDetached({ armored, data, keys: [trusted], at: later(2 * HOUR) })).toEqual({
      fingerprint: trusted.fingerprint,
      signingFingerprint: trusted.fingerprint,
      created: later(HOUR),
      userId: "Site builds <builds@example.com>",
    });
  });

  it("may be made by any of the pinned keys", async () => {
    const keys = [await trust(stranger.publicKey), trusted];
    await expect(verifyDetached({ armored, data, keys })).resolves.toHaveProperty(
      "fingerprint",
      trusted.fingerprint,
    );
  });

  it("may be made by a subkey, which is named", async () => {
    const withSubkey = await openpgp.generateKey({
      type: "ecc",
      userIDs,
      date: made,
      subkeys: [{ sign: true }],
      format: "object",
    });
    const key = await trust(withSubkey.publicKey);
    const signed = await verifyDetached({
      armored: await sign(withSubkey.privateKey, later(HOUR)),
      data,
      keys: [key],
    });
    expect(signed.fingerprint).toBe(key.fingerprint);
    expect(signed.signingFingerprint).toBe(withSubkey.publicKey.subkeys[0]?.getFingerprint().toUpperCase());
    expect(signed.signingFingerprint).not.toBe(key.fingerprint);
  });

  it("may be over no bytes at all", async () => {
    const message = await openpgp.createMessage({ binary: new Uint8Array() });
    const empty = await openpgp.sign({ message, signingKeys: pair.privateKey, detached: true });
    const check = { armored: Buffer.from(empty), keys: [trusted] };
    await expect(verifyDetached({ ...check, data: new Uint8Array() })).resolves.toBeDefined();
    await expect(verifyDetached({ ...check, data })).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  });
});

describe("bytes", () => {
  it("are refused with any one of them changed, cut or added", async () => {
    const changed = Array.from(data, (byte, index) => Buffer.from(data).fill(byte ^ 1, index, index + 1));
    for (const other of [...changed, data.subarray(1), data.subarray(0, -1), Buffer.concat([data, data])]) {
      await expect(verifyDetached({ armored, data: other, keys: [trusted] })).rejects.toMatchObject({
        code: "SIGNATURE_INVALID",
      });
    }
  });

  it("are taken as they are: other line ends are other bytes", async () => {
    const other = Buffer.from(data.toString().replace("\n", "\r\n"));
    await expect(verifyDetached({ armored, data: other, keys: [trusted] })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });

  it("of the signature are refused with any bit changed, but for the bit counts of its two numbers", async () => {
    let length = 0;
    rearmor((bytes) => ((length = bytes.length), bytes));
    const outcomes = new Map<string, number>();
    for (let bit = 0; bit < length * 8; bit++) {
      const flipped = rearmor((bytes) =>
        bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      );
      const check = verifyDetached({ armored: flipped, data, keys: [trusted] });
      const outcome = await check.then(
        (signed) => `${signed.fingerprint} ${signed.created.toISOString()}`,
        (error: { code: string }) => error.code,
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    const same = `${trusted.fingerprint} ${later(HOUR).toISOString()}`;
    const known = [same, "SIGNATURE_INVALID", "SIGNATURE_UNTRUSTED"];
    expect([...outcomes.keys()].filter((outcome) => !known.includes(outcome))).toEqual([]);
    // RFC 9580 section 3.2: 255 bits and 254 bits are the same 32 octets.
    expect(outcomes.get(same) ?? 0).toBeLessThanOrEqual(6);
  });
});

describe("a signature by a key that is not pinned", () => {
  it("is refused, with the key that made it and the keys that are trusted", async () => {
    const signed = await sign(stranger.privateKey, later(HOUR));
    await expect(
      verifyDetached({ armored: signed, data, keys: [trusted], subject: "site.tar" }),
    ).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
      subject: "site.tar",
      expected: expect.stringContaining(trusted.fingerprint),
      found: expect.stringContaining(stranger.publicKey.getKeyID().toHex().toUpperCase()),
    });
  });

  it("is refused when no key is pinned", async () => {
    await expect(verifyDetached({ armored, data, keys: [] })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });

  it("is refused when it claims a pinned key in the part that nobody signed", async () => {
    const signed = await sign(stranger.privateKey, later(HOUR));
    const own = Buffer.from(stranger.publicKey.getFingerprint(), "hex");
    const claimed = Buffer.from(trusted.fingerprint, "hex");
    const forged = rearmor((bytes) => {
      const copy = Buffer.from(bytes);
      for (const [from, to] of [
        [own, claimed],
        [own.subarray(-8), claimed.subarray(-8)],
      ] as const) {
        for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from)) copy.set(to, at);
      }
      return copy;
    }, signed);
    await expect(verifyDetached({ armored: forged, data, keys: [trusted] })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });
});

describe("time", () => {
  it("of a signature may be a day ahead of the clock and no more", async () => {
    const keys = [trusted];
    await expect(verifyDetached({ armored, data, keys, at: later(-22 * HOUR) })).resolves.toBeDefined();
    await expect(verifyDetached({ armored, data, keys, at: later(-24 * HOUR) })).rejects.toMatchObject({
      code: "CLOCK_BEHIND",
      expected: expect.stringContaining(later(HOUR).toISOString()),
      found: later(-24 * HOUR).toISOString(),
    });
  });

  it("is not asked about when the signature does not hold", async () => {
    const check = { armored, data: Buffer.from("other"), keys: [trusted], at: later(-24 * HOUR) };
    await expect(verifyDetached(check)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  });

  const reformat = async (date: Date, years: number) => {
    const keyExpirationTime = (years * YEAR) / 1000;
    const options = {
      privateKey: pair.privateKey,
      userIDs,
      date,
      keyExpirationTime,
      format: "object",
    } as const;
    return trust((await openpgp.reformatKey(options)).publicKey);
  };

  it("has expired the key since: the signature still holds", async () => {
    const keys = [await reformat(made, 1)];
    expect(keys[0]?.expires).toEqual(later(YEAR));
    await expect(verifyDetached({ armored, data, keys, at: later(5 * YEAR) })).resolves.toBeDefined();
  });

  it("had expired the key before it signed: refused", async () => {
    const late = await sign(pair.privateKey, later(2 * YEAR));
    const keys = [await reformat(made, 1)];
    await expect(verifyDetached({ armored: late, data, keys, at: later(2 * YEAR) })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });

  it("is earlier than the renewed self-signature of a key: the signature still holds", async () => {
    const keys = [await reformat(later(2 * YEAR), 4)];
    await expect(verifyDetached({ armored, data, keys, at: later(3 * YEAR) })).resolves.toBeDefined();
    const other = Buffer.from("other");
    await expect(verifyDetached({ armored, data: other, keys, at: later(3 * YEAR) })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
  });
});

describe("a revoked subkey", () => {
  it.each(["keyCompromised", "keySuperseded"] as const)("does not count (%s)", async (reason) => {
    const { privateKey } = await openpgp.generateKey({
      type: "ecc",
      userIDs,
      date: made,
      subkeys: [{ sign: true }],
      format: "object",
    });
    const signed = await sign(privateKey, later(HOUR));
    const [subkey] = privateKey.subkeys;
    if (subkey === undefined || !(privateKey.keyPacket instanceof openpgp.SecretKeyPacket))
      throw new TypeError();
    const flag = openpgp.enums.reasonForRevocation[reason];
    privateKey.subkeys = [await subkey.revoke(privateKey.keyPacket, { flag }, later(2 * HOUR))];
    const keys = [await trust(privateKey.toPublic())];
    await expect(verifyDetached({ armored: signed, data, keys })).rejects.toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
    });
  });
});

describe("the form of a signature", () => {
  const expectRefused = async (file: Uint8Array | string, keys = [trusted]) => {
    const check = verifyDetached({ armored: Buffer.from(file), data, keys });
    await expect(check).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  };

  it("is not text mode, even over bytes without line ends", async () => {
    const message = await openpgp.createMessage({ text: data.toString() });
    await expectRefused(
      await openpgp.sign({ message, signingKeys: pair.privateKey, detached: true, date: made }),
    );
  });

  it("is not inline or cleartext", async () => {
    const message = await openpgp.createMessage({ binary: data });
    await expectRefused(await openpgp.sign({ message, signingKeys: pair.privateKey, date: made }));
    const cleartext = await openpgp.createCleartextMessage({ text: data.toString() });
    await expectRefused(await openpgp.sign({ message: cleartext, signingKeys: pair.privateKey, date: made }));
  });

  it("is one signature: not two in one armor, not two armors", async () => {
    await expectRefused(rearmor((bytes) => Buffer.concat([bytes, bytes])));
    await expectRefused(Buffer.concat([armored, armored]));
  });

  it("has no other packet beside it", async () => {
    const marker = Buffer.from([0xca, 3, 0x50, 0x47, 0x50]);
    await expectRefused(rearmor((bytes) => Buffer.concat([marker, bytes])));
    await expectRefused(rearmor((bytes) => Buffer.concat([bytes, marker])));
  });

  it("is armored", async () => {
    await expectRefused(
      (await openpgp.readSignature({ armoredSignature: armored.toString() })).packets.write(),
    );
    await expectRefused("");
    await expectRefused(armored.toString().replaceAll("SIGNATURE", "MESSAGE"));
    await expectRefused(armored.toString().slice(0, -40));
  });

  it("is version 4", async () => {
    const config = { v6Keys: true };
    const six = await openpgp.generateKey({
      type: "curve25519",
      userIDs,
      date: made,
      format: "object",
      config,
    });
    const signed = await sign(six.privateKey, made, config);
    await expect(verifyDetached({ armored: signed, data, keys: [trusted] })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
      found: "version 6",
    });
  });

  it.each([
    ["version 3", 0, 3],
    ["version 5", 0, 5],
    ["version 6", 0, 6],
    ["type 2, standalone", 1, 0x02],
    ["type 16, of a user ID", 1, 0x10],
    ["type 24, of a subkey", 1, 0x18],
    ["type 31, of a key", 1, 0x1f],
    ["type 32, a revocation", 1, 0x20],
    ["type 64, of a time", 1, 0x40],
    ["type 80, of a signature", 1, 0x50],
    ["MD5", 3, 1],
    ["RIPEMD-160", 3, 3],
    ["SHA-224", 3, 11],
  ])("is not %s", async (name, at, value) => {
    const changed = rearmor((bytes) => {
      const start = bytes.length - (onlyPacket(bytes)?.body.length ?? 0);
      return Buffer.from(bytes).fill(value, start + at, start + at + 1);
    });
    await expect(verifyDetached({ armored: changed, data, keys: [trusted] })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
      found: name.split(",")[0],
    });
  });

  it("is small", async () => {
    await expectRefused(Buffer.concat([armored, Buffer.alloc(100_000, " ")]));
  });
});
