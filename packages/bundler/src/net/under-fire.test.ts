// Whatever the network does, a toolchain ends as the right file in the cache or as an error that somebody can act on:
// generated schedules of faults, over real sockets, with real downloads, retries, mirrors and the comparison with the hash.
// GOFERRY_SCHEDULES=5000 tries as many, others each time.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

import { dirhash, GoferryError, goModHash, sha256Hex } from "@goferry/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { fetchToolchain, type FetchToolchainOptions } from "../go/toolchain.ts";
import type { Authorities } from "./authorities.ts";
import { createCache } from "./cache.ts";
import { type Fault, faultyFile, RETRY_AFTER_MS, type Validators, type WrongRange } from "./faulty-server.ts";
import { createGoProxy } from "./goproxy.ts";
import { createHttp } from "./http.ts";
import { ATTEMPTS, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, REDIRECTS_MAX, RETRY_AFTER_MAX_MS } from "./limits.ts";
import { selfSigned } from "./test-certificates.ts";
import { serve, type TestServer } from "./test-server.ts";
import type { StartTimer } from "./watchdog.ts";

/** Schedules of `pnpm test`, always the same ones. */
const USUAL = 240;
const SCHEDULES = Number(process.env["GOFERRY_SCHEDULES"] ?? USUAL);

const VERSION = "v0.0.1-go1.27.1.linux-amd64";
const SUBJECT = `golang.org/toolchain@${VERSION}`;
const KEY = `golang.org/toolchain/@v/${VERSION}.zip`;

/** Bytes that a file may have here. */
const LIMIT = 60_000;

const NOISE = Uint8Array.from({ length: 30_000 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 255);
const TREE = { VERSION: "go1.27.1\n", "bin/go": NOISE, "src/fmt/print.go": "package fmt\n" };

const entriesOf = (
  tree: Record<string, string | Uint8Array>,
): { name: string; content: string | Uint8Array }[] =>
  Object.entries(tree).map(([name, content]) => ({ name: `${SUBJECT}/${name}`, content }));
const zipOf = (tree: Record<string, string | Uint8Array>, stored: boolean): Buffer =>
  Buffer.from(makeZip(entriesOf(tree).map((entry) => ({ ...entry, stored }))));

/** Two zips of the same module, as two proxies make them; then what must never be taken: another module, and the page of
 * a network that wants a login first. */
const RIGHT = [zipOf(TREE, false), zipOf(TREE, true)];
const VERSIONS = [
  ...RIGHT,
  zipOf({ ...TREE, "src/fmt/print.go": "package evil\n" }, false),
  Buffer.from("<html>Please accept the terms of this network</html>"),
];

const EXPECTED = {
  h1: dirhash(
    entriesOf(TREE).map(({ name, content }) => ({ name, sha256: sha256Hex(Buffer.from(content)) })),
  ),
  modH1: goModHash(Buffer.from("module golang.org/toolchain\n")),
};

const LOGIN = "//me:URLSECRET@";

/** Errors that an administrator may get to see. */
const CODES = ["LOG_MISMATCH", "MODULE_ZIP_INVALID", "NETWORK_UNREACHABLE", "NOT_FOUND", "RESPONSE_INVALID"];

interface Schedule {
  /** One for each entry of GOPROXY. */
  mirrors: { faults: Fault[]; validators: Validators; isSecure: boolean }[];
  separator: "," | "|";
}

const at = fc.nat(RIGHT[1]?.length ?? 0);
const validators = fc.constantFrom<Validators>("etag", "weak etag", "date", "none");
const ranges: WrongRange[] = ["ignored", "shifted", "short", "total", "no header", "multipart", "416"];

/** What passes by itself, as networks have it every day. */
const passing: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("cut"), at, how: fc.constantFrom("end", "reset") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("stall", "drip"), at }) },
  fc.constantFrom<Fault>({ kind: "mute" }, { kind: "reset" }, { kind: "garbage" }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("status"),
      code: fc.constantFrom(408, 429, 500, 502, 503),
      retryAfter: fc.constantFrom("none", "seconds", "date", "past", "nonsense"),
    }),
  },
  fc.record({ kind: fc.constant("length"), by: fc.integer({ min: 1, max: 9 }) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("range"), how: fc.constantFrom(...ranges) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "range", how: "other bytes" }) },
  fc.record({
    kind: fc.constant("bomb"),
    of: fc.constantFrom("header", "headers", "informational", "chunk extension", "trailers"),
  }),
);

/** What does not, and lies. */
const lasting: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ kind: "range", how: "unasked" }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("change"),
      to: fc.nat(3),
      validators: fc.constantFrom("new", "same"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("status"),
      code: fc.constantFrom(204, 206, 304, 401, 403, 404, 410, 418, 429),
      retryAfter: fc.constantFrom("none", "too long"),
    }),
  },
  fc.record({ kind: fc.constant("length"), by: fc.integer({ min: -99, max: -1 }) }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("redirect"),
      to: fc.constantFrom("loop", "elsewhere", "elsewhere", "file", "nothing"),
    }),
  },
  fc.record({ kind: fc.constant("endless"), announced: fc.boolean() }),
  fc.constantFrom<Fault>({ kind: "gzip" }, { kind: "lengthless" }),
);

const mirror = fc.record({
  faults: fc.oneof(
    fc.array(passing, { maxLength: ATTEMPTS - 2 }),
    fc.array(passing, { minLength: ATTEMPTS, maxLength: 9 }),
    fc.array(fc.oneof(passing, lasting), { maxLength: 9 }),
    fc.array(lasting, { minLength: 1, maxLength: 1 }),
  ),
  validators,
  isSecure: fc.nat(3).map((n) => n === 0),
});
const schedule: fc.Arbitrary<Schedule> = fc.record({
  mirrors: fc.array(mirror, { minLength: 1, maxLength: 3 }),
  separator: fc.constantFrom(",", "|"),
});

/** Whether a mirror with such faults gives the file in the end, because each of them passes and an attempt is left. */
function passes(faults: readonly Fault[]): boolean {
  // A wrong length is met twice: when the file ends too early, and when its rest is of a file of another length.
  const attempts = faults.length + faults.filter(({ kind }) => kind === "length").length;
  return attempts <= ATTEMPTS - 2 && faults.every(isPassing);
}

function isPassing(fault: Fault): boolean {
  if (fault.kind === "status")
    return [408, 429, 500, 502, 503].includes(fault.code) && fault.retryAfter !== "too long";
  if (fault.kind === "length") return fault.by > 0;
  // Other bytes in a rest have the whole file fetched once more.
  if (fault.kind === "range") return fault.how !== "unasked";
  return !["change", "redirect", "endless", "gzip", "lengthless"].includes(fault.kind);
}

/** The servers of all schedules; each schedule has its own files on them. */
interface Ground extends AsyncDisposable {
  plain: TestServer[];
  secure: TestServer[];
  elsewhere: TestServer;
  authorities: Authorities;
  handlers: Map<string, Parameters<typeof serve>[0]>;
  /** Names of the servers that were asked, in order. */
  asked: string[];
}

async function openGround(): Promise<Ground> {
  const certificate = selfSigned("localhost");
  const handlers: Ground["handlers"] = new Map();
  const asked: string[] = [];
  const start = async (name: string, isSecure: boolean): Promise<TestServer> =>
    await serve(
      (request, response) => {
        asked.push(name);
        handlers.get(name)?.(request, response);
      },
      isSecure ? certificate : undefined,
    );
  const names = [0, 1, 2];
  const plain = await Promise.all(names.map((i) => start(`plain${i}`, false)));
  const secure = await Promise.all(names.map((i) => start(`secure${i}`, true)));
  const elsewhere = await start("elsewhere", false);
  return {
    plain,
    secure,
    elsewhere,
    authorities: { extra: [certificate.cert], system: [], note: undefined },
    handlers,
    asked,
    async [Symbol.asyncDispose]() {
      for (const server of [...plain, ...secure, elsewhere]) await server[Symbol.asyncDispose]();
    },
  };
}

/** A clock that moves only when a server has fallen silent: nobody waits, and nothing depends on how fast this machine is. */
function silenceClock(): SilenceClock {
  const running = new Set<() => void>();
  let attempts = 0;
  return {
    startTimer(_, fire) {
      running.add(fire);
      return () => running.delete(fire);
    },
    onSilence() {
      const begun = attempts;
      return () => {
        for (const fire of begun === attempts ? running : []) fire();
      };
    },
    onAttempt: () => void attempts++,
  };
}

interface SilenceClock {
  startTimer: StartTimer;
  /** See FaultyFile: what it hands back ends the attempt that is running now, and no later one. */
  onSilence(): () => void;
  /** Says that another attempt begins. */
  onAttempt(): void;
}

interface Outcome {
  /** "done", or the code of an error. */
  code: string;
  error: unknown;
  /** Contents of all files that were left, by path. */
  left: Map<string, Buffer>;
  progress: [bytes: number, total: number | undefined][];
  waits: number[];
  /** For each pass over the list of mirrors, which of them were asked, in order. */
  passes: string[][];
  names: string[];
}

async function run({ mirrors, separator }: Schedule, ground: Ground): Promise<Outcome> {
  const { startTimer, onSilence, onAttempt } = silenceClock();
  const names = mirrors.map(({ isSecure }, i) => `${isSecure ? "secure" : "plain"}${i}`);
  for (const [i, { faults, validators: kind }] of mirrors.entries()) {
    const elsewhere = `${ground.elsewhere.url}/file`;
    const file = { versions: VERSIONS, validators: kind, faults, elsewhere, onSilence };
    ground.handlers.set(names[i] ?? "", faultyFile(file));
  }
  ground.handlers.set("elsewhere", (_, response) => void response.end(RIGHT[0]));
  const urls = mirrors.map(({ isSecure }, i) => (isSecure ? ground.secure : ground.plain)[i]?.url ?? "");
  const waits: number[] = [];
  const http = createHttp({
    env: {},
    userAgent: "goferry/test",
    authorities: ground.authorities,
    sleep: async (ms) => {
      onAttempt();
      waits.push(ms);
    },
    startTimer,
  });
  const proxy = createGoProxy(http, urls.map((url) => url.replace("//", LOGIN)).join(separator));
  const progress: Outcome["progress"] = [];
  const askedBy: string[][] = [];
  const downloader: FetchToolchainOptions["proxy"] = {
    async download(path, file, options) {
      const begin = ground.asked.length;
      const onProgress = (bytes: number, total: number | undefined): void =>
        void progress.push([bytes, total]);
      try {
        return await proxy.download(path, file, { ...options, limit: LIMIT, onProgress });
      } finally {
        askedBy.push(ground.asked.slice(begin));
      }
    },
  };
  await using folder = await temporaryFolder();
  const cache = createCache(folder.path);
  const request = {
    version: "1.27.1",
    platform: "linux/amd64",
    proxy: downloader,
    cache,
    expected: EXPECTED,
  };
  const error: unknown = await fetchToolchain(request).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const left = new Map<string, Buffer>();
  for (const entry of await readdir(folder.path, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) left.set(path.slice(folder.path.length + 1), await readFile(path));
  }
  const code = error === undefined ? "done" : error instanceof GoferryError ? error.code : "no GoferryError";
  return { code, error, left, progress, waits, passes: askedBy, names };
}

/** The right file at its place and nothing else, or nothing at all and an error that says everything. */
function checkResult({ code, error, left }: Outcome): void {
  const file = left.get(`name/${KEY}`);
  const isDone = code === "done";
  expect([...left.keys()]).toEqual(isDone ? [`name/${KEY}`] : []);
  expect(isDone ? RIGHT.some((zip) => file?.equals(zip)) : CODES.includes(code), code).toBe(true);
  expect(error instanceof GoferryError ? shortcomings(error) : []).toEqual([]);
}

function shortcomings(error: GoferryError): string[] {
  const { subject, found, next, stack } = error;
  return [
    ...(subject === SUBJECT ? [] : [`the subject is ${subject}`]),
    ...(found === undefined || found === "" ? ["nothing was found"] : []),
    ...(next === undefined || next === "" ? ["nothing is next"] : []),
    ...(`${JSON.stringify(error)}${stack}`.includes("SECRET") ? ["a password is told"] : []),
  ];
}

/** Never above the total or the limit; each step goes on from the one before, or starts anew; the last is the whole. */
function checkProgress({ code, progress, left }: Outcome): void {
  let before = 0;
  for (const [bytes, total] of progress) {
    expect(bytes).toBeLessThanOrEqual(Math.min(total ?? LIMIT, LIMIT));
    expect(bytes >= before || bytes === 0).toBe(true);
    before = bytes;
  }
  if (code !== "done") return;
  const size = left.get(`name/${KEY}`)?.length;
  const [bytes, total] = progress.at(-1) ?? [];
  expect(bytes).toBe(size);
  expect([size, undefined]).toContain(total);
}

/** Mirrors are asked in the order of the list, and none without end; pauses are neither too short nor too long. */
function checkPatience({ passes: all, names, waits }: Outcome, { mirrors }: Schedule): void {
  for (const asked of all) {
    const order = asked.filter((name) => name !== "elsewhere").map((name) => names.indexOf(name));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    // Never from https to there.
    const ledThere = asked.filter((_, i) => asked[i + 1] === "elsewhere");
    expect(ledThere.filter((name) => name.startsWith("secure"))).toEqual([]);
    for (const name of names) {
      const count = asked.filter((each) => each === name).length;
      expect(count).toBeLessThanOrEqual(ATTEMPTS * (REDIRECTS_MAX + 1));
    }
  }
  const asksFor = new Set(mirrors.flatMap(({ faults }) => faults.map(retryAfterOf)));
  for (const ms of waits) {
    expect(ms).toBeGreaterThanOrEqual(BACKOFF_FIRST_MS / 2);
    expect(ms <= BACKOFF_MAX_MS || (ms <= RETRY_AFTER_MAX_MS && asksFor.has(ms))).toBe(true);
  }
}

function retryAfterOf(fault: Fault): number {
  return fault.kind === "status" ? RETRY_AFTER_MS[fault.retryAfter] : 0;
}

/** What must have come to a good end, so that not everything counts as one: the first mirror that passes ends it. */
function mustSucceed({ mirrors, separator }: Schedule): boolean {
  const good = mirrors.findIndex(({ faults }) => passes(faults));
  if (good === -1) return false;
  const before = mirrors.slice(0, good).flatMap(({ faults }) => faults);
  // Something that looked whole may have come from a mirror before it; and after a comma only 404 and 410 lead on.
  const isDecided = before.some(({ kind }) => ["change", "range", "length", "redirect"].includes(kind));
  return good === 0 || (separator === "|" && !isDecided);
}

describe("a toolchain under fire", () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(async () => ground?.[Symbol.asyncDispose]());

  it(
    `is the right file or a clear error, in ${SCHEDULES} schedules of faults`,
    async () => {
      const seen = new Map<string, number>();
      const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
      await fc.assert(
        fc.asyncProperty(schedule, async (faults) => {
          const outcome = await run(faults, ground);
          checkResult(outcome);
          checkProgress(outcome);
          checkPatience(outcome, faults);
          expect(mustSucceed(faults) ? outcome.code : "done").toBe("done");
          count(outcome.code);
          for (const { faults: each } of faults.mirrors) for (const { kind } of each) count(kind);
        }),
        { numRuns: SCHEDULES, ...(SCHEDULES === USUAL ? { seed: 6 } : {}) },
      );
      if (SCHEDULES < USUAL) return;
      for (const code of ["done", ...CODES]) expect(seen.get(code) ?? 0, code).toBeGreaterThan(0);
      if (SCHEDULES !== USUAL) process.stdout.write(`${JSON.stringify(Object.fromEntries(seen))}\n`);
    },
    60_000 + SCHEDULES * 200,
  );
});
