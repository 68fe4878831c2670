// The program by which goferry asks Windows, under Wine: what it writes into the registry, reg.exe finds there, and what was
// there before comes back byte for byte.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withFolder } from "../../packages/installer/src/windows/path-text.ts";
import {
  REG_EXPAND_SZ,
  REG_SZ,
  textOf,
  textValue,
} from "../../packages/installer/src/windows/registry-text.ts";
import type { RegistryValue } from "../../packages/installer/src/windows/system.ts";
import { buildGoProgram } from "../../scripts/executables/go-programs.ts";
import { findWine, unixPath, wineSession, type Wine } from "../kit/wine.ts";

const wineRoot = await findWine();
const KEY = String.raw`HKCU\Environment`;
const BIN = String.raw`C:\Prüf stand\goferry\bin`;

describe.runIf(wineRoot !== undefined)("winhelper.exe", () => {
  let wine: Wine;
  let program: string;

  beforeAll(async () => {
    wine = await wineSession(wineRoot ?? "");
    const root = fileURLToPath(new URL("../..", import.meta.url));
    await buildGoProgram("winhelper", { root, work: wine.shared });
    program = join(wine.shared, "winhelper.exe");
  });
  afterAll(() => wine[Symbol.asyncDispose]());

  async function ask(...calls: object[]): Promise<unknown[]> {
    const { stdout, stderr } = await wine.run(program, [], { input: JSON.stringify({ calls }) });
    expect(stderr).toBe("");
    const { answers } = JSON.parse(stdout) as { answers: { ok: unknown; error?: unknown }[] };
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
    return answers.map(({ ok }) => ok);
  }

  /** What reg.exe says of the key: the witness that is not ours. */
  async function witness(): Promise<string> {
    const file = String.raw`C:\witness.reg`;
    expect(await wine.run("reg", ["export", KEY, file, "/y"])).toMatchObject({ code: 0 });
    return await readFile(unixPath(wine, file), "utf16le");
  }

  it("answers each line with a line, until its input ends", async () => {
    const line = `${JSON.stringify({ calls: [{ do: "account" }] })}\n`;
    const { code, stdout } = await wine.run(program, [], { input: line.repeat(2) });
    const answers = stdout.trim().split("\n");
    expect({ code, lines: answers.length }).toEqual({ code: 0, lines: 2 });
    expect(JSON.parse(answers[1] ?? "")).toMatchObject({
      answers: [{ ok: { sid: expect.stringMatching(/^S-1-/u) } }],
    });
  });

  const VALUES: [string, RegistryValue | null][] = [
    ["missing", null],
    ["empty", textValue("")],
    ["of 100 characters", textValue(String.raw`%SystemRoot%\system32;`.padEnd(100, "x"), REG_EXPAND_SZ)],
    ["of 1,100 characters", textValue(String.raw`C:\ü;`.repeat(220), REG_SZ)],
    ["of 3,000 characters", textValue(String.raw`%A%\B;`.repeat(500), REG_EXPAND_SZ)],
    ["without its NUL", { type: REG_SZ, data: Buffer.from(String.raw`C:\a`, "utf16le").toString("base64") }],
  ];

  it.each(VALUES)("gives back a PATH that is %s", async (_what, value) => {
    const name = "Path";
    const set = (to: RegistryValue | null) =>
      to === null ? { do: "deleteValue", key: KEY, name } : { do: "writeValue", key: KEY, name, ...to };
    await ask(set(value));
    const before = await witness();
    const text = withFolder(value === null ? "" : (textOf(value) ?? ""), BIN, {});
    const added = textValue(text, value?.type === REG_SZ ? REG_SZ : REG_EXPAND_SZ);
    const [, now] = await ask(set(added), { do: "readValue", key: KEY, name }, { do: "announce" });
    expect(now).toEqual(added);
    expect(await witness()).not.toBe(before);
    await ask(set(value));
    expect(await witness()).toBe(before);
  });

  it("makes keys, takes away empty ones alone, and knows names beyond ASCII", async () => {
    const key = String.raw`HKCU\Software\goferry-prüfung\ß`;
    const parent = String.raw`HKCU\Software\goferry-prüfung`;
    const answers = await ask(
      { do: "subkeys", key: parent },
      { do: "writeValue", key, name: "ü", type: 4, data: "BwAAAA==" },
      { do: "subkeys", key: parent },
      { do: "deleteEmptyKey", key: parent },
      { do: "deleteEmptyKey", key },
      { do: "deleteValue", key, name: "ü" },
      { do: "deleteValue", key, name: "ü" },
      { do: "deleteEmptyKey", key },
      { do: "deleteEmptyKey", key: parent },
      { do: "subkeys", key: parent },
    );
    expect(answers).toEqual([null, null, ["ß"], false, false, true, false, true, true, null]);
  });

  it("answers what else goferry asks, as far as Wine knows it", async () => {
    const file = unixPath(wine, String.raw`C:\held.txt`);
    await writeFile(file, "");
    const [account, volume, access, holders] = await ask(
      { do: "account" },
      { do: "volume", path: String.raw`C:\windows` },
      { do: "accessOf", path: String.raw`C:\windows` },
      { do: "holders", paths: [String.raw`C:\held.txt`] },
      { do: "logEvent", source: "goferry", event: 1, level: "information", text: "from a test" },
    );
    expect(account).toMatchObject({ sid: expect.stringMatching(/^S-1-5-/u), session: expect.any(Number) });
    expect(volume).toMatchObject({ drive: 3, fileSystem: expect.any(String), remote: "" });
    expect(access).toMatch(/^O:S-1-.*D:/u);
    expect(holders).toEqual([]);
  });
});
