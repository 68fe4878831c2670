// Google's own signatures on source archives of Go, through a mirror on this machine and the product's own way to an
// archive: nothing is trusted but the key that is built in.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fetchArchive } from "../../packages/bundler/src/dl/fetch-archive.ts";
import { googleKey } from "../../packages/bundler/src/dl/google-key.ts";
import { createCache } from "../../packages/bundler/src/net/cache.ts";
import { createHttp } from "../../packages/bundler/src/net/http.ts";
import { temporaryFolder } from "../kit/bundler-go.ts";
import { goMirror } from "../kit/go-mirror.ts";
import { debianSource, orSay, releaseSource, type SignedSource } from "../kit/release-data.ts";

const source = await orSay("a source archive of Go as Google signed it", releaseSource);
const old = await orSay("Debian's golang-1.19", () => debianSource("golang-1.19", "1.19.8"));

/** Fetches the archive from a mirror that has `content` for it, with a list that agrees with the content. */
async function fetchFrom(
  { file, signature }: SignedSource,
  content: Uint8Array | string = file,
): Promise<Buffer> {
  await using folder = await temporaryFolder();
  const filename = "go.src.tar.gz";
  await using mirror = await goMirror({ archives: [{ filename, content, signature }] });
  const bytes = typeof content === "string" ? await readFile(content) : content;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const fetched = await fetchArchive(
    { filename, sha256, size: bytes.length },
    {
      http: createHttp({ env: {}, userAgent: "test" }),
      base: new URL(`${mirror.url}/`),
      keys: [await googleKey()],
      cache: createCache(join(folder.path, "downloads")),
      now: new Date(),
      onProgress: () => undefined,
    },
  );
  return await readFile(fetched);
}

async function changed({ file }: SignedSource): Promise<Uint8Array> {
  const bytes = await readFile(file);
  bytes[20_000_000] = (bytes[20_000_000] ?? 0) ^ 1;
  return bytes;
}

describe.runIf(source !== undefined)("a source archive of Go", () => {
  it("is what Google has signed, and is not with one bit changed, though the list agrees", async () => {
    if (source === undefined) return;
    expect((await fetchFrom(source)).equals(await readFile(source.file))).toBe(true);
    await expect(fetchFrom(source, await changed(source))).rejects.toMatchObject({
      code: "SIGNATURE_INVALID",
      expected: expect.stringContaining("EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796"),
    });
  });
});

// Signed in March 2023 by a subkey that expired in October 2024.
describe.runIf(old !== undefined)("a source archive whose signing subkey has expired since", () => {
  it("is still what Google has signed, judged at the time of the signature", async () => {
    if (old === undefined) return;
    const { key } = await googleKey();
    const subkey = key.getSubkeys().find((each) => each.getKeyID().toHex() === "4eb27db2a3b88b8b");
    expect(Number(await subkey?.getExpirationTime())).toBeLessThan(Date.now());
    expect((await fetchFrom(old)).equals(await readFile(old.file))).toBe(true);
    await expect(fetchFrom(old, await changed(old))).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  });

  it("does not lend its signature to another release", async () => {
    if (old === undefined || source === undefined) return;
    const mixed = { file: source.file, signature: old.signature };
    await expect(fetchFrom(mixed)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  });
});
