import * as openpgp from "openpgp";
import { describe, expect, it } from "vitest";
import { readTrustedKey, verifyDetached } from "./verify.ts";

const userIDs = { name: "Site builds", email: "builds@example.com" };
const pair = await openpgp.generateKey({ type: "ecc", userIDs, format: "object" });
const keys = [await readTrustedKey(pair.publicKey.write())];
const data = Buffer.from("what is too large for memory");

async function sign(binary: Uint8Array, config: openpgp.PartialConfig = {}): Promise<Uint8Array> {
  const message = await openpgp.createMessage({ binary });
  return Buffer.from(await openpgp.sign({ message, signingKeys: pair.privateKey, detached: true, config }));
}

async function* stream(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe("bytes that come as a stream", () => {
  it.each([openpgp.enums.hash.sha256, openpgp.enums.hash.sha384, openpgp.enums.hash.sha512])(
    "are verified as they are in one piece, with hash algorithm %d",
    async (preferredHashAlgorithm) => {
      const armored = await sign(data, { preferredHashAlgorithm });
      const whole = await verifyDetached({ armored, data, keys });
      const pieces = stream(data.subarray(0, 3), new Uint8Array(), data.subarray(3));
      expect(await verifyDetached({ armored, data: pieces, keys })).toEqual(whole);
    },
  );

  it("are refused with one changed, one too many, none at all, and beside a signature over nothing", async () => {
    const armored = await sign(data);
    for (const wrong of [
      stream(Buffer.from(data).fill(0, 4, 5)),
      stream(data, data.subarray(0, 1)),
      stream(),
    ]) {
      await expect(verifyDetached({ armored, data: wrong, keys })).rejects.toMatchObject({
        code: "SIGNATURE_INVALID",
      });
    }
    const overNothing = await sign(new Uint8Array());
    await expect(verifyDetached({ armored: overNothing, data: stream(data), keys })).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
    });
    await expect(verifyDetached({ armored: overNothing, data: stream(), keys })).resolves.toBeDefined();
  });

  it("are not read for a signer that nobody pinned", async () => {
    let reads = 0;
    const counted = (async function* () {
      reads++;
      yield data;
    })();
    const check = verifyDetached({ armored: await sign(data), data: counted, keys: [] });
    await expect(check).rejects.toMatchObject({ code: "SIGNATURE_UNTRUSTED" });
    expect(reads).toBe(0);
  });

  it("fail with what reading them fails with", async () => {
    const broken = (async function* (): AsyncGenerator<Uint8Array> {
      yield data;
      throw new Error("the disk is gone");
    })();
    const check = verifyDetached({ armored: await sign(data), data: broken, keys });
    await expect(check).rejects.toThrow("the disk is gone");
  });
});
