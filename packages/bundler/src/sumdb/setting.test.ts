import { SUM_GOLANG_ORG_KEY } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { codeOf } from "../../../../test/kit/bundler-go.ts";
import { readSumdbSetting } from "./setting.ts";

const GOLANG = { name: "sum.golang.org", key: SUM_GOLANG_ORG_KEY };
const { vkey } = checksumLog("sum.example.com/db");

describe("readSumdbSetting", () => {
  it.each([
    ["", { ...GOLANG, url: undefined, text: "sum.golang.org" }],
    ["sum.golang.org", { ...GOLANG, url: undefined, text: "sum.golang.org" }],
    ["off", { ...GOLANG, url: undefined, text: "sum.golang.org" }],
    [" off\n", { ...GOLANG, url: undefined, text: "sum.golang.org" }],
    [SUM_GOLANG_ORG_KEY, { ...GOLANG, url: undefined, text: SUM_GOLANG_ORG_KEY }],
    [
      "sum.golang.google.cn",
      { ...GOLANG, url: "https://sum.golang.google.cn", text: "sum.golang.google.cn" },
    ],
    [
      "sum.golang.org  https://mirror.example.com/sum",
      {
        ...GOLANG,
        url: "https://mirror.example.com/sum",
        text: "sum.golang.org  https://mirror.example.com/sum",
      },
    ],
    [vkey, { name: "sum.example.com/db", key: vkey, url: undefined, text: vkey }],
    [
      `${vkey}\thttp://127.0.0.1:8080`,
      {
        name: "sum.example.com/db",
        key: vkey,
        url: "http://127.0.0.1:8080",
        text: `${vkey}\thttp://127.0.0.1:8080`,
      },
    ],
  ])("reads %j", (value, expected) => {
    expect(readSumdbSetting(value)).toEqual(expected);
  });

  it.each([
    "sum.example.com",
    "sum.golang.google.cn https://mirror.example.com",
    "sum.golang.org https://mirror.example.com more",
    "sum.golang.org mirror.example.com",
    "sum.golang.org ftp://mirror.example.com",
    "off https://mirror.example.com",
    SUM_GOLANG_ORG_KEY.replace("033de0ae", "033de0af"),
    "sum.golang.org+033de0ae+nonsense",
    checksumLog("sum.example.com/../x").vkey,
    checksumLog("/sum").vkey,
  ])("refuses %j", async (value) => {
    expect(await codeOf((async () => readSumdbSetting(value))())).toBe("ARGUMENT_INVALID");
  });
});
