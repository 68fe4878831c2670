// Trust updates on a host: what they change, what is refused, and that a refusal has touched nothing.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseUpdateFile } from "@goferry/core";
import { beforeAll, describe, expect, it } from "vitest";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { PROCESS_FACTS } from "../../../../test/kit/process-facts.ts";
import { signedUpdate } from "../../../../test/kit/signed-update.ts";
import { testKey, type TestKey } from "../../../../test/kit/small-bundle.ts";
import { treeContents } from "../../../../test/kit/tree.ts";
import { createHost } from "../host.ts";
import { changeTrust, readTrust, type TrustChanged } from "./change.ts";

let [a, b, c, d]: TestKey[] = [];
const keyOf = (key: TestKey | undefined): TestKey => {
  if (key === undefined) throw new TypeError("no key");
  return key;
};
const fpr = (key: TestKey | undefined): string => keyOf(key).trusted.fingerprint;

beforeAll(async () => {
  [a, b, c, d] = [await testKey("A"), await testKey("B"), await testKey("C"), await testKey("D")];
});

interface Bench extends AsyncDisposable {
  path: string;
  root: string;
  update(bytes: Uint8Array, dryRun?: boolean): Promise<TrustChanged>;
  refused(bytes: Uint8Array): Promise<string>;
  keys(): Promise<string[]>;
}

/** A root that trusts A and B, both of which must have signed. */
async function bench(): Promise<Bench> {
  const folder = await testFolder();
  const { path, root } = folder;
  const env = { PATH: "/usr/bin:/bin" };
  const uid = process.getuid?.();
  const host = createHost({
    platform: "linux/amd64",
    env,
    home: undefined,
    uid,
    userName: "tester",
    ...PROCESS_FACTS,
  });
  const place = { root };
  for (const key of [a, b])
    await changeTrust(host, { place, change: { action: "add", key: keyOf(key).trusted } });
  await changeTrust(host, { place, change: { action: "require", minSignatures: 2 } });
  const update: Bench["update"] = async (bytes, dryRun = false) =>
    await changeTrust(host, { place, change: { action: "update", bytes, file: "keys.json" }, dryRun });
  return {
    path,
    root,
    update,
    async refused(bytes) {
      const before = await treeContents(root);
      const code = await update(bytes).then(
        () => "done",
        (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : String(error)),
      );
      expect(await treeContents(root)).toEqual(before);
      return code;
    },
    keys: async () =>
      (await readTrust(host, place)).keys.map(({ userIds }) => userIds[0]?.split(" ")[0] ?? ""),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const both = (): TestKey[] => [keyOf(a), keyOf(b)];

describe("a trust update", () => {
  it("puts a new key in the place of an old one, once", async () => {
    await using bed = await bench();
    const bytes = await signedUpdate({ add: [keyOf(c)], revoke: [fpr(a)] }, both());
    const tried = await bed.update(bytes, true);
    expect(tried).toMatchObject({ changed: true, store: { revoked: [fpr(a)], update: { sequence: 1 } } });
    expect((await bed.keys()).toSorted()).toEqual(["A", "B"]);
    const done = await bed.update(bytes);
    expect(done).toMatchObject({
      changed: true,
      subject: `sequence 1: +${fpr(c)} -${fpr(a)}`,
      store: { minSignatures: 2, revoked: [fpr(a)] },
    });
    expect((await bed.keys()).toSorted()).toEqual(["B", "C"]);
    const log = (await readFile(join(bed.root, "state", "audit.jsonl"), "utf8")).trim().split("\n");
    expect(JSON.parse(log.at(-1) ?? "")).toMatchObject({
      action: "trust update",
      subject: done.subject,
      result: "done",
      signers: expect.arrayContaining([fpr(a), fpr(b)]),
    });
  });

  it("changes nothing the second time, although its signer is revoked by now", async () => {
    await using bed = await bench();
    const bytes = await signedUpdate({ add: [keyOf(c), keyOf(d)], revoke: [fpr(a)] }, both());
    await bed.update(bytes);
    const before = await treeContents(bed.root);
    expect(await bed.update(bytes)).toMatchObject({ changed: false, subject: null });
    expect(await treeContents(bed.root)).toEqual(before);
  });

  it("is refused when it is older than the last, or another one of the same number", async () => {
    await using bed = await bench();
    const first = await signedUpdate({ add: [keyOf(c)] }, both());
    const second = await signedUpdate({ add: [keyOf(d)], sequence: 2 }, both());
    const otherSecond = await signedUpdate({ add: [keyOf(c)], sequence: 2 }, both());
    await bed.update(second);
    expect(await bed.refused(first)).toBe("TRUST_UPDATE_OLD");
    expect(await bed.refused(otherSecond)).toBe("TRUST_UPDATE_OLD");
  });

  it("that follows a missed one says again what that one said", async () => {
    await using bed = await bench();
    const first = await signedUpdate({ add: [keyOf(c)], revoke: [fpr(a)] }, both());
    const { update: after } = parseUpdateFile(first, "keys.json");
    const second = await signedUpdate({ after, add: [keyOf(d)] }, both());
    expect(await bed.update(second)).toMatchObject({ store: { update: { sequence: 2 }, revoked: [fpr(a)] } });
    expect((await bed.keys()).toSorted()).toEqual(["B", "C", "D"]);
    const third = await signedUpdate(
      { after: parseUpdateFile(second, "keys.json").update, minSignatures: 3 },
      [keyOf(b), keyOf(c)],
    );
    expect(await bed.update(third)).toMatchObject({ store: { minSignatures: 3 } });
  });

  it("is refused when too few of the keys that are trusted now have signed it", async () => {
    await using bed = await bench();
    const change = { add: [keyOf(c)] };
    expect(await bed.refused(await signedUpdate(change, []))).toBe("SIGNATURE_MISSING");
    expect(await bed.refused(await signedUpdate(change, [keyOf(a)]))).toBe("SIGNATURE_MISSING");
    expect(await bed.refused(await signedUpdate(change, [keyOf(c), keyOf(d)]))).toBe("SIGNATURE_UNTRUSTED");
    // A key that an update has revoked signs no further one.
    await bed.update(await signedUpdate({ add: [keyOf(c)], revoke: [fpr(a)] }, both()));
    const next = await signedUpdate({ add: [keyOf(d)], sequence: 2 }, both());
    expect(await bed.refused(next)).toBe("SIGNATURE_MISSING");
  });

  it("is refused when fewer keys than must sign would be left", async () => {
    await using bed = await bench();
    expect(await bed.refused(await signedUpdate({ revoke: [fpr(a)] }, both()))).toBe("KEYS_TOO_FEW");
    expect(await bed.refused(await signedUpdate({ minSignatures: 3 }, both()))).toBe("KEYS_TOO_FEW");
    const lower = await signedUpdate({ revoke: [fpr(a)], minSignatures: 1 }, both());
    expect(await bed.update(lower)).toMatchObject({ changed: true, store: { minSignatures: 1 } });
  });

  it("is refused when it adds a key that was revoked here, or is no update at all", async () => {
    await using bed = await bench();
    await bed.update(await signedUpdate({ add: [keyOf(c), keyOf(d)], revoke: [fpr(a)] }, both()));
    const back = await signedUpdate({ add: [keyOf(a)], sequence: 2 }, [keyOf(b), keyOf(c)]);
    expect(await bed.refused(back)).toBe("KEY_REVOKED");
    for (const text of ["", "{}", "no JSON"])
      expect(await bed.refused(Buffer.from(text))).toBe("DOCUMENT_INVALID");
  });

  it("is refused by a root that trusts nobody yet, and leaves no root behind", async () => {
    await using folder = await testFolder();
    const host = createHost({
      platform: "linux/amd64",
      env: {},
      home: undefined,
      uid: process.getuid?.(),
      userName: "tester",
      ...PROCESS_FACTS,
    });
    const bytes = await signedUpdate({ add: [keyOf(c)] }, both());
    const change = { action: "update", bytes, file: "keys.json" } as const;
    await expect(changeTrust(host, { place: { root: folder.root }, change })).rejects.toMatchObject({
      code: "KEYS_TOO_FEW",
      next: expect.stringContaining("trust add"),
    });
    expect(await treeContents(folder.root)).toEqual({});
  });
});

describe("making an update", () => {
  it("refuses one that says nothing, goes back, or takes a revoked key in again", async () => {
    const first = await signedUpdate({ revoke: [fpr(a)] }, []);
    const { update: after } = parseUpdateFile(first, "keys.json");
    await expect(signedUpdate({}, [])).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
    await expect(signedUpdate({ after, minSignatures: 2, sequence: 1 }, [])).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
    });
    await expect(signedUpdate({ after, add: [keyOf(a)] }, [])).rejects.toMatchObject({ code: "KEY_REVOKED" });
    await expect(signedUpdate({ add: [keyOf(c)] }, [keyOf(a), keyOf(a)])).rejects.toMatchObject({
      code: "ALREADY_SIGNED",
    });
  });
});
