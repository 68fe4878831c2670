import { beforeAll, describe, expect, it } from "vitest";
import { SMALL_NOW, testKey, type TestKey } from "../../../test/kit/small-bundle.ts";
import { canonicalJson, type Json } from "./format/json.ts";
import {
  parseUpdateFile,
  renderUpdateFile,
  updateBytes,
  UPDATE_TYPE,
  verifyTrustUpdate,
  type TrustUpdate,
} from "./trust-update.ts";

let one: TestKey;
let two: TestKey;
let fresh: TestKey;

beforeAll(async () => {
  [one, two, fresh] = [await testKey("One"), await testKey("Two"), await testKey("Fresh")];
});

const added = ({ trusted }: TestKey) => ({
  fingerprint: trusted.fingerprint,
  key: Buffer.from(trusted.key.write()).toString("base64"),
});

function updateOf(change: Partial<TrustUpdate> = {}): TrustUpdate {
  return {
    type: UPDATE_TYPE,
    created: "2026-11-21T05:00:00Z",
    sequence: 1,
    add: [added(fresh)],
    revoke: [one.trusted.fingerprint],
    ...change,
  };
}

async function signed(update: TrustUpdate, keys: readonly TestKey[], at = SMALL_NOW): Promise<Uint8Array> {
  const signatures: string[] = [];
  for (const { signer } of keys) signatures.push(await signer.sign(updateBytes(update), at));
  return renderUpdateFile({ update, signatures });
}

const trust = (minSignatures: number, keys = [one, two], revoked: readonly string[] = []) => ({
  keys: keys.map(({ trusted }) => trusted),
  minSignatures,
  revoked,
  now: SMALL_NOW,
});

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "believed",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
  );

describe("a trust update", () => {
  it("is believed when enough of the old keys have signed it, and brings its keys", async () => {
    const bytes = await signed(updateOf({ minSignatures: 2 }), [one, two]);
    const update = await verifyTrustUpdate(bytes, trust(2), "keys.json");
    expect(update).toMatchObject({ sequence: 1, minSignatures: 2, revoke: [one.trusted.fingerprint] });
    expect(update.keys.map(({ userIds }) => userIds)).toEqual([fresh.trusted.userIds]);
    expect(update.signatures.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(
      [one, two].map(({ trusted }) => trusted.fingerprint).toSorted(),
    );
  });

  it("is not believed with too few of them, whoever else has signed", async () => {
    const update = updateOf();
    const attempts: [TestKey[], number, string][] = [
      [[], 1, "SIGNATURE_MISSING"],
      [[one], 2, "SIGNATURE_MISSING"],
      [[fresh], 1, "SIGNATURE_UNTRUSTED"],
      [[one, fresh], 2, "SIGNATURE_MISSING"],
    ];
    for (const [keys, least, code] of attempts) {
      expect(await codeOf(verifyTrustUpdate(await signed(update, keys), trust(least), "keys.json"))).toBe(
        code,
      );
    }
    // Twice the same key counts once.
    const twice = [
      await signed(update, [one]),
      await signed(update, [one], new Date(SMALL_NOW.getTime() + 5000)),
    ];
    const signatures = twice.flatMap((bytes) => parseUpdateFile(bytes, "keys.json").signatures);
    const bytes = renderUpdateFile({ update, signatures });
    expect(await codeOf(verifyTrustUpdate(bytes, trust(2), "keys.json"))).toBe("SIGNATURE_MISSING");
    expect(await codeOf(verifyTrustUpdate(bytes, trust(1), "keys.json"))).toBe("believed");
  });

  it("counts no key that was revoked here", async () => {
    const bytes = await signed(updateOf(), [one, two]);
    const revoked = [two.trusted.fingerprint];
    expect(await codeOf(verifyTrustUpdate(bytes, trust(2, [one, two], revoked), "keys.json"))).toBe(
      "SIGNATURE_MISSING",
    );
  });

  it("is refused with any of its bytes changed", async () => {
    const bytes = Buffer.from(await signed(updateOf(), [one]));
    const start = bytes.indexOf('"update"');
    for (let at = start; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes).fill((bytes[at] ?? 0) ^ 1, at, at + 1);
      const code = await codeOf(verifyTrustUpdate(changed, trust(1), "keys.json"));
      expect(["DOCUMENT_INVALID", "SIGNATURE_INVALID"], `byte ${at}`).toContain(code);
    }
  });

  it("is refused when it was signed more than a day before it says it was made", async () => {
    const late = updateOf({ created: "2026-11-23T05:00:00Z" });
    expect(await codeOf(verifyTrustUpdate(await signed(late, [one]), trust(1), "keys.json"))).toBe(
      "SIGNATURE_TIME",
    );
  });

  it("is refused when it calls a key by another fingerprint", async () => {
    const wrong = updateOf({ add: [{ ...added(fresh), fingerprint: two.trusted.fingerprint }] });
    expect(await codeOf(verifyTrustUpdate(await signed(wrong, [one]), trust(1), "keys.json"))).toBe(
      "DOCUMENT_INVALID",
    );
    const noKey = updateOf({ add: [{ ...added(fresh), key: "AAAA" }] });
    expect(await codeOf(verifyTrustUpdate(await signed(noKey, [one]), trust(1), "keys.json"))).toBe(
      "KEY_INVALID",
    );
  });

  it("has one spelling and no field that is not documented", async () => {
    const update = updateOf() as unknown as { [key: string]: Json };
    const fpr = (digit: string): string => digit.repeat(40);
    const file = (change: { [key: string]: Json | undefined }): Uint8Array =>
      canonicalJson({ update: { ...update, ...change }, signatures: [] });
    const parse = (bytes: Uint8Array) => () => parseUpdateFile(bytes, "keys.json");
    expect(parse(file({}))).not.toThrow();
    const wrong: { [key: string]: Json | undefined }[] = [
      { type: "application/vnd.oci.image.index.v1+json" },
      { sequence: 0 },
      { sequence: 1.5 },
      { minSignatures: 0 },
      { minSignatures: 33 },
      { created: "2026-11-21" },
      { extra: 1 },
      { revoke: [fpr("B"), fpr("A")] },
      { revoke: [fpr("A"), fpr("A")] },
      { revoke: [fpr("a")] },
      { revoke: [fpr("A").slice(1)] },
      { revoke: [fresh.trusted.fingerprint] },
      { add: [added(fresh), added(fresh)] },
    ];
    for (const change of wrong) {
      const attempt = (): Uint8Array => file(change);
      // 1.5 has no canonical spelling at all.
      expect(() => parse(attempt())(), JSON.stringify(change)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^DOCUMENT_INVALID$|^INTERNAL$/u) }),
      );
    }
    const pretty = Buffer.from(`${JSON.stringify(JSON.parse(Buffer.from(file({})).toString()), null, 2)}\n`);
    expect(parse(pretty)).toThrow(expect.objectContaining({ code: "DOCUMENT_INVALID" }));
    expect(parse(canonicalJson({ update, signatures: ["x", "x"] }))).toThrow(
      expect.objectContaining({ code: "DOCUMENT_INVALID" }),
    );
    expect(parse(Buffer.alloc(2 << 20, 0x20))).toThrow(expect.objectContaining({ code: "DOCUMENT_INVALID" }));
  });
});
