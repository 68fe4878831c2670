// The installer is a stand-in that opens what it is given as a host does; the whole way, with real toolchains, is in
// test/.
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { GoferryError, openBundle, readTrustedKey, verifyBundle } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf, runner, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { testPlatform } from "../../../../test/kit/real-go.ts";
import { smallFetched } from "../../../../test/kit/small-bundle.ts";
import type { RehearsalInstall, RehearsalInstallOptions } from "../build.ts";
import type { Progress } from "../machine.ts";
import { layerPress } from "../pack/layer-press.ts";
import { pack } from "../pack/pack.ts";
import { rehearsePacked, type RehearsePackedOptions } from "./rehearse-packed.ts";

interface Prepared {
  packed: Awaited<ReturnType<typeof pack>>;
  logKey: string;
  events: Progress[];
  options(install: RehearsalInstall): RehearsePackedOptions;
}

async function prepare(workDir: string, platforms: string[], own: string[] = []): Promise<Prepared> {
  const { fetched, log } = await smallFetched(workDir, { platforms, private: own });
  const packed = await pack(fetched, layerPress({ workDir: join(workDir, "layers") }));
  const events: Progress[] = [];
  const machine = {
    platform: testPlatform(),
    env: { PATH: process.env["PATH"] },
    cacheDir: workDir,
    uid: undefined,
    now: () => new Date(),
    kill: (pid: number, signal: "SIGTERM" | "SIGKILL") => process.kill(pid, signal),
    caFiles: [],
    userAgent: "test",
    runtime: "test",
  };
  const network = {
    log: { name: "sum.example.com", key: log.vkey, fetch: log.fetch },
    goEnv: {},
    privatePatterns: [],
    runner,
  };
  const context = { machine, workDir, onProgress: (event: Progress) => events.push(event) };
  return { packed, logKey: log.vkey, events, options: (install) => ({ context, network, install }) };
}

describe("rehearsePacked", () => {
  it("hands the installer a bundle that the key it gets has signed, and removes what it made", async () => {
    await using folder = await temporaryFolder();
    const own = "example.com/hello";
    const { packed, logKey, events, options } = await prepare(folder.path, [testPlatform()], [own]);
    const seen: RehearsalInstallOptions[] = [];
    const install: RehearsalInstall = async (source, given) => {
      seen.push(given);
      const keys = [await readTrustedKey(Buffer.from(given.publicKey))];
      const bundle = await openBundle(source, { keys, now: new Date() });
      expect(bundle.contents).toEqual(packed.contents);
      await verifyBundle(bundle, { policy: { logKey: given.logKey, privatePatterns: given.allowPrivate } });
      await expect(stat(given.root)).rejects.toMatchObject({ code: "ENOENT" });
      await mkdir(given.root);
      await writeFile(join(given.root, "file"), "");
    };
    expect(await rehearsePacked(packed, options(install))).toEqual([]);
    await rehearsePacked(packed, options(install));
    expect(await readdir(folder.path)).not.toContain("rehearsal");
    expect(events).toEqual([{ stage: "rehearse" }, { stage: "rehearse" }]);
    expect(seen[0]?.logKey).toBe(logKey);
    expect(seen[0]?.allowPrivate).toEqual([own]);
    // A key of a rehearsal is good for that one.
    expect(seen[0]?.publicKey).not.toBe(seen[1]?.publicKey);
  });

  it("lets no bundle pass that the installer refuses", async () => {
    await using folder = await temporaryFolder();
    const { packed, options } = await prepare(folder.path, [testPlatform()]);
    const refuse: RehearsalInstall = async () => {
      throw new GoferryError("SELF_TEST_FAILED", { subject: "go version", message: "it does not start" });
    };
    expect(await codeOf(rehearsePacked(packed, options(refuse)))).toBe("SELF_TEST_FAILED");
  });

  it("names the cache when there is no room for the installation", async () => {
    await using folder = await temporaryFolder();
    const { packed, options } = await prepare(folder.path, [testPlatform()]);
    for (const code of ["SPACE_SHORT", "INODES_SHORT"] as const) {
      const refuse: RehearsalInstall = async () => {
        throw new GoferryError(code, { subject: "a root", message: "too little", next: "another --root" });
      };
      const rehearsing = rehearsePacked(packed, options(refuse));
      await expect(rehearsing).rejects.toMatchObject({ code: "DISK_FULL", subject: folder.path });
      await expect(rehearsing).rejects.toHaveProperty("next", expect.stringContaining("--cache"));
    }
  });

  it("reads a bundle for other platforms back, and does not try to start it", async () => {
    await using folder = await temporaryFolder();
    const { packed, options } = await prepare(folder.path, ["windows/amd64"]);
    const never: RehearsalInstall = async () => {
      throw new Error("installed");
    };
    expect(await rehearsePacked(packed, options(never))).toEqual([]);
    const file = packed.layers[0]?.file ?? "";
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
    await writeFile(file, bytes);
    expect(await codeOf(rehearsePacked(packed, options(never)))).toBe("CHUNK_MISMATCH");
  });
});
