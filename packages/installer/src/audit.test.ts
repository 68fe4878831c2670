import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultyFs } from "../../../test/kit/faulty-fs.ts";
import { realHost, testFolder } from "../../../test/kit/host-root.ts";
import { appendAuditLine, auditDigest, auditLine, lastAuditTime, ROTATE } from "./audit.ts";
import type { AuditEntry } from "./audit.ts";
import { nodeFs } from "./node-fs.ts";

const fs = nodeFs(realHost);
const time = new Date("2026-03-04T05:06:07.000Z");
const by = { user: "root", sudoUser: "anna" };
const entry: AuditEntry = {
  action: "install",
  subject: "site",
  result: "done",
  bundle: null,
  signers: ["AB"],
};

it("refers to the line before by its digest", () => {
  const first = auditLine(entry, { time, by, prev: null });
  const second = auditLine(entry, { time, by, prev: auditDigest(first) });
  expect(JSON.parse(second)).toEqual({
    ...entry,
    time: time.toISOString(),
    user: "root",
    sudoUser: "anna",
    prev: auditDigest(first),
  });
  expect(auditDigest(first)).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(auditDigest(second)).not.toBe(auditDigest(first));
});

it("keeps a line a line, whatever a subject holds", () => {
  const line = auditLine({ ...entry, subject: 'a\nb"}' }, { time, by, prev: null });
  expect(line).not.toContain("\n");
});

describe("appendAuditLine", () => {
  it("appends once, however often it is asked", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "audit.jsonl");
    for (const line of ['{"a":1}', '{"a":1}', '{"b":2}', '{"b":2}']) await appendAuditLine(fs, path, line);
    expect(await readFile(path, "utf8")).toBe('{"a":1}\n{"b":2}\n');
  });

  it("makes a new log that is whole and for everybody to read, wherever it is killed", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "audit.jsonl");
    for (let at = 1; at <= 6; at++) {
      await rm(path, { force: true });
      await appendAuditLine(faultyFs(fs, { kind: "crash", at }), path, '{"a":1}').catch(() => undefined);
      const left = await readFile(path, "utf8").catch(() => null);
      expect([null, '{"a":1}\n']).toContain(left);
      await appendAuditLine(fs, path, '{"a":1}');
      expect(await readFile(path, "utf8")).toBe('{"a":1}\n');
      expect((await stat(path)).mode & 0o777).toBe(0o644);
    }
  });

  it("completes its own line, cut anywhere, and leaves other text alone", async () => {
    await using folder = await testFolder();
    const path = join(folder.path, "audit.jsonl");
    const line = auditLine(entry, { time, by, prev: null });
    const lengths = fc.nat({ max: line.length });
    await fc.assert(
      fc.asyncProperty(lengths, async (length) => {
        await writeFile(path, `{"a":1}\n${line.slice(0, length)}`);
        await appendAuditLine(fs, path, line);
        expect(await readFile(path, "utf8")).toBe(`{"a":1}\n${line}\n`);
      }),
      { numRuns: 40 },
    );
    await writeFile(path, "scribble");
    await appendAuditLine(fs, path, line);
    expect(await readFile(path, "utf8")).toBe(`scribble\n${line}\n`);
  });
});

it("says when the last change was made, whatever failed since", async () => {
  await using folder = await testFolder();
  const path = join(folder.path, "audit.jsonl");
  expect(await lastAuditTime(fs, path)).toBeUndefined();
  const subject = 'a "time":"1999-01-01T00:00:00.000Z" of its own';
  for (const at of [new Date("2026-01-01T00:00:00.000Z"), time]) {
    await appendAuditLine(fs, path, auditLine({ ...entry, subject }, { time: at, by, prev: null }));
    expect(await lastAuditTime(fs, path)).toEqual(at);
  }
  const failure = { ...entry, result: "CLOCK_BEHIND" };
  const rotation = { ...entry, action: ROTATE, subject: "audit.jsonl.1" };
  for (const each of [failure, rotation])
    await appendAuditLine(fs, path, auditLine(each, { time: new Date(0), by, prev: null }));
  expect(await lastAuditTime(fs, path)).toEqual(time);
  for (const text of ["scribble\n", "{}\n", '{"time":"yesterday"}\n', ""]) {
    await writeFile(path, text);
    expect(await lastAuditTime(fs, path)).toBeUndefined();
  }
});
