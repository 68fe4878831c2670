import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { baseOf, fetchBase, NODE_VERSION, PLATFORMS } from "./base.ts";

it("refuses an archive that is not the one that is pinned, and does not keep it", async () => {
  const cache = await mkdtemp(join(tmpdir(), "base-"));
  try {
    for (const platform of PLATFORMS) {
      await writeFile(join(cache, `${baseOf(platform).name}-${NODE_VERSION}.tgz`), "another node");
      const fetched = fetchBase(platform, { cache, to: join(cache, "node") });
      await expect(fetched).rejects.toThrow("is not the one that is pinned");
    }
    expect(await readdir(cache)).toEqual([]);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
});
