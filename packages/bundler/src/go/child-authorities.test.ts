import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { runner, temporaryFolder, writeFiles } from "../../../../test/kit/bundler-go.ts";
import { canGit } from "../../../../test/kit/git-server.ts";
import { selfSigned } from "../net/test-certificates.ts";
import { childAuthorities } from "./child-authorities.ts";

const git = await canGit();
const [own = "", extra = "", gits = ""] = ["system.test", "corp.test", "git.test"].map(
  (name) => selfSigned(name).cert,
);
const AUTHORITIES = { system: [own], extra: [extra], note: undefined };

interface Made {
  /** What was added to the environment. */
  added: Record<string, string>;
  /** The text of the file that go gets, and that git gets for a host. */
  goFile: string;
  gitFile(host: string): Promise<string>;
}

/** @param env with ~ for the folder; @param files of that folder, which is the home, too */
async function make(
  check: (made: Made) => Promise<void>,
  { env = {}, files = {} }: { env?: Record<string, string>; files?: Record<string, string> } = {},
): Promise<void> {
  await using folder = await temporaryFolder();
  const at = (text: string): string => text.replaceAll("~", folder.path);
  await writeFiles(folder.path, Object.fromEntries(Object.entries(files).map(([k, v]) => [k, at(v)])));
  const given = { PATH: "/usr/bin:/bin", HOME: folder.path };
  for (const [name, value] of Object.entries(env)) Object.assign(given, { [name]: at(value) });
  const options = { authorities: AUTHORITIES, env: given, workDir: join(folder.path, "work"), runner };
  const added = await childAuthorities({ ...options, workDir: folder.path });
  const all: Record<string, string> = { ...given, ...added };
  await check({
    added,
    goFile: await readFile(added["SSL_CERT_FILE"] ?? "", "utf8"),
    gitFile: async (host) => {
      const words = ["config", "--type=path", "--get-urlmatch", "http.sslCAInfo", `https://${host}/x.git`];
      const { stdout } = await promisify(execFile)("git", words, { env: all, cwd: folder.path });
      return await readFile(all["GIT_SSL_CAINFO"] ?? stdout.trim(), "utf8");
    },
  });
}

describe("childAuthorities", () => {
  it("adds nothing where nothing was named and the system has its own", async () => {
    const authorities = { ...AUTHORITIES, extra: [] };
    expect(await childAuthorities({ authorities, env: {}, workDir: "/nowhere", runner })).toEqual({});
  });

  it("gives go of a system without any those of Node", async () => {
    await using folder = await temporaryFolder();
    const authorities = { ...AUTHORITIES, extra: [], system: [] };
    const added = await childAuthorities({ authorities, env: {}, workDir: folder.path, runner });
    const text = await readFile(added["SSL_CERT_FILE"] ?? "", "utf8");
    expect(text.match(/BEGIN CERTIFICATE/gu)).toHaveLength(rootCertificates.length);
  });

  it.skipIf(!git)("adds what was named to those of the system, for go and for git", async () => {
    await make(async ({ goFile, gitFile, added }) => {
      expect(goFile).toBe(own + extra);
      expect(await gitFile("git.test")).toBe(own + extra);
      expect(added).not.toHaveProperty("GIT_SSL_CAINFO");
    });
  });

  it.skipIf(!git)(
    "continues the file that git's settings name, and other settings in the environment",
    async () => {
      const env = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "user.name", GIT_CONFIG_VALUE_0: "Me" };
      const files = { "git.pem": gits, ".gitconfig": "[http]\n\tsslCAInfo = ~/git.pem\n" };
      await make(
        async ({ goFile, gitFile, added }) => {
          expect(goFile).toBe(own + extra);
          expect(await gitFile("git.test")).toBe(gits + extra);
          expect(added).toMatchObject({ GIT_CONFIG_COUNT: "2", GIT_CONFIG_KEY_1: "http.sslCAInfo" });
          expect(added).not.toHaveProperty("GIT_CONFIG_KEY_0");
        },
        { env, files },
      );
    },
  );

  // Its owner trusts nobody else there.
  it.skipIf(!git)("leaves the file for a single server as it is", async () => {
    const files = {
      "pin.pem": gits,
      ".gitconfig": '[http "https://pinned.test/"]\n\tsslCAInfo = ~/pin.pem\n',
    };
    await make(
      async ({ gitFile }) => {
        expect(await gitFile("pinned.test")).toBe(gits);
        expect(await gitFile("git.test")).toBe(own + extra);
      },
      { files },
    );
  });

  it.skipIf(!git)("continues GIT_SSL_CAINFO, which is stronger than all settings", async () => {
    await make(
      async ({ gitFile, added }) => {
        expect(added).not.toHaveProperty("GIT_CONFIG_COUNT");
        expect(await gitFile("git.test")).toBe(gits + extra);
      },
      {
        env: { GIT_SSL_CAINFO: "~/git.pem" },
        files: { "git.pem": gits, ".gitconfig": "[http]\n\tsslCAInfo = /nowhere\n" },
      },
    );
  });
});
