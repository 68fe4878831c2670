import { generateKey } from "openpgp";
import { describe, expect, it } from "vitest";
import { signerFacts } from "./key-facts.ts";
import { readTrustedKey } from "./trusted-key.ts";

const date = new Date("2024-03-01T10:00:00Z");
const YEAR = 365 * 24 * 60 * 60;
const userIDs = { name: "Site builds", email: "builds@example.com" };
const later = (seconds: number): Date => new Date(date.getTime() + seconds * 1000);

interface Kind {
  type: "ecc" | "rsa" | "curve25519";
  curve?: "nistP256";
  rsaBits?: number;
  /** Seconds. */
  keyExpirationTime?: number;
  subkeys?: { sign: boolean; keyExpirationTime: number }[];
}

async function make(options: Kind) {
  const { publicKey } = await generateKey({ ...options, userIDs, date, format: "object" });
  const trusted = await readTrustedKey(Buffer.from(publicKey.armor()));
  return { trusted, subkeys: publicKey.subkeys.map((each) => each.getFingerprint().toUpperCase()) };
}

describe("signerFacts", () => {
  it.each<[string, Kind]>([
    ["ed25519", { type: "ecc" }],
    ["ed25519", { type: "curve25519" }],
    ["nistp256", { type: "ecc", curve: "nistP256" }],
    ["rsa2048", { type: "rsa", rsaBits: 2048 }],
  ])("names %s", async (algorithm, options) => {
    const { trusted } = await make(options);
    const { fingerprint } = trusted;
    const facts = { fingerprint, algorithm, created: date, expires: null };
    expect(await signerFacts(trusted, fingerprint)).toEqual({ key: facts, signing: facts });
  });

  it("tells of a subkey that signs apart from its key", async () => {
    const { trusted, subkeys } = await make({
      type: "ecc",
      keyExpirationTime: 2 * YEAR,
      subkeys: [{ sign: true, keyExpirationTime: YEAR }],
    });
    const [signing = ""] = subkeys;
    expect(await signerFacts(trusted, signing)).toMatchObject({
      key: { fingerprint: trusted.fingerprint, expires: later(2 * YEAR) },
      signing: { fingerprint: signing, algorithm: "ed25519", created: date, expires: later(YEAR) },
    });
  });
});
