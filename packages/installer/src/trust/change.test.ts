// Which keys a root and a user trust, by keys that are made for the test, by gpg where they have a history, and by real
// transactions.

import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readTrustedKey, UPDATE_TYPE, type TrustedKey, type TrustUpdate } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasGpg, temporaryGpg, type Gpg } from "../../../../test/kit/gpg.ts";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { testKey } from "../../../../test/kit/small-bundle.ts";
import { PROCESS_FACTS } from "../../../../test/kit/process-facts.ts";
import { signedUpdate } from "../../../../test/kit/signed-update.ts";
import { treeContents } from "../../../../test/kit/tree.ts";
import { NOBODY } from "../../../../test/kit/unprivileged.ts";
import { createHost, type Host } from "../host.ts";
import { listRoot } from "../install.ts";
import { changeTrust, readTrust, type TrustChanged, type TrustPlace } from "./change.ts";
import { checkSigners, pinnedTrust, type TrustQuestion } from "./pinned.ts";
import { NO_TRUST, type TrustChange } from "./store.ts";

const gpgPresent = await hasGpg();
if (!gpgPresent)
  console.warn("gpg is not installed: keys that expired, were renewed or lost a subkey are not tested");

const [{ trusted: KEY }, { trusted: OTHER }, { trusted: THIRD }] = [
  await testKey("One"),
  await testKey("Two"),
  await testKey("Three"),
];

interface Bench extends AsyncDisposable {
  host: Host;
  path: string;
  root: TrustPlace & { root: string };
  user: TrustPlace & { config: string };
  change(place: TrustPlace, change: TrustChange, dryRun?: boolean): Promise<TrustChanged>;
  add(place: TrustPlace, ...keys: TrustedKey[]): Promise<void>;
}

async function bench(): Promise<Bench> {
  const folder = await testFolder();
  const { path } = folder;
  const env = { PATH: "/usr/bin:/bin", HOME: path };
  const uid = process.getuid?.();
  const host = createHost({
    platform: "linux/amd64",
    env,
    home: path,
    uid,
    userName: "tester",
    ...PROCESS_FACTS,
  });
  const change: Bench["change"] = async (place, each, dryRun = false) =>
    await changeTrust(host, { place, change: each, dryRun });
  return {
    host,
    path,
    root: { root: join(path, "root") },
    user: { config: join(path, "config") },
    change,
    async add(place, ...keys) {
      for (const key of keys) await change(place, { action: "add", key });
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const PLACES = ["root", "user"] as const;

describe.each(PLACES)("the trust of a %s", (which) => {
  it("takes keys, and says who is trusted", async () => {
    await using bed = await bench();
    const place = bed[which];
    expect(await readTrust(bed.host, place)).toEqual(NO_TRUST);
    const first = await bed.change(place, { action: "add", key: KEY });
    expect(first).toMatchObject({ changed: true, subject: `${KEY.fingerprint} One <builds@example.com>` });
    await bed.add(place, OTHER);
    const store = await readTrust(bed.host, place);
    expect(store.keys.map(({ fingerprint }) => fingerprint)).toEqual(
      [KEY.fingerprint, OTHER.fingerprint].toSorted(),
    );
    expect(await bed.change(place, { action: "add", key: KEY })).toMatchObject({
      changed: false,
      subject: null,
    });
  });

  it("says what would be, and leaves nothing behind", async () => {
    await using bed = await bench();
    const tried = await bed.change(bed[which], { action: "add", key: KEY }, true);
    expect(tried).toMatchObject({ changed: true, store: { keys: [{ fingerprint: KEY.fingerprint }] } });
    const refused = bed.change(bed[which], { action: "require", minSignatures: 2 });
    await expect(refused).rejects.toMatchObject({ code: "KEYS_TOO_FEW" });
    expect(await readdir(bed.path)).toEqual([]);
  });

  it("asks for as many signatures as there are keys, and no more", async () => {
    await using bed = await bench();
    const place = bed[which];
    await bed.add(place, KEY, OTHER);
    await expect(bed.change(place, { action: "require", minSignatures: 3 })).rejects.toMatchObject({
      code: "KEYS_TOO_FEW",
      next: expect.stringContaining(
        which === "user" ? "trust add FILE --fingerprint FPR --user" : "--root /",
      ),
    });
    await bed.change(place, { action: "require", minSignatures: 2 });
    const remove = { action: "remove", fingerprint: KEY.fingerprint } as const;
    await expect(bed.change(place, remove)).rejects.toMatchObject({ code: "KEYS_TOO_FEW" });
    expect(await bed.change(place, { action: "require", minSignatures: 1 })).toMatchObject({
      subject: "1 signature, lowered from 2",
    });
    await bed.change(place, remove);
    await bed.change(place, { action: "remove", fingerprint: OTHER.fingerprint });
    await expect(bed.change(place, remove)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await readTrust(bed.host, place)).toEqual(NO_TRUST);
  });

  it("refuses a revoked key for ever, even if too few are left", async () => {
    await using bed = await bench();
    const place = bed[which];
    await bed.add(place, KEY, OTHER);
    await bed.change(place, { action: "require", minSignatures: 2 });
    const revoke = { action: "revoke", fingerprint: KEY.fingerprint } as const;
    expect(await bed.change(place, revoke)).toMatchObject({
      changed: true,
      store: { keys: [{ fingerprint: OTHER.fingerprint }], minSignatures: 2, revoked: [KEY.fingerprint] },
    });
    expect(await bed.change(place, revoke)).toMatchObject({ changed: false });
    await expect(bed.change(place, { action: "add", key: KEY })).rejects.toMatchObject({
      code: "KEY_REVOKED",
      subject: KEY.fingerprint,
    });
  });
});

describe.runIf(gpgPresent)("a key with a history", () => {
  let gpg: Gpg;
  beforeAll(async () => {
    gpg = await temporaryGpg();
  });
  afterAll(() => gpg[Symbol.asyncDispose]());
  const exported = async (fingerprint: string): Promise<TrustedKey> =>
    await readTrustedKey(await gpg.export(fingerprint));

  it.each(PLACES)("that has expired is not trusted, and is once it was renewed (%s)", async (which) => {
    await using bed = await bench();
    const place = bed[which];
    const fingerprint = await gpg.generate(`Short ${which}`, "ed25519", {
      expires: "1d",
      at: "20200101T000000",
    });
    const key = await exported(fingerprint);
    await expect(bed.change(place, { action: "add", key })).rejects.toMatchObject({
      code: "KEY_INVALID",
      message: expect.stringContaining("expired"),
    });
    await gpg.run(["--faked-system-time", "20200101T120000!", "--quick-set-expire", fingerprint, "never"]);
    await bed.add(place, await exported(fingerprint));
    // The older file of the key takes nothing away.
    await bed.add(place, key);
    const [stored] = (await readTrust(bed.host, place)).keys;
    expect(stored).toMatchObject({ fingerprint });
    expect(stored?.expires).toBeUndefined();
  });

  it.each(PLACES)("does not get a revoked subkey back from an older file (%s)", async (which) => {
    await using bed = await bench();
    const place = bed[which];
    const fingerprint = await gpg.generate(`Owner ${which}`, "ed25519");
    const noPassphrase = ["--pinentry-mode", "loopback", "--passphrase", ""];
    await gpg.run([...noPassphrase, "--quick-add-key", fingerprint, "ed25519", "sign", "never"]);
    const before = await exported(fingerprint);
    const words = "key 1\nrevkey\ny\n1\n\ny\nsave\n";
    await gpg.run(["--command-fd", "0", "--expert", "--edit-key", fingerprint], words);
    await bed.add(place, before, await exported(fingerprint));
    expect(await bed.change(place, { action: "add", key: before })).toMatchObject({ changed: false });
    const [stored] = (await readTrust(bed.host, place)).keys;
    expect(stored?.key.subkeys[0]?.revocationSignatures).toHaveLength(1);
  });
});

describe("a root", () => {
  it("has each key in a file that gpg reads, and every decision in its audit log", async () => {
    await using bed = await bench();
    await bed.add(bed.root, KEY, OTHER);
    await bed.change(bed.root, { action: "require", minSignatures: 2 });
    await bed.change(bed.root, { action: "require", minSignatures: 1 });
    await bed.change(bed.root, { action: "remove", fingerprint: OTHER.fingerprint });
    const trust = join(bed.root.root, "state", "trust");
    expect(await readdir(trust)).toEqual([`${KEY.fingerprint}.asc`]);
    expect(await readFile(join(trust, `${KEY.fingerprint}.asc`), "utf8")).toContain("PUBLIC KEY BLOCK");
    const log = await readFile(join(bed.root.root, "state", "audit.jsonl"), "utf8");
    const entries = log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { action: string; subject: string });
    expect(entries.map(({ action, subject }) => `${action}: ${subject}`)).toEqual([
      `trust add: ${KEY.fingerprint} One <builds@example.com>`,
      `trust add: ${OTHER.fingerprint} Two <builds@example.com>`,
      "trust require: 2 signatures, raised from 1",
      "trust require: 1 signature, lowered from 2",
      `trust remove: ${OTHER.fingerprint} Two <builds@example.com>`,
    ]);
    expect(await listRoot(bed.host, bed.root.root)).toMatchObject({ generation: 5, sdks: [] });
  });

  it("is damaged when a key file was changed or is gone, and says which", async () => {
    await using bed = await bench();
    await bed.add(bed.root, KEY, OTHER);
    const file = join(bed.root.root, "state", "trust", `${KEY.fingerprint}.asc`);
    await writeFile(file, await readFile(file.replace(KEY.fingerprint, OTHER.fingerprint)));
    await expect(readTrust(bed.host, bed.root)).rejects.toMatchObject({
      code: "STATE_DAMAGED",
      subject: file,
    });
    const before = await treeContents(bed.root.root);
    await expect(bed.add(bed.root, THIRD)).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    expect(await treeContents(bed.root.root)).toEqual(before);
    // The key itself, added again, mends it; and a stolen one is revoked in any case.
    await bed.add(bed.root, KEY);
    expect((await readTrust(bed.host, bed.root)).keys).toHaveLength(2);
    await rm(file);
    await bed.change(bed.root, { action: "revoke", fingerprint: KEY.fingerprint });
    expect((await readTrust(bed.host, bed.root)).keys).toMatchObject([{ fingerprint: OTHER.fingerprint }]);
  });
});

describe.runIf(gpgPresent)("an update for a host that missed the one before", () => {
  it("is taken although a key that it says again has expired since", async () => {
    await using gpg = await temporaryGpg();
    await using bed = await bench();
    const fingerprint = await gpg.generate("Late", "ed25519", { expires: "1d", at: "20200101T000000" });
    const key = (await readTrustedKey(await gpg.export(fingerprint))).key.write();
    const add = [{ fingerprint, key: Buffer.from(key).toString("base64") }];
    const after: TrustUpdate = {
      type: UPDATE_TYPE,
      created: "2020-01-01T00:00:00Z",
      sequence: 1,
      add,
      revoke: [],
    };
    const owner = await testKey("Owner");
    await bed.add(bed.root, owner.trusted);
    const bytes = await signedUpdate({ after, revoke: [THIRD.fingerprint] }, [owner]);
    const { store } = await bed.change(bed.root, { action: "update", bytes, file: "keys-2.json" });
    expect(store.update).toMatchObject({ sequence: 2 });
    expect(store.keys.map((each) => each.fingerprint).toSorted()).toEqual(
      [fingerprint, owner.trusted.fingerprint].toSorted(),
    );
    expect(store.revoked).toEqual([THIRD.fingerprint]);
  });
});

describe("a root of somebody else", () => {
  it("is not believed, not even to look at a bundle", async () => {
    await using bed = await bench();
    await bed.add(bed.root, KEY);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(bed.root.root, NOBODY, NOBODY);
    const host = isRoot ? bed.host : { ...bed.host, uid: 4321 };
    const refused = { code: "ROOT_OWNER_OTHER", subject: bed.root.root };
    await expect(readTrust(host, bed.root)).rejects.toMatchObject(refused);
    const question = { named: [], minSignatures: undefined, config: undefined, ...bed.root };
    for (const purpose of ["verify", "sign", "install"] as const)
      await expect(pinnedTrust(host, { ...question, purpose })).rejects.toMatchObject(refused);
    // Its owner believes it.
    const owner = { ...host, uid: isRoot ? NOBODY : bed.host.uid };
    expect((await readTrust(owner, bed.root)).keys).toHaveLength(1);
  });
});

describe("a user", () => {
  it("does not even open what is no file", async () => {
    await using bed = await bench();
    await mkdir(join(bed.user.config, "trust"), { recursive: true });
    // A pipe, whose end nobody writes: who reads it waits for ever.
    await promisify(execFile)("mkfifo", [join(bed.user.config, "trust", "trust.json")]);
    await expect(readTrust(bed.host, bed.user)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  it("believes no file that another user may write", async () => {
    await using bed = await bench();
    await bed.add(bed.user, KEY);
    const file = join(bed.user.config, "trust", "trust.json");
    await chmod(file, 0o664);
    await expect(readTrust(bed.host, bed.user)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    await chmod(file, 0o644);
    const stranger = await readTrust({ ...bed.host, uid: 4321 }, bed.user).catch((error: unknown) => error);
    // What root wrote, every user may believe.
    const isRoot = process.getuid?.() === 0;
    expect(stranger).toMatchObject(isRoot ? { keys: [{}] } : { code: "PERMISSION_DENIED" });
  });

  it("is told of a file that goferry did not write", async () => {
    await using bed = await bench();
    await mkdir(join(bed.user.config, "trust"), { recursive: true });
    for (const text of ["", "{}", '{"trustVersion":1}']) {
      await writeFile(join(bed.user.config, "trust", "trust.json"), text);
      await expect(readTrust(bed.host, bed.user)).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    }
    await writeFile(join(bed.user.config, "trust", "trust.json"), '{"trustVersion":2}');
    await expect(readTrust(bed.host, bed.user)).rejects.toMatchObject({ code: "STATE_NEWER" });
  });
});

describe("whose keys count", () => {
  const ask = async (bed: Bench, question: Partial<TrustQuestion> = {}) => {
    const { keys, from, minSignatures } = await pinnedTrust(bed.host, {
      named: [],
      minSignatures: undefined,
      root: bed.root.root,
      config: bed.user.config,
      purpose: "install",
      ...question,
    });
    return { keys: keys.map((key) => key.userIds[0]?.split(" ")[0]), from, minSignatures };
  };

  it("is decided by the command, else by the root, else by the user", async () => {
    await using bed = await bench();
    await expect(ask(bed)).rejects.toMatchObject({ code: "ARGUMENT_INVALID", subject: "--key" });
    await bed.add(bed.user, KEY, OTHER);
    await bed.change(bed.user, { action: "require", minSignatures: 2 });
    expect(await ask(bed)).toMatchObject({ from: "user", minSignatures: 2 });
    await bed.add(bed.root, THIRD);
    expect(await ask(bed)).toEqual({ keys: ["Three"], from: "root", minSignatures: 1 });
    expect(await ask(bed, { root: undefined })).toMatchObject({ from: "user" });
    expect(await ask(bed, { named: [KEY] })).toEqual({ keys: ["One"], from: "named", minSignatures: 1 });
  });

  it("is never fewer than the root asks for, where a bundle goes into it", async () => {
    await using bed = await bench();
    await bed.add(bed.root, KEY, OTHER);
    await bed.change(bed.root, { action: "require", minSignatures: 2 });
    expect(await ask(bed, { minSignatures: 1 })).toMatchObject({ minSignatures: 2 });
    await expect(ask(bed, { named: [KEY] })).rejects.toMatchObject({
      code: "KEYS_TOO_FEW",
      subject: "--key",
    });
    expect(await ask(bed, { named: [KEY], purpose: "verify" })).toMatchObject({ minSignatures: 1 });
    expect(await ask(bed, { purpose: "sign" })).toMatchObject({ minSignatures: 1, from: "root" });
    await expect(ask(bed, { minSignatures: 3 })).rejects.toMatchObject({ code: "KEYS_TOO_FEW" });
    // Without its keys the root is no root that trusts nobody: the user's keys do not take their place.
    await bed.add(bed.user, THIRD);
    for (const { fingerprint } of [KEY, OTHER]) await bed.change(bed.root, { action: "revoke", fingerprint });
    await expect(ask(bed)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  });

  it.each(PLACES)("is never a key that the %s has revoked, named or not", async (which) => {
    await using bed = await bench();
    await bed.change(bed[which], { action: "revoke", fingerprint: KEY.fingerprint });
    await bed.add(bed[which === "root" ? "user" : "root"], KEY);
    await expect(ask(bed, { named: [KEY] })).rejects.toMatchObject({ code: "KEY_REVOKED" });
    await expect(ask(bed)).rejects.toMatchObject({ found: expect.stringContaining(KEY.fingerprint) });
  });

  it("is looked at again under the lock of the root", () => {
    const source = { name: "site.tar" };
    const by = (...keys: TrustedKey[]) => ({
      source,
      signatures: keys.map(({ fingerprint }) => ({ fingerprint })),
    });
    const check = (keys: TrustedKey[], trust: { minSignatures?: number; revoked?: string[] }) => () =>
      checkSigners(by(...keys) as unknown as Parameters<typeof checkSigners>[0], {
        root: "/opt/goferry",
        trust: { keys: [], minSignatures: 1, revoked: [], update: null, ...trust },
      });
    expect(check([KEY], {})).not.toThrow();
    expect(check([KEY, OTHER], { revoked: [KEY.fingerprint] })).not.toThrow();
    expect(check([KEY], { minSignatures: 2 })).toThrow(
      expect.objectContaining({ code: "SIGNATURE_MISSING" }),
    );
    for (const minSignatures of [1, 2]) {
      const revoked = [KEY.fingerprint];
      expect(check([KEY], { minSignatures, revoked })).toThrow(
        expect.objectContaining({ code: "KEY_REVOKED", found: KEY.fingerprint }),
      );
    }
  });
});
