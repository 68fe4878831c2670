import { GoferryError, type Digest } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeText, compareLocks, refuseDrift } from "./compare.ts";
import type { LockChange } from "./compare.ts";
import { parseLock, renderLock, sortUnits } from "./lock.ts";
import type { Lock, LockUnit } from "./schema.ts";

const FILE = "goferry.lock";
const H1 = `h1:${"A".repeat(43)}=`;
const OTHER_H1 = `h1:${"B".repeat(43)}=`;
const DIGEST: Digest = `sha256:${"0".repeat(64)}`;
const OTHER_DIGEST: Digest = `sha256:1${"0".repeat(63)}`;

const SYNC: LockUnit = {
  kind: "module",
  path: "golang.org/x/sync",
  version: "v0.15.0",
  h1: H1,
  modH1: H1,
  id: 40_123_456,
};
const LOCK: Lock = {
  lockVersion: 1,
  name: "site",
  created: "2026-11-21T05:00:00Z",
  serial: 1_795_237_200,
  request: {
    go: ["go.mod"],
    platforms: ["linux/amd64"],
    projects: [
      {
        name: "app",
        modules: ["example.com/app"],
        files: [
          { path: "go.mod", digest: DIGEST },
          { path: "go.sum", digest: DIGEST },
        ],
        tags: [],
        packages: ["./..."],
      },
    ],
    modules: ["golang.org/x/sync@v0.15.0"],
    tools: ["golang.org/x/tools/gopls@latest"],
  },
  go: ["1.27.1"],
  modules: ["golang.org/x/sync@v0.15.0"],
  tools: ["golang.org/x/tools/gopls@v0.24.0"],
  log: { name: "sum.golang.org", head: "go.sum database tree\n71800000\nAAAA\n\n— sum.golang.org BBBB\n" },
  units: [
    { kind: "gomod", path: "golang.org/x/text", version: "v0.3.0", modH1: H1, id: 12 },
    { kind: "module", path: "git.example.com/us/lib", version: "v1.2.0", h1: H1, modH1: H1, private: true },
    SYNC,
    {
      kind: "toolchain",
      path: "golang.org/toolchain",
      version: "v0.0.1-go1.27.1.linux-amd64",
      platform: "linux/amd64",
      h1: H1,
      modH1: H1,
      id: 60_000_000,
    },
  ],
};

function parse(text: string): Lock {
  return parseLock(new TextEncoder().encode(text), FILE);
}

/** The lock with one of its parts replaced, as text. */
function changed(change: (lock: Record<string, unknown>) => void): string {
  const copy: Record<string, unknown> = structuredClone(LOCK);
  change(copy);
  return JSON.stringify(copy, Object.keys(flatten(copy)).toSorted());
}

function flatten(value: unknown): Record<string, true> {
  if (typeof value !== "object" || value === null) return {};
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, item]) => ({ [key]: true, ...flatten(item) })),
  );
}

const lockArbitrary: fc.Arbitrary<Lock> = (() => {
  const hash = fc.constantFrom(H1, OTHER_H1);
  const path = fc.stringMatching(/^[a-z]{1,5}\.(?:org|com)(?:\/[A-Za-z0-9_~-]{1,4}x){0,2}$/u);
  const version = fc.stringMatching(/^v[01]\.(?:0|[1-9])\.(?:0|[1-9][0-9])(?:-rc\.[1-9])?$/u);
  const evidence = fc.oneof(fc.record({ id: fc.nat() }), fc.constant({ private: true as const }));
  const unit = fc
    .tuple(path, version, hash, hash, evidence, fc.boolean())
    .map(([name, at, h1, modH1, proof, whole]): LockUnit => {
      const base = { path: name, version: at, modH1, ...proof };
      return whole ? { kind: "module", h1, ...base } : { kind: "gomod", ...base };
    });
  const selector = (item: LockUnit): string => `${item.kind} ${item.path} ${item.version}`;
  const units = fc.uniqueArray(unit, { selector, maxLength: 12 });
  const serial = fc.integer({ min: 0, max: 4_000_000_000 });
  const expires = fc.option(fc.constant("180d"));
  return fc.tuple(units, serial, expires, fc.string({ minLength: 1 })).map(([list, time, end, text]) => ({
    ...LOCK,
    serial: time,
    created: new Date(time * 1000).toISOString().replace(".000Z", "Z"),
    request: {
      ...LOCK.request,
      ...(end === null ? {} : { expires: end }),
      projects: [
        {
          name: "app",
          modules: [text],
          files: [{ path: "../a b/go.mod", digest: DIGEST }],
          tags: [text],
          packages: [],
        },
      ],
    },
    units: sortUnits(list),
  }));
})();

describe("a lock", () => {
  it("is JSON with sorted keys and units, and a newline at the end", () => {
    const text = renderLock({ ...LOCK, units: LOCK.units.toReversed() });
    expect(text).toMatch(/^\{\n {2}"created": "2026-11-21T05:00:00Z",\n {2}"go": \[\n {4}"1\.27\.1"\n/u);
    expect(text.endsWith("}\n")).toBe(true);
    expect(text).toBe(renderLock(LOCK));
    expect(parse(text)).toEqual(LOCK);
  });

  it("is read as it was written", () => {
    fc.assert(
      fc.property(lockArbitrary, (lock) => {
        const text = renderLock(lock);
        expect(parse(text)).toEqual(lock);
        expect(renderLock(parse(text))).toBe(text);
      }),
    );
  });

  it.each([
    ["line ends of Windows", (text: string) => text.replaceAll("\n", "\r\n")],
    ["another indentation", (text: string) => text.replaceAll(/^ +/gmu, "\t")],
    ["no white space", (text: string) => text.replaceAll(/\n */gu, "")],
  ])("may have %s", (_, edit) => {
    const text = edit(renderLock(LOCK));
    expect(text).not.toBe(renderLock(LOCK));
    expect(parse(text)).toEqual(LOCK);
  });

  it("is never taken for the same with a byte missing", () => {
    const text = renderLock(LOCK);
    const tokens = [...text].flatMap((character, index) => (/\s/u.test(character) ? [] : [index]));
    // A letter less in free text leaves another valid lock, but never the same one.
    const same = tokens
      .filter((_, count) => count % 7 === 0)
      .map((index) => attempt(text.slice(0, index) + text.slice(index + 1)))
      .filter((lock) => lock !== undefined && renderLock(lock) === text);
    expect(same).toEqual([]);
  });

  it.each([
    ["an unknown key", changed((lock) => Object.assign(lock, { goproxy: "https://example.com" })), ""],
    [
      "another version of the format",
      changed((lock) => Object.assign(lock, { lockVersion: 2 })),
      " /lockVersion",
    ],
    ["a serial of another time", changed((lock) => Object.assign(lock, { serial: 5 })), " /serial"],
    ["a go line for a version", changed((lock) => Object.assign(lock, { go: ["1.27"] })), " /go/0"],
    ["no go", changed((lock) => Object.assign(lock, { go: [] })), " /go"],
    ["an unresolved tool", changed((lock) => Object.assign(lock, { tools: ["a.b/c@latest"] })), " /tools/0"],
    ["records without a log", changed((lock) => delete lock["log"]), " /log"],
    ["a module without h1", withUnit({ h1: undefined }), " /units/0/h1"],
    ["a short h1", withUnit({ h1: "h1:AAAA" }), " /units/0/h1"],
    ["a gomod with h1", withUnit({ kind: "gomod" }), " /units/0"],
    ["an absolute file", withFile("/app/go.mod"), " /request/projects/0/files/1/path"],
    ["a file that climbs late", withFile("a/../../go.mod"), " /request/projects/0/files/1/path"],
    ["a file of Windows", withFile("C:/go.mod"), " /request/projects/0/files/1/path"],
    ["another file", withFile("main.go"), " /request/projects/0/files/1/path"],
    ["a file twice", withFile("go.mod"), " /request/projects/0/files"],
    ["files out of order", withFile("a/go.mod"), " /request/projects/0/files"],
    ["a unit of another kind", withUnit({ kind: "tool" }), " /units/0/kind"],
    ["a unit that nobody vouches for", withUnit({ id: undefined }), " /units/0"],
    ["a unit that two vouch for", withUnit({ private: true }), " /units/0"],
    ["a unit with private: false", withUnit({ private: false, id: undefined }), " /units/0/private"],
    ["a unit whose path climbs", withUnit({ path: "../x" }), " /units/0"],
    ["a unit whose version is none", withUnit({ version: "v1" }), " /units/0"],
    ["a unit of another major version", withUnit({ version: "v2.0.0" }), " /units/0"],
    ["a unit twice", changed((lock) => Object.assign(lock, { units: [SYNC, SYNC] })), ""],
    ["units out of order", changed((lock) => Object.assign(lock, { units: LOCK.units.toReversed() })), ""],
    ["keys out of order", JSON.stringify(LOCK), ""],
    ["a key twice", renderLock(LOCK).replace('"name": "site"', '"name": "other", "name": "site"'), ""],
    ["a prototype", renderLock(LOCK).replace('"name": "site"', '"__proto__": {}, "name": "site"'), ""],
    ["a number in another form", renderLock(LOCK).replace(/"lockVersion": 1\b/u, '"lockVersion": 1.0'), ""],
    ["the marks of a merge", `<<<<<<< ours\n${renderLock(LOCK)}`, ""],
    ["nothing in it", "", ""],
    ["null", "null", ""],
    ["bytes after it", `${renderLock(LOCK)}x`, ""],
  ])("is refused with %s", (_, text, place) => {
    const error = refusal(text);
    expect(error.code).toBe("LOCK_INVALID");
    expect(error.subject).toBe(`${FILE}${place}`);
  });
});

function withUnit(change: Record<string, unknown>): string {
  return changed((lock) => Object.assign(lock, { units: [{ ...SYNC, ...change }] }));
}

function withFile(path: string): string {
  const files = [
    { path: "go.mod", digest: DIGEST },
    { path, digest: DIGEST },
  ];
  const projects = LOCK.request.projects.map((project) => ({ ...project, files }));
  return changed((lock) => Object.assign(lock, { request: { ...LOCK.request, projects } }));
}

function attempt(text: string): Lock | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof GoferryError && error.code === "LOCK_INVALID") return undefined;
    throw error;
  }
}

function refusal(text: string): GoferryError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof GoferryError) return error;
    throw error;
  }
  throw new Error("the lock was accepted");
}

describe("two locks", () => {
  const compare = (change: Partial<Lock>): string[] =>
    compareLocks(LOCK, { ...LOCK, ...change }).map(changeText);
  const request = (change: Partial<Lock["request"]>): Partial<Lock> => ({
    request: { ...LOCK.request, ...change },
  });

  it.each([
    [{}, []],
    [{ created: "2026-11-22T05:00:00Z", serial: 1_795_323_600, log: undefined }, []],
    [{ name: "other" }, ["name: site -> other"]],
    [{ go: ["1.27.2"] }, ["go version: 1.27.1 -> 1.27.2"]],
    [{ go: ["1.27.1", "1.26.8"] }, ["go version: added 1.26.8"]],
    [{ tools: ["golang.org/x/tools/gopls@v0.25.0"] }, ["tool golang.org/x/tools/gopls: v0.24.0 -> v0.25.0"]],
    [{ modules: [] }, ["module golang.org/x/sync: removed v0.15.0"]],
    [request({ expires: "180d" }), ["expires: added 180d"]],
    [request({ from: "dl" }), ["toolchains from: added dl"]],
    [request({ go: ["1.27"] }), ["go: go.mod -> 1.27"]],
    [request({ platforms: ["linux/amd64", "linux/arm64"] }), ["platform: added linux/arm64"]],
    [request({ tools: [] }), ["tool golang.org/x/tools/gopls: removed latest"]],
    [
      { units: LOCK.units.slice(0, 3) },
      ["unit toolchain golang.org/toolchain for linux/amd64: removed v0.0.1-go1.27.1.linux-amd64"],
    ],
    [
      { units: LOCK.units.map((unit) => (unit === SYNC ? { ...SYNC, version: "v0.16.0" } : unit)) },
      ["unit module golang.org/x/sync: v0.15.0 -> v0.16.0"],
    ],
    [
      { units: LOCK.units.map((unit) => (unit === SYNC ? { ...SYNC, h1: OTHER_H1 } : unit)) },
      [`unit module golang.org/x/sync v0.15.0: ${H1} ${H1} -> ${OTHER_H1} ${H1}`],
    ],
    [
      { units: [...LOCK.units, { ...SYNC, version: "v0.16.0" }, { ...SYNC, version: "v0.17.0" }] },
      ["unit module golang.org/x/sync: added v0.16.0", "unit module golang.org/x/sync: added v0.17.0"],
    ],
  ])("differ by %j in %j", (change: Partial<Lock>, texts) => {
    expect(compare(change)).toEqual(texts);
  });

  it("differ by what the files of a project were", () => {
    const projects = [
      {
        name: "app",
        modules: ["example.com/app"],
        files: [
          { path: "go.mod", digest: OTHER_DIGEST },
          { path: "go.work", digest: DIGEST },
        ],
        tags: ["x"],
        packages: ["./..."],
      },
    ];
    expect(compare(request({ projects }))).toEqual([
      `project app go.mod: ${DIGEST} -> ${OTHER_DIGEST}`,
      `project app go.sum: removed ${DIGEST}`,
      'project app tags: [] -> ["x"]',
      `project app go.work: added ${DIGEST}`,
    ]);
    expect(compare(request({ projects: [] })).every((text) => text.startsWith("project app "))).toBe(true);
  });

  it("have no changes with themselves, and mirrored ones the other way", () => {
    const swap = ({ before, after, ...rest }: LockChange): LockChange => {
      return { ...rest, before: after, after: before };
    };
    const texts = (changes: LockChange[]): string[] => changes.map(changeText).toSorted();
    fc.assert(
      fc.property(lockArbitrary, lockArbitrary, (a, b) => {
        expect(compareLocks(a, a)).toEqual([]);
        expect(texts(compareLocks(b, a).map(swap))).toEqual(texts(compareLocks(a, b)));
      }),
    );
  });
});

describe("refuseDrift", () => {
  it("lets the same request pass", () => {
    expect(() =>
      refuseDrift(FILE, LOCK, { name: "site", request: structuredClone(LOCK.request) }),
    ).not.toThrow();
  });

  it("names everything that drifted", () => {
    const request = { ...LOCK.request, go: ["stable"], platforms: ["linux/arm64"] };
    expect(() => refuseDrift(FILE, LOCK, { name: "site", request })).toThrow(
      expect.objectContaining({
        code: "LOCK_DRIFT",
        subject: FILE,
        found: "2 differences",
        message: expect.stringMatching(/go\.mod -> stable.*linux\/amd64 -> linux\/arm64/u),
      }),
    );
  });
});
