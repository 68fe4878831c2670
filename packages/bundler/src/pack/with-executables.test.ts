import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { temporaryGpg } from "../../../../test/kit/gpg.ts";
import { generateKey, unlockKey } from "../keys.ts";
import { keySigner, type Signer } from "../signer.ts";
import { findExecutables, placeExecutables, type PlaceOptions } from "./with-executables.ts";

const run = promisify(execFile);
const now = new Date("2026-03-01T10:00:00Z");
const installScript = "#!/bin/sh\necho install\n";

interface Person {
  publicKey: string;
  signer: Signer;
}

async function makePerson(name: string): Promise<Person> {
  const { privateKey, publicKey } = await generateKey({ name, email: "builds@example.com", now });
  return { publicKey, signer: keySigner(await unlockKey(privateKey)) };
}

let alice: Person;
let bob: Person;
let folder: string;
let from: string;
let medium: string;
let bundleFile: string;

beforeAll(async () => {
  [alice, bob] = await Promise.all([makePerson("Alice"), makePerson("Bob")]);
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "with-executables-"));
  [from, medium] = [join(folder, "dist"), join(folder, "medium")];
  bundleFile = join(medium, "site.tar");
  for (const made of [from, medium]) await mkdir(made);
  await writeFile(bundleFile, "the bundle");
  await writeFile(join(from, "goferry-linux-amd64"), Buffer.alloc(3 << 20, "a program"), { mode: 0o755 });
  await writeFile(join(from, "goferry-windows-amd64.exe"), "another program");
  await writeFile(join(from, "notes.txt"), "not for the medium");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function place(options: Partial<PlaceOptions> = {}) {
  const platforms = ["linux/amd64", "windows/amd64"];
  return placeExecutables({
    from,
    bundleFile,
    platforms,
    installScript,
    signers: [alice.signer],
    now,
    ...options,
  });
}

async function checkSums(): Promise<string> {
  return (await run("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: medium })).stdout;
}

/** 0 when gpg, which has that person's key, finds the signature good. */
async function gpgVerdict(person: Person, signature: string): Promise<number | null> {
  await using gpg = await temporaryGpg();
  await gpg.run(["--import", await gpg.file("public.asc", person.publicKey)]);
  return (await gpg.attempt(["--verify", join(medium, signature), join(medium, "SHA256SUMS")])).code;
}

const ALL = ["goferry-linux-amd64", "goferry-windows-amd64.exe", "install.sh", "site.tar"];

describe("placeExecutables", () => {
  it("puts executables and install.sh beside the bundle, with sums that sha256sum confirms", async () => {
    const { files } = await place();
    expect((await readdir(medium)).toSorted()).toEqual(["SHA256SUMS", "SHA256SUMS.asc", ...ALL].toSorted());
    expect(files.map((file) => basename(file)).toSorted()).toEqual(
      (await readdir(medium)).filter((name) => name !== "site.tar").toSorted(),
    );
    expect(await checkSums()).toBe(ALL.map((name) => `${name}: OK\n`).join(""));
    expect(await readFile(join(medium, "install.sh"), "utf8")).toBe(installScript);
    for (const name of ["goferry-linux-amd64", "install.sh"]) {
      expect((await stat(join(medium, name))).mode & 0o111).not.toBe(0);
    }
  });

  it("has the sums signed as gpg wants it, and notices what is changed later", async () => {
    await place();
    expect(await gpgVerdict(alice, "SHA256SUMS.asc")).toBe(0);
    await writeFile(join(medium, "goferry-linux-amd64"), "another");
    await expect(checkSums()).rejects.toMatchObject({ code: 1 });
    await writeFile(join(medium, "SHA256SUMS"), "\n", { flag: "a" });
    expect(await gpgVerdict(alice, "SHA256SUMS.asc")).not.toBe(0);
  });

  it("writes a signature for each signer, and none of an earlier list stays", async () => {
    await place({ signers: [alice.signer, bob.signer] });
    expect(await gpgVerdict(alice, "SHA256SUMS.asc")).toBe(0);
    expect(await gpgVerdict(bob, "SHA256SUMS.2.asc")).toBe(0);
    expect(await gpgVerdict(bob, "SHA256SUMS.asc")).not.toBe(0);
    await place({ signers: [bob.signer] });
    expect(await gpgVerdict(bob, "SHA256SUMS.asc")).toBe(0);
    expect(await readdir(medium)).not.toContain("SHA256SUMS.2.asc");
  });

  it("writes the same sums again over what it wrote before", async () => {
    await place();
    const first = await readFile(join(medium, "SHA256SUMS"), "utf8");
    await place();
    expect(await readFile(join(medium, "SHA256SUMS"), "utf8")).toBe(first);
    expect((await readdir(medium)).length).toBe(ALL.length + 2);
  });

  it("takes only executables for the bundle's platforms, and says which are missing", async () => {
    const { notes } = await place({ platforms: ["linux/amd64", "linux/arm64"] });
    expect(notes).toEqual([`there is no goferry-linux-arm64 in ${from} for hosts of linux/arm64`]);
    expect(await checkSums()).toBe("goferry-linux-amd64: OK\ninstall.sh: OK\nsite.tar: OK\n");
    expect(await readdir(medium)).not.toContain("goferry-windows-amd64.exe");
  });

  it("leaves executables where they are when they lie beside the bundle already", async () => {
    bundleFile = join(from, "site.tar");
    await writeFile(bundleFile, "the bundle");
    const before = await stat(join(from, "goferry-linux-amd64"));
    await place();
    medium = from;
    expect(await checkSums()).toBe(ALL.map((name) => `${name}: OK\n`).join(""));
    expect((await stat(join(from, "goferry-linux-amd64"))).ino).toBe(before.ino);
  });

  it.each(["a\\b.tar", "a\nb.tar", " a 'b'.tar", "ä.tar"])("lists a bundle called %j", async (name) => {
    bundleFile = join(medium, name);
    await writeFile(bundleFile, "the bundle");
    await place();
    expect((await checkSums()).match(/: OK$/gm)).toHaveLength(ALL.length);
  });

  it.each(["install.sh", "SHA256SUMS", "SHA256SUMS.asc", "SHA256SUMS.3.asc", "goferry-linux-amd64"])(
    "refuses a bundle called %s, and leaves it as it is",
    async (name) => {
      bundleFile = join(medium, name);
      await writeFile(bundleFile, "the bundle");
      await expect(place()).rejects.toMatchObject({ code: "ARGUMENT_INVALID", subject: bundleFile });
      expect(await readFile(bundleFile, "utf8")).toBe("the bundle");
    },
  );

  it("leaves nothing behind when a signer fails", async () => {
    const failing: Signer = {
      fingerprint: "",
      publicKey: async () => await alice.signer.publicKey(),
      sign: () => Promise.reject(new Error("the card was pulled out")),
    };
    await expect(place({ signers: [alice.signer, failing] })).rejects.toThrow("the card was pulled out");
    expect(await readdir(medium)).toEqual(["site.tar"]);
  });

  it("leaves nothing behind when it is interrupted", async () => {
    await expect(place({ signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
    expect(await readdir(medium)).toEqual(["site.tar"]);
  });

  it("names a bundle that cannot be read", async () => {
    await rm(bundleFile);
    await expect(place()).rejects.toMatchObject({ code: "IO_FAILED", subject: bundleFile });
  });
});

describe("findExecutables", () => {
  it("finds them, and nothing else", async () => {
    expect(await findExecutables(from)).toEqual(["goferry-linux-amd64", "goferry-windows-amd64.exe"]);
  });

  it.each(["medium", "absent", "dist/notes.txt"])("refuses %s", async (name) => {
    const subject = join(folder, name);
    await expect(findExecutables(subject)).rejects.toMatchObject({ code: "ARGUMENT_INVALID", subject });
  });
});
