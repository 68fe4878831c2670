import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aptSource } from "./apt-source.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "apt-source-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function settings(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

describe("aptSource", () => {
  it("reads lines, and leaves out updates, sources and other people's packages", async () => {
    await settings({
      "sources.list": [
        "# deb http://old.example/debian buster main",
        "deb-src http://mirror.example/debian trixie main",
        "deb http://mirror.example/debian-security trixie-security main",
        "deb https://packages.example/apt stable main",
        `deb [arch=amd64 signed-by=${keyring}] http://mirror.example/debian trixie main contrib # ours`,
      ].join("\n"),
    });
    expect(await aptSource(folder)).toMatchObject({
      url: "http://mirror.example/debian",
      suite: "trixie",
      keyring,
    });
  });

  it("reads stanzas, with values over several lines", async () => {
    await settings({
      "sources.list.d/a.sources":
        "Types: deb\nURIs: https://packages.example/apt\nSuites: stable\nComponents: main\n",
      "sources.list.d/b.sources": [
        "Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: sid\nComponents: main\n",
        "Types: deb deb-src",
        "# a remark",
        "URIs: http://mirror.example/debian/",
        "Suites:\n bookworm-updates\n bookworm",
        `Components: main\nSigned-By: ${keyring}\n`,
      ].join("\n"),
    });
    expect(await aptSource(folder)).toMatchObject({
      url: "http://mirror.example/debian/",
      suite: "bookworm",
      keyring,
    });
  });

  it("finds nothing where there is no apt", async () => {
    expect(await aptSource(join(folder, "absent"))).toBeUndefined();
  });
});
