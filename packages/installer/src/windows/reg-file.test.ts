import { expect, it } from "vitest";
import { regFile } from "./reg-file.ts";
import { numberValue, textValue } from "./registry-text.ts";

it("writes what regedit reads: UTF-16, whole names of hives, every value as its bytes", () => {
  const bytes = regFile([
    { key: String.raw`HKCU\Environment`, name: "Path", value: textValue("ß;%A%", 2) },
    { key: String.raw`HKCU\Environment`, name: String.raw`a"\b`, value: null },
    { key: String.raw`HKLM\Software\x`, name: "n", value: numberValue(7) },
  ]);
  expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xfe]);
  expect(Buffer.from(bytes.subarray(2)).toString("utf16le")).toBe(
    [
      "Windows Registry Editor Version 5.00",
      "",
      String.raw`[HKEY_CURRENT_USER\Environment]`,
      '"Path"=hex(2):df,00,3b,00,25,00,41,00,25,00,00,00',
      String.raw`"a\"\\b"=-`,
      "",
      String.raw`[HKEY_LOCAL_MACHINE\Software\x]`,
      '"n"=hex(4):07,00,00,00',
      "",
    ].join("\r\n"),
  );
});

it("breaks long values as regedit does", () => {
  const text = regFile([{ key: "HKCU\\x", name: "n", value: textValue("a".repeat(40)) }]);
  const lines = Buffer.from(text).toString("utf16le").split("\r\n");
  expect(lines.slice(3, 6).map((line) => line.slice(-2))).toEqual([",\\", ",\\", ",\\"]);
  expect(lines[6]).toMatch(/^ {2}61,00/);
});
