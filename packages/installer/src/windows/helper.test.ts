// The conversation with the helper: its answers as they were recorded under Wine, given by a script. test/windows has the
// program itself.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scratchFolder, type Scratch } from "../../../../test/kit/scratch.ts";
import { helperSystem } from "./helper.ts";
import { textOf } from "./registry-text.ts";

let scratch: Scratch;

beforeEach(async () => {
  scratch = await scratchFolder("helper");
});
afterEach(() => scratch[Symbol.asyncDispose]());

/** Ends with what it was asked in `asked`. */
async function helper(answer: string, code = 0) {
  const program = join(scratch.path, "helper");
  const script = `#!/bin/sh\ncat >'${join(scratch.path, "asked")}'\ncat <<'E'\n${answer}\nE\nexit ${code}\n`;
  await writeFile(program, script, { mode: 0o755 });
  return helperSystem({ env: { PATH: "/usr/bin:/bin" }, program: async () => program });
}

describe("helperSystem", () => {
  it("reads values, and knows those that are not there", async () => {
    const { registry } = await helper('{"answers":[{"ok":{"type":2,"data":"JQBBACUAAAA="}},{"ok":null}]}');
    const key = String.raw`HKCU\Environment`;
    const [path, other] = await registry.read([
      // The program takes nothing that it does not know, and who asks may have more in hand.
      Object.assign({ key, name: "Path" }, { value: null }),
      { key, name: "ü" },
    ]);
    expect(path?.type).toBe(2);
    expect(JSON.parse(await readFile(join(scratch.path, "asked"), "utf8"))).toEqual({
      calls: [
        { do: "readValue", key, name: "Path" },
        { do: "readValue", key, name: "ü" },
      ],
    });
    expect(path && textOf(path)).toBe("%A%");
    expect(other).toBeNull();
  });

  it("knows who runs it, and on which kind of drive", async () => {
    const who = await helper(
      '{"answers":[{"ok":{"sid":"S-1-5-21-0-0-0-1000","elevated":false,"session":1}}]}',
    );
    expect(await who.account()).toEqual({ sid: "S-1-5-21-0-0-0-1000", elevated: false, session: 1 });
    const drive = await helper(
      '{"answers":[{"ok":{"drive":4,"fileSystem":"NTFS","remote":"\\\\\\\\server\\\\share"}}]}',
    );
    expect(await drive.volume("S:\\x")).toEqual({
      kind: "remote",
      fileSystem: "NTFS",
      remote: String.raw`\\server\share`,
    });
  });

  it("says what an administrator's rights are missing for", async () => {
    const { registry } = await helper(
      '{"answers":[{"ok":null,"error":{"code":5,"in":"RegCreateKeyExW","text":"Access is denied."}}]}',
    );
    const key = String.raw`HKLM\SYSTEM\x`;
    await expect(registry.write([{ key, name: "Path", value: null }])).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      subject: key,
      found: "RegCreateKeyExW: Access is denied. (5)",
      next: expect.stringContaining("Run as administrator"),
    });
  });

  it.each([
    ["something else", "hello", 0],
    ["too few answers", '{"answers":[]}', 0],
    ["an answer of another kind", '{"answers":[{"ok":{"sid":5}}]}', 0],
    ["an error of its own", "", 1],
  ])("does not take %s for an answer", async (_what, answer, code) => {
    const windows = await helper(answer, code);
    await expect(windows.account()).rejects.toMatchObject({ code: "IO_FAILED" });
  });

  it("starts nothing for no question", async () => {
    const { registry } = helperSystem({
      env: {},
      program: () => Promise.reject(new Error("was asked for")),
    });
    expect(await registry.read([])).toEqual([]);
  });
});
