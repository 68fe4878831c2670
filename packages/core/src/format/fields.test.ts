import { describe, expect, it } from "vitest";
import type { Schema } from "./json.ts";
import { BUNDLE_NAME, COUNT, DIGEST, GO_RELEASE, H1, PLATFORM, SHA256, TIME } from "./fields.ts";

const HEX = "0123456789abcdef".repeat(4);
const BASE64 = `${"Aa0+/".repeat(8)}Aa0`;

const FIELDS: [string, Schema<unknown>, good: unknown[], bad: unknown[]][] = [
  [
    "DIGEST",
    DIGEST,
    [`sha256:${HEX}`],
    [
      HEX,
      `sha256:${HEX.toUpperCase()}`,
      `sha256:${HEX}0`,
      `sha256:${HEX}\n`,
      `sha512:${HEX}`,
      "sha256:",
      null,
    ],
  ],
  ["SHA256", SHA256, [HEX], [`${HEX}0`, HEX.slice(1), `${HEX}\n`, HEX.replace("a", "A"), 1]],
  [
    "H1",
    H1,
    [`h1:${BASE64}=`],
    [BASE64, `h1:${BASE64}`, `h1:${BASE64}==`, `h2:${BASE64}=`, `h1:${BASE64}=\n`],
  ],
  [
    "BUNDLE_NAME",
    BUNDLE_NAME,
    ["a", "site", "site-2.x_y", "9", "a".repeat(64)],
    ["", "Site", "a".repeat(65), "-a", "a.", "..", "a/b", "a b", "a\n", "é"],
  ],
  [
    "GO_RELEASE",
    GO_RELEASE,
    ["1.27.1", "1.28rc1", "1.21.0", "1.30beta2", "10.0.0"],
    [
      "1.27",
      "go1.27.1",
      "1.027.1",
      "1.27.01",
      "1.27.1-x",
      "01.2.3",
      "1.27rc0",
      "1.27.1rc1",
      "1.27.1\n",
      "../1.2.3",
    ],
  ],
  [
    "PLATFORM",
    PLATFORM,
    ["linux/amd64", "js/wasm"],
    ["linux", "linux/", "/amd64", "a/b/c", "Linux/amd64", "../x"],
  ],
  [
    "TIME",
    TIME,
    ["2026-11-21T05:00:00Z", "2028-02-29T23:59:59Z", "1970-01-01T00:00:00Z"],
    [
      "2026-11-21",
      "2026-11-21T05:00:00.000Z",
      "2026-11-21T05:00:00+00:00",
      "2026-11-21t05:00:00z",
      "2026-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-11-21T24:00:00Z",
      "2026-11-21T23:59:60Z",
      "+002026-11-21T05:00:00Z",
    ],
  ],
  ["COUNT", COUNT, [0, 1, 2 ** 53 - 1], [-1, 0.5, 2 ** 53, Number.NaN, "1", 1n, null]],
];

describe.each(FIELDS)("%s", (_, schema, good, bad) => {
  it.each(good)("takes %j", (value) =>
    expect(schema.safeParse(value)).toEqual({ success: true, data: value }),
  );
  it.each(bad.map((value) => [value]))("refuses %o", (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});
