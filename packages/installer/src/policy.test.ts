import { describe, expect, it } from "vitest";
import { GoferryError, type OpenedBundle } from "@goferry/core";
import { checkPolicy } from "./policy.ts";
import { emptyState, type State } from "./transaction/state.ts";

const NOW = new Date("2026-11-21T05:00:00Z");
const DIGEST = `sha256:${"a".repeat(64)}` as const;
const OTHER = `sha256:${"b".repeat(64)}` as const;

function bundle(
  serial: number,
  expires?: string,
  name = "site",
): Pick<OpenedBundle, "contents" | "indexDigest"> {
  const contents = { name, serial, ...(expires === undefined ? {} : { expires }) };
  // Only these three fields are looked at.
  return { contents: contents as OpenedBundle["contents"], indexDigest: DIGEST };
}

function had(...bundles: [name: string, serial: number, indexDigest: string][]): State {
  const installedAt = NOW.toISOString();
  const rest = { installedAt, signers: [], projects: [], complete: true, zips: true };
  const seen = bundles.map(([name, serial, indexDigest]) => ({ name, serial, indexDigest, ...rest }));
  return { ...emptyState("/r"), bundles: seen };
}

function codeOf(...args: Parameters<typeof checkPolicy>): string {
  try {
    checkPolicy(...args);
    return "accepted";
  } catch (error) {
    return error instanceof GoferryError ? error.code : "another error";
  }
}

describe("checkPolicy", () => {
  it.each([
    ["a first bundle", bundle(5), had(), "accepted"],
    ["a newer one", bundle(5), had(["site", 4, OTHER]), "accepted"],
    ["the same again", bundle(5), had(["site", 5, DIGEST]), "accepted"],
    ["an older one of another name", bundle(5), had(["other", 9, OTHER]), "accepted"],
    ["an older one", bundle(5), had(["site", 4, OTHER], ["site", 6, OTHER]), "BUNDLE_OLDER"],
    [
      "an older one that was installed before",
      bundle(5),
      had(["site", 5, DIGEST], ["site", 6, OTHER]),
      "BUNDLE_OLDER",
    ],
    ["another one with a serial that was used", bundle(5), had(["site", 5, OTHER]), "SERIAL_REUSED"],
    ["one that expires later", bundle(5, "2026-11-21T05:00:01Z"), had(), "accepted"],
    ["one that expires now", bundle(5, "2026-11-21T05:00:00Z"), had(), "BUNDLE_EXPIRED"],
  ])("%s", (_, offered, before, expected) => {
    expect(codeOf(offered, before, NOW)).toBe(expected);
  });
});
