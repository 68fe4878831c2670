import { describe, expect, it } from "vitest";
import { GoferryError, type OpenedBundle } from "@goferry/core";
import { smallBundle } from "../../../test/kit/small-bundle.ts";
import { checkPolicy, evidenceCheck, type PolicyExceptions } from "./policy.ts";
import { emptyState, type State } from "./transaction/state.ts";

const NOW = new Date("2026-11-21T05:00:00Z");
const DIGEST = `sha256:${"a".repeat(64)}` as const;
const OTHER = `sha256:${"b".repeat(64)}` as const;

function bundle(
  serial: number,
  expires?: string,
  name = "site",
): Pick<OpenedBundle, "contents" | "indexDigest"> {
  const created = new Date(serial * 1000).toISOString();
  const contents = { name, serial, created, ...(expires === undefined ? {} : { expires }) };
  // Only these four fields are looked at.
  return { contents: contents as OpenedBundle["contents"], indexDigest: DIGEST };
}

/** A root that has had these, and has only the last of them still. */
function had(...bundles: [name: string, serial: number, indexDigest: string][]): State {
  const installedAt = NOW.toISOString();
  const rest = { installedAt, signers: [], treeSize: null, projects: [], complete: true, zips: true };
  const seen = bundles.map(([name, serial, indexDigest]) => ({ name, serial, indexDigest }));
  const marks = new Map(seen.toSorted((a, b) => a.serial - b.serial).map((mark) => [mark.name, mark]));
  const last = seen.slice(-1).map((each) => ({ ...each, ...rest }));
  return { ...emptyState("/r"), bundles: last, serials: [...marks.values()] };
}

interface Circumstances {
  now?: Date;
  lastAudit?: Date;
  exceptions?: PolicyExceptions;
}

/** The code of the refusal, or those of the remarks. */
function judged(
  offered: ReturnType<typeof bundle>,
  before: State,
  { now = NOW, lastAudit, exceptions }: Circumstances = {},
): string {
  try {
    const remarks = checkPolicy(offered, before, { now, lastAudit, exceptions });
    return ["accepted", ...remarks.map(({ code }) => code)].join(" in spite of ");
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
      "an older one than one that is gone",
      bundle(5),
      had(["site", 6, OTHER], ["else", 4, OTHER]),
      "BUNDLE_OLDER",
    ],
    [
      "an older one that is still here",
      bundle(5),
      had(["site", 6, OTHER], ["site", 5, DIGEST]),
      "BUNDLE_OLDER",
    ],
    ["another one with a serial that was used", bundle(5), had(["site", 5, OTHER]), "SERIAL_REUSED"],
    [
      "another one with the serial of one that is gone",
      bundle(5),
      had(["site", 5, OTHER], ["else", 9, OTHER]),
      "SERIAL_REUSED",
    ],
    [
      "another one with the serial of one below the highest",
      bundle(5),
      had(["site", 6, OTHER], ["site", 5, OTHER]),
      "SERIAL_REUSED",
    ],
    ["one that expires later", bundle(5, "2026-11-21T05:00:01Z"), had(), "accepted"],
    ["one that expires now", bundle(5, "2026-11-21T05:00:00Z"), had(), "BUNDLE_EXPIRED"],
  ])("%s", (_, offered, before, expected) => {
    expect(judged(offered, before)).toBe(expected);
  });

  it("lets through what the command line asks for, and says so, and nothing else", () => {
    const newer = had(["site", 9, OTHER]);
    const old = bundle(5, "2026-01-01T00:00:00Z");
    expect(judged(old, newer, { exceptions: { expired: true, downgrade: true } })).toBe(
      "accepted in spite of BUNDLE_EXPIRED in spite of BUNDLE_OLDER",
    );
    expect(judged(old, newer, { exceptions: { downgrade: true } })).toBe("BUNDLE_EXPIRED");
    expect(judged(old, newer, { exceptions: { expired: true } })).toBe("BUNDLE_OLDER");
    expect(judged(bundle(10), newer, { exceptions: { expired: true, downgrade: true } })).toBe("accepted");
    const reused = had(["site", 5, OTHER]);
    expect(judged(old, reused, { exceptions: { expired: true, downgrade: true } })).toBe("SERIAL_REUSED");
  });
});

describe("the clock", () => {
  const ahead = (days: number) => bundle(NOW.getTime() / 1000 + days * 86_400);
  const all = { expired: true, downgrade: true };

  it.each([
    ["made within a day of now, by another clock", ahead(0.99), undefined, "accepted"],
    ["made some days from now", ahead(2), undefined, "CLOCK_BEHIND"],
    ["made thirty days from now", ahead(30), undefined, "CLOCK_BEHIND"],
    ["made later than that", ahead(31), undefined, "SERIAL_AHEAD"],
    [
      "made later than that, where the root was changed later than now",
      ahead(400),
      ahead(399),
      "CLOCK_BEHIND",
    ],
    ["made before now, where the root was changed a moment from now", bundle(5), ahead(0.5), "accepted"],
    ["made before now, where the root was changed days from now", bundle(5), ahead(2), "CLOCK_BEHIND"],
  ])("of a bundle %s", (_, offered, changed, expected) => {
    const at = changed === undefined ? undefined : new Date(changed.contents.serial * 1000);
    expect(judged(offered, had(), at === undefined ? {} : { lastAudit: at })).toBe(expected);
    // The same by what the state says; a failure since then, at a clock that was behind, changes nothing.
    const change = at === undefined ? null : { command: "install", at: at.toISOString() };
    expect(judged(offered, { ...had(), change }, { lastAudit: new Date(0) })).toBe(expected);
  });

  it("cannot be set by a bundle: nothing allows one from the future", () => {
    expect(judged(ahead(2), had(), { exceptions: all })).toBe("CLOCK_BEHIND");
    expect(judged(ahead(36_500), had(), { exceptions: all })).toBe("SERIAL_AHEAD");
  });

  it("was wrong when the root was changed: --allow-expired goes on", () => {
    const lastAudit = new Date("2099-01-01T00:00:00Z");
    expect(judged(bundle(5), had(), { lastAudit, exceptions: { expired: true } })).toBe(
      "accepted in spite of CLOCK_BEHIND",
    );
  });
});

describe("evidenceCheck", () => {
  it("looks at the proofs once, and again by what the root allows then", async () => {
    const own = "example.com/hello";
    const { packed, log } = await smallBundle({ private: [own] });
    const evidenceOf = evidenceCheck(packed, { logKey: log.vkey, allowPrivate: [] });
    const allowing = { ...emptyState("/r"), privatePatterns: [own] };
    const report = evidenceOf(allowing);
    expect(report.private).toBe(1);
    expect(evidenceOf({ ...allowing, root: "/r" })).toBe(report);
    expect(() => evidenceOf(emptyState("/r"))).toThrow(expect.objectContaining({ code: "PRIVATE_REFUSED" }));
    expect(evidenceOf(allowing)).toBe(report);
  });
});
