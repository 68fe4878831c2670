import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { isWholeRecord, keepRecord, keptRecord, recordKey } from "./records.ts";

const KEY = recordKey({ what: "test" });
const SCHEMA = z.strictObject({ text: z.string() });

describe("records", () => {
  it("come back under their own key only", async () => {
    await using folder = await temporaryFolder();
    expect(await keptRecord(folder.path, KEY, SCHEMA)).toBeUndefined();
    await keepRecord(folder.path, KEY, { text: "größe" });
    expect(await keptRecord(folder.path, KEY, SCHEMA)).toEqual({ text: "größe" });
    expect(await keptRecord(folder.path, recordKey({ what: "other" }), SCHEMA)).toBeUndefined();
    expect(await readdir(folder.path)).toHaveLength(1);
  });

  it("are none once a byte of them has changed, whichever", async () => {
    await using folder = await temporaryFolder();
    await keepRecord(folder.path, KEY, { text: "x" });
    const [name = ""] = await readdir(folder.path);
    const file = join(folder.path, name);
    const bytes = await readFile(file);
    expect(isWholeRecord(bytes.toString("utf8"))).toBe(true);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 4, at);
      await writeFile(file, changed);
      expect(await keptRecord(folder.path, KEY, SCHEMA), `byte ${at}`).toBeUndefined();
      await writeFile(file, bytes.subarray(0, at));
      expect(await keptRecord(folder.path, KEY, SCHEMA), `${at} bytes`).toBeUndefined();
    }
  });

  it("of another form, as another goferry wrote them, are none", async () => {
    await using folder = await temporaryFolder();
    await keepRecord(folder.path, KEY, { text: "x", more: 1 });
    expect(await keptRecord(folder.path, KEY, SCHEMA)).toBeUndefined();
  });

  it("remember when they were used last, for those who trim", async () => {
    await using folder = await temporaryFolder();
    await keepRecord(folder.path, KEY, { text: "x" });
    const [name = ""] = await readdir(folder.path);
    const file = join(folder.path, name);
    await utimes(file, 1, 1);
    await keptRecord(folder.path, KEY, SCHEMA);
    expect((await stat(file)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  });
});
