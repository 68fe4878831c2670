// The conversation with the helper: its answers as they were recorded under Wine, given by a script. test/windows has the
// program itself.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scratchFolder, type Scratch } from "../../../../test/kit/scratch.ts";
import { helperSystem } from "./helper.ts";
import { textOf } from "./registry-text.ts";

let scratch: Scratch;
let opened: AsyncDisposable[];

beforeEach(async () => {
  scratch = await scratchFolder("helper");
  opened = [];
});
afterEach(async () => {
  for (const each of opened) await each[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** Gives each line the same answer, and leaves in `asked` what it was asked last. */
async function helper(answer: string) {
  const asked = join(scratch.path, "asked");
  return await scripted(
    `while read -r line; do printf '%s\\n' "$line" >'${asked}'; cat <<'E'\n${answer}\nE\ndone\n`,
  );
}

async function scripted(script: string) {
  const program = join(scratch.path, "helper");
  await writeFile(program, `#!/bin/sh\n${script}`, { mode: 0o755 });
  const system = helperSystem({ env: {}, program: async () => program });
  opened.push(system);
  return system;
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
    ["something else", "hello"],
    ["too few answers", '{"answers":[]}'],
    ["an answer of another kind", '{"answers":[{"ok":{"sid":5}}]}'],
  ])("does not take %s for an answer", async (_what, answer) => {
    const windows = await helper(answer);
    await expect(windows.account()).rejects.toMatchObject({ code: "IO_FAILED" });
  });

  it("says what the program said when it ends without an answer, and starts it again", async () => {
    const windows = await scripted("read -r line; echo refused by a policy >&2; exit 1\n");
    for (const _ of [1, 2])
      await expect(windows.account()).rejects.toMatchObject({
        code: "IO_FAILED",
        found: "refused by a policy",
      });
  });

  it("says so when the program cannot be started", async () => {
    await using windows = helperSystem({ env: {}, program: async () => join(scratch.path, "absent") });
    await expect(windows.account()).rejects.toMatchObject({
      code: "IO_FAILED",
      found: expect.stringContaining("ENOENT"),
    });
  });

  it("asks one program all questions, one after the other, and ends it", async () => {
    const log = join(scratch.path, "log");
    const answer = '{"answers":[{"ok":"D:"}]}';
    const windows = await scripted(
      `echo begins >>'${log}'\nwhile read -r line; do echo asked >>'${log}'; sleep 0.01; echo '${answer}'; done\necho ends >>'${log}'\n`,
    );
    expect(await Promise.all(["a", "b"].map((path) => windows.accessOf(path)))).toEqual(["D:", "D:"]);
    await windows[Symbol.asyncDispose]();
    expect(await readFile(log, "utf8")).toBe("begins\nasked\nasked\nends\n");
  });

  it("starts nothing for no question", async () => {
    const { registry } = helperSystem({
      env: {},
      program: () => Promise.reject(new Error("was asked for")),
    });
    expect(await registry.read([])).toEqual([]);
  });
});
