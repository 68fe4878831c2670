import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tilePath, tilesForLookups, openTreeHead } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { findForeignLog } from "./known-log.ts";

const log = checksumLog();
for (let i = 0; i < 600; i++) log.add({ path: `example.com/m${i}`, version: "v1.0.0" });
const fork = checksumLog();
for (let i = 0; i < 600; i++) fork.add({ path: `example.com/m${i}`, version: "v1.0.1" });
const host = { env: {}, platform: "linux/amd64", run: () => Promise.reject(new Error("nothing is run")) };

/** What is found in a root whose lookups name 500 records, where the user's go has met this note. */
async function codes(latest: string | undefined, tilesOf: readonly number[] = []): Promise<string[]> {
  await using folder = await testFolder();
  const gopath = join(folder.path, "go path");
  const file = join(gopath, "pkg/sumdb/sum.example.com/latest");
  await mkdir(dirname(file), { recursive: true });
  if (latest !== undefined) await writeFile(file, latest);
  const own = openTreeHead(log.head(500), log.vkey);
  for (const tile of tilesForLookups(own, [], tilesOf)) {
    const path = join(folder.root, "mod/cache/download/sumdb/sum.example.com", tilePath(tile));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "");
  }
  const state = { key: log.vkey, heads: [log.head(500)], lookups: log.head(500) };
  const found = await findForeignLog(host, { root: folder.root, log: state, gopath: `${gopath}:/other` });
  for (const each of found) expect(each).toMatchObject({ subject: file, next: `rm '${file}'` });
  return found.map(({ code }) => code);
}

describe("what a user's go has met of the checksum database", () => {
  it("is fine if it is nothing, the root's own tree, or one that tiles connect with it", async () => {
    expect(await codes(undefined)).toEqual([]);
    expect(await codes("")).toEqual([]);
    expect(await codes(log.head(500))).toEqual([]);
    expect(await codes(log.head(300), [300])).toEqual([]);
  });

  it("is told if go will refuse to look anything up", async () => {
    expect(await codes(log.head(300))).toEqual(["LOG_STATE_FOREIGN"]);
    expect(await codes(log.head(600), [500])).toEqual(["LOG_STATE_FOREIGN"]);
    expect(await codes("something else", [300])).toEqual(["LOG_STATE_FOREIGN"]);
    const other = Buffer.from(fork.root(500)).toString("base64");
    expect(await codes(log.note(`go.sum database tree\n500\n${other}\n`), [500])).toEqual([
      "LOG_STATE_FOREIGN",
    ]);
  });

  it("is nobody's business where the root has no lookups, or go has no GOPATH", async () => {
    await using folder = await testFolder();
    expect(await findForeignLog(host, { root: folder.root, log: null, gopath: "/go" })).toEqual([]);
    const state = { key: log.vkey, heads: [log.head(500)], lookups: log.head(500) };
    expect(await findForeignLog(host, { root: folder.root, log: state, gopath: "" })).toEqual([]);
  });
});
