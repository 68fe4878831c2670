// Who finds a bundle and has no goferry reads README.txt in it. What stands there is run here as it stands, by the shell,
// with real gpg, sha256sum, tar and zstd, for a good bundle and for changed ones.

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { generateKey } from "../packages/bundler/src/index.ts";
import { blob, blobPath, readTrustedKey } from "../packages/core/src/index.ts";
import { hasGpg, temporaryGpg, type Gpg } from "./kit/gpg.ts";
import { canUnshare, OFFLINE } from "./kit/offline.ts";
import { contentOf, entryOf, readOuterTar, wholeEntry, type OuterTar } from "./kit/outer-tar.ts";
import { testPlatform } from "./kit/real-go.ts";
import { PLAIN_PATH } from "./kit/run-goferry.ts";
import { scratchFolder, type Scratch } from "./kit/scratch.ts";
import { resigned, tarEntry, tarOf } from "./kit/tampered.ts";

const demo = inject("demo");
const run = promisify(execFile);
const hasTools =
  (await hasGpg()) &&
  (await isThere("zstd", "tar", "sha256sum", "awk", "see: tests of the stock tools are skipped"));
const hasSkopeo = await isThere("skopeo", "see: the test of skopeo is skipped");
const offline = await canUnshare();

/** Whether all of these programs are there; says the last word on stderr when not. */
async function isThere(...words: string[]): Promise<boolean> {
  const programs = words.slice(0, -1);
  const all = programs.map((program) => `command -v ${program}`).join(" && ");
  return run("sh", ["-c", all]).then(
    () => true,
    () => {
      process.stderr.write(
        `${words.at(-1)?.replace("see: ", "")}: not all of ${programs.join(", ")} are installed\n`,
      );
      return false;
    },
  );
}

let scratch: Scratch;
let outer: OuterTar;
let readme: string;
let fingerprint: string;

beforeAll(async () => {
  scratch = await scratchFolder("goferry-stock");
  outer = await readOuterTar(demo.bundle);
  readme = contentOf(outer, entryOf(outer, "README.txt")).toString();
  ({ fingerprint } = await readTrustedKey(await readFile(demo.publicKey)));
});
afterAll(() => scratch[Symbol.asyncDispose]());

/** The commands of a section of README.txt: its indented lines. */
function commands(heading: string): string {
  const [, section = ""] = readme.split(heading);
  const lines = section.split("\n");
  const end = lines.findIndex((line, i) => i > 0 && /^[A-Z][A-Z ]{5,}/.test(line));
  return lines
    .slice(1, end === -1 ? undefined : end)
    .filter((line) => line.startsWith("  "))
    .join("\n");
}

interface Shell {
  stdout: string;
  stderr: string;
  /** Both. */
  said: string;
}

/** What a person types, in a folder of his own; a command that fails does not end it. */
async function type(script: string, cwd: string, env: Record<string, string> = {}): Promise<Shell> {
  const environment = { HOME: cwd, PATH: PLAIN_PATH, LC_ALL: "C", ...env };
  const { stdout, stderr } = await run("sh", ["-c", `${script}\n:`], {
    cwd,
    env: environment,
    maxBuffer: 1 << 26,
  });
  return { stdout, stderr, said: stdout + stderr };
}

let folders = 0;

/** Follows the section on verification with a bundle of these bytes, or the demo. */
async function verify(gpg: Gpg, bytes?: Uint8Array): Promise<Shell & { folder: string }> {
  const folder = join(scratch.path, `verify-${++folders}`);
  await mkdir(folder);
  if (bytes === undefined) await symlink(demo.bundle, join(folder, "demo.tar"));
  else await writeFile(join(folder, "demo.tar"), bytes);
  await cp(demo.publicKey, join(folder, "public.asc"));
  const script = commands("VERIFY WITH STOCK TOOLS")
    .replaceAll("THIS-FILE", "demo.tar")
    .replaceAll("PUBLIC.asc", "public.asc");
  return { ...(await type(script, folder, { GNUPGHOME: gpg.home })), folder };
}

/** What the text after the commands asks for. */
function isGood({ stdout, said }: Shell): boolean {
  const sums = stdout.match(/\b[0-9a-f]{64}\b/g) ?? [];
  return (
    said.includes("every blob is what its name says") &&
    /Good signature from "Demo <demo@example\.com>"/.test(said) &&
    said.replaceAll(" ", "").includes(fingerprint) &&
    !/BAD signature|CHANGED/.test(said) &&
    sums.length === 2 &&
    sums[0] === sums[1]
  );
}

describe.skipIf(!hasTools)("README.txt of a bundle, with stock tools", () => {
  it("verifies a good bundle", async () => {
    await using gpg = await temporaryGpg();
    const result = await verify(gpg);
    expect(result.said).toContain("Good signature");
    expect(isGood(result)).toBe(true);
    await rm(result.folder, { recursive: true });
  });

  it.each([
    ["README.txt", 1000],
    ["index.json", 110],
    ["bundle index", 40],
    ["signature", 150],
    ["contents", 5000],
    ["image config 0", 10],
    ["layer 0", 20_000_000],
    ["layer 3", 5_000_000],
    ["layer 2", -300],
  ])("does not verify one in which a bit of the %s was flipped", async (role, at) => {
    await using gpg = await temporaryGpg();
    const bytes = Buffer.from(outer.bytes);
    const offset = entryOf(outer, role).content + at;
    bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
    const result = await verify(gpg, bytes);
    expect(isGood(result)).toBe(false);
    await rm(result.folder, { recursive: true });
  });

  it("does not verify one that somebody else has signed", async () => {
    await using gpg = await temporaryGpg();
    const { privateKey } = await generateKey({ name: "Demo", email: "demo@example.com", now: new Date() });
    const result = await verify(gpg, await resigned(outer, [privateKey]));
    expect(isGood(result)).toBe(false);
    expect(result.said).toContain("No public key");
    await rm(result.folder, { recursive: true });
  });

  it("does not verify one whose README.txt leads to other layers than those that were signed", async () => {
    await using gpg = await temporaryGpg();
    const evil = blob(Buffer.from("evil"));
    const changed = readme.replace(/blobs\/sha256\/[0-9a-f]{64}/, blobPath(evil.digest));
    const result = await verify(
      gpg,
      tarOf([
        tarEntry("README.txt", Buffer.from(changed)),
        ...outer.entries.slice(1).map((each) => wholeEntry(outer, each)),
        tarEntry(blobPath(evil.digest), evil.bytes),
      ]),
    );
    // Every blob is what its name says, and the signature is good: the last two commands tell.
    expect(result.said).toContain("every blob is what its name says");
    expect(result.said).toContain("Good signature");
    expect(isGood(result)).toBe(false);
    await rm(result.folder, { recursive: true });
  });

  it("unpacks a Go and the modules with which the demo builds and runs without a network", async () => {
    await using gpg = await temporaryGpg();
    const { folder } = await verify(gpg);
    const [unpack = "", use = ""] = commands("UNPACK WITH STOCK TOOLS").split(/^(?= {2}export PATH)/m);
    const [, mine = ""] = unpack.split(`# ${testPlatform()}\n`);
    const lines = mine.split("\n").filter((line) => line !== "");
    const other = lines.findIndex((line) => line.startsWith("  # "));
    const target = join(scratch.path, "unpacked");
    await mkdir(target);
    const script = lines.slice(0, other === -1 ? undefined : other).join("\n");
    // A line for each layer: what platforms share of Go in four, the platform's own, the modules.
    expect(script.split("\n")).toHaveLength(6);
    await type(`set -e\n${script.replaceAll("DIR", target)}`, join(folder, "bundle"));

    const app = join(scratch.path, "app");
    await cp(demo.project, app, { recursive: true });
    const words = [
      "sh",
      "-ec",
      `${use.replaceAll("DIR", target)}\ngo version && go build -o demo . && go vet ./... && ./demo`,
    ];
    const [program = "", ...rest] = [...(offline ? OFFLINE : []), ...words];
    const { stdout } = await run(program, rest, { cwd: app, env: { HOME: scratch.path, PATH: PLAIN_PATH } });
    expect(stdout).toContain(`go version go1.27.1 ${testPlatform()}`);
    expect(stdout).toContain("Departures from Offline Harbor");
    await rm(folder, { recursive: true });
  });
});

describe.skipIf(!hasSkopeo)("the bundle as an OCI image layout", () => {
  it("is what skopeo inspects and copies", async () => {
    const skopeo = async (...words: string[]): Promise<string> =>
      (
        await run("skopeo", ["--insecure-policy", ...words], {
          env: { HOME: scratch.path, PATH: PLAIN_PATH },
        })
      ).stdout;
    const index = entryOf(outer, "bundle index");
    const from = `oci-archive:${demo.bundle}:demo`;
    expect(JSON.parse(await skopeo("inspect", from))).toMatchObject({
      Digest: index.path.replace("blobs/sha256/", "sha256:"),
      Os: "linux",
      Env: expect.arrayContaining(["GOMODCACHE=/mod"]),
    });
    // The command of README.txt, to a folder in the place of a registry.
    const [, line = ""] = /^ {2}(skopeo copy .*)$/m.exec(readme) ?? [];
    const [, ...words] = line
      .replace("THIS-FILE", demo.bundle)
      .replace(/docker:\S+$/, `oci:${scratch.path}/layout:demo`)
      .split(" ");
    await skopeo(...words);
    // skopeo writes the index anew (1.9 drops fields that it does not know); all that it leads to stays as it is.
    for (const { path, role } of outer.entries) {
      if (!/^(?:layer|image|contents)/.test(role)) continue;
      const { digest } = blob(await readFile(join(scratch.path, "layout", path)));
      expect(blobPath(digest)).toBe(path);
    }
  });
});
