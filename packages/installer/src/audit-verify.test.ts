// Logs as goferry writes them, by its own functions, and what can be done to them.

import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { realHost, testFolder } from "../../../test/kit/host-root.ts";
import { appendAuditLine, auditDigest, auditLine } from "./audit.ts";
import { openAudit, readAudit, type AuditFile } from "./audit-files.ts";
import { verifyChain, type AuditLog, type ChainFacts } from "./audit-verify.ts";
import { layout, type Layout } from "./layout.ts";
import { nodeFs } from "./node-fs.ts";

const fs = nodeFs(realHost);
const by = { user: "root", sudoUser: null };

interface TestLog extends AsyncDisposable {
  at: Layout;
  /** Of the last line that was "done": what state.json would name. */
  stateHead: string | null;
  /** A line; what `result` is "done" is a change. */
  add(result: string): Promise<void>;
  verify(facts?: Partial<ChainFacts>): Promise<AuditLog>;
}

async function testLog(limit?: number): Promise<TestLog> {
  const folder = await testFolder();
  const at = layout(folder.path);
  await fs.mkdir(at.state, 0o755);
  let count = 0;
  const log: TestLog = {
    at,
    stateHead: null,
    add: async (result) => {
      const time = new Date(Date.UTC(2026, 2, 4, 5, 6, count++));
      const prev = await openAudit(
        { fs, at },
        { stateHead: log.stateHead, by, time, ...(limit === undefined ? {} : { limit }) },
      );
      const entry = { action: "use", subject: `go1.27.${count}`, result, bundle: null, signers: [] };
      const line = auditLine(entry, { time, by, prev });
      await appendAuditLine(fs, at.audit, line);
      if (result === "done") log.stateHead = auditDigest(line);
    },
    verify: async (facts = {}) =>
      verifyChain(await readAudit({ fs, at }), { stateHead: log.stateHead, pending: null, ...facts }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  return log;
}

const RESULTS = [
  "done",
  "ROLLED_BACK",
  "done",
  "done",
  "SIGNATURE_UNTRUSTED",
  "LOG_MISMATCH",
  "done",
  "DISK_FULL",
];

describe("an audit log", () => {
  it("is whole, with failures between changes and after the last", async () => {
    await using log = await testLog();
    expect(await log.verify()).toEqual({ head: null, entries: [], breaks: [], notes: [] });
    for (const result of RESULTS) {
      await log.add(result);
      expect(await log.verify()).toMatchObject({ breaks: [], notes: [] });
    }
    const { head, entries } = await log.verify();
    expect(entries.map(({ record }) => record?.result)).toEqual(RESULTS);
    expect(head).toBe(entries[7]?.digest);
    expect(log.stateHead).toBe(entries[6]?.digest);
    for (const { digest } of entries)
      expect(await log.verify({ expect: digest })).toMatchObject({ breaks: [] });
  });

  it("shows every change, deletion, insertion, exchange and cut, wherever it is", async () => {
    await using log = await testLog();
    for (const result of [...RESULTS, ...RESULTS]) await log.add(result);
    const [file] = (await readAudit({ fs, at: log.at })) as [AuditFile];
    const { stateHead } = log;
    const last = file.lines.length - 2;
    const verify = (lines: string[]): AuditLog =>
      verifyChain([{ ...file, lines }], { stateHead, pending: null });
    const position = fc.nat({ max: last });
    const change = fc.oneof(
      fc.record({ kind: fc.constant("edit"), at: position, byte: fc.nat() }),
      fc.record({ kind: fc.constant("delete"), at: position, byte: fc.nat() }),
      fc.record({ kind: fc.constant("insert"), at: position, byte: fc.nat({ max: last }) }),
      fc.record({ kind: fc.constant("exchange"), at: fc.nat({ max: last - 1 }), byte: fc.nat() }),
      fc.record({ kind: fc.constant("cut"), at: position, byte: fc.nat() }),
    );
    fc.assert(
      fc.property(change, ({ kind, at, byte }) => {
        const lines = [...file.lines];
        const line = lines[at] ?? "";
        if (kind === "edit") {
          const index = byte % line.length;
          const other = line[index] === "7" ? "8" : "7";
          lines[at] = line.slice(0, index) + other + line.slice(index + 1);
        } else if (kind === "delete") lines.splice(at, 1);
        else if (kind === "insert") lines.splice(at, 0, file.lines[byte] ?? "");
        else if (kind === "exchange") lines.splice(at, 2, lines[at + 1] ?? "", line);
        else lines.length = at;
        expect(verify(lines).breaks.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it("shows by its file and line where it was changed", async () => {
    await using log = await testLog();
    for (const result of RESULTS) await log.add(result);
    const text = await readFile(log.at.audit, "utf8");
    await writeFile(log.at.audit, text.replace("go1.27.3", "go1.27.9"));
    expect((await log.verify()).breaks).toEqual([
      expect.objectContaining({ place: "audit.jsonl:4", expected: expect.stringMatching(/^sha256:/u) }),
    ]);
  });

  it("cannot show failures cut off after the last change, nor a log written anew: only what was noted shows them", async () => {
    await using log = await testLog();
    for (const result of RESULTS) await log.add(result);
    const { head } = await log.verify();
    const lines = (await readFile(log.at.audit, "utf8")).split("\n");
    await writeFile(log.at.audit, `${lines.slice(0, 7).join("\n")}\n`);
    expect((await log.verify()).breaks).toEqual([]);
    expect((await log.verify({ expect: head ?? "" })).breaks).toHaveLength(1);

    await using other = await testLog();
    await other.add("done");
    expect((await other.verify()).breaks).toEqual([]);
    expect((await other.verify({ expect: head ?? "" })).breaks).toHaveLength(1);
  });

  it("tells of a change that no state has seen, and of one still to be written", async () => {
    await using log = await testLog();
    await log.add("done");
    const before = log.stateHead;
    await log.add("done");
    expect((await log.verify({ stateHead: before })).breaks[0]?.message).toContain("has not seen");
    const next = auditDigest("still to come");
    expect(await log.verify({ stateHead: next, pending: { digest: next } })).toMatchObject({
      breaks: [],
      notes: [/is running/u].map((text) => expect.stringMatching(text)),
    });
    expect((await log.verify({ stateHead: next })).breaks).toHaveLength(1);
  });

  it("keeps a gap visible although further lines follow", async () => {
    await using log = await testLog();
    for (const result of RESULTS) await log.add(result);
    const lines = (await readFile(log.at.audit, "utf8")).split("\n");
    await writeFile(log.at.audit, `${lines.slice(0, 5).join("\n")}\n`);
    await log.add("done");
    await log.add("done");
    expect((await log.verify()).breaks.map(({ place }) => place)).toEqual(["audit.jsonl:6"]);
    await writeFile(log.at.audit, "");
    await log.add("done");
    expect((await log.verify()).breaks.map(({ place }) => place)).toEqual(["audit.jsonl:1"]);
  });

  it("goes on after a line that was cut short at any byte, and says so", async () => {
    await using log = await testLog();
    await log.add("done");
    await log.add("DISK_FULL");
    const text = await readFile(log.at.audit, "utf8");
    const end = text.indexOf("\n") + 1;
    for (const length of [end + 1, end + 9, end + 40, text.length - 2, text.length - 1]) {
      await writeFile(log.at.audit, text.slice(0, length));
      const torn = await log.verify();
      expect(torn.breaks).toEqual([]);
      expect(torn.notes.length).toBe(length === text.length - 1 ? 0 : 1);
      const { stateHead } = log;
      await log.add("done");
      const { breaks, notes, entries } = await log.verify();
      expect({ breaks, count: entries.length, notes: notes.length }).toEqual({
        breaks: [],
        count: 3,
        notes: torn.notes.length,
      });
      log.stateHead = stateHead;
    }
    await writeFile(log.at.audit, `${text}garbage\n`);
    expect((await log.verify()).breaks).toHaveLength(1);
  });
});

describe("a line whose bytes a power cut has lost", () => {
  /** The line of a change is written again by the next command, under the same name of the line before. */
  async function written(left: (line: string) => string): Promise<AuditLog> {
    await using log = await testLog();
    await log.add("done");
    await log.add("done");
    const text = await readFile(log.at.audit, "utf8");
    const start = text.indexOf("\n") + 1;
    const line = text.slice(start, -1);
    await writeFile(log.at.audit, text.slice(0, start) + left(line));
    await appendAuditLine(fs, log.at.audit, line);
    await log.add("done");
    return await log.verify();
  }

  it.each([
    ["zeros for all of it", (line: string) => "\0".repeat(line.length + 1)],
    ["zeros for its end", (line: string) => line.slice(0, 100).padEnd(line.length, "\0")],
  ])("%s: is told, and breaks nothing", async (_what, left) => {
    const { breaks, notes, entries } = await written(left);
    expect(breaks).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(/^audit\.jsonl:2 was cut short when the machine stopped/u)]);
    expect(entries.map(({ record }) => record?.result)).toEqual(["done", undefined, "done", "done"]);
  });

  it("is no place to hide anything", async () => {
    for (const text of ["\n", "scribble\n", `{"time":"x\0\0\0\n`])
      expect((await written(() => text)).breaks, text).not.toEqual([]);
  });
});

describe("rotation", () => {
  it("keeps the chain over its files, and shows a file that is missing", async () => {
    await using log = await testLog(600);
    for (let round = 0; round < 4; round++) for (const result of RESULTS) await log.add(result);
    // The failures after it could be cut off, see above.
    await log.add("done");
    const names = (await readdir(log.at.state)).filter((name) => name.startsWith("audit"));
    expect(names.length).toBeGreaterThan(5);
    const { breaks, entries } = await log.verify();
    expect(breaks).toEqual([]);
    expect(entries.filter(({ record }) => record?.action === "audit rotate").length).toBeGreaterThan(5);
    for (const name of names) {
      const text = await readFile(join(log.at.state, name), "utf8");
      await fs.unlink(join(log.at.state, name));
      expect((await log.verify()).breaks, `without ${name}`).not.toEqual([]);
      await writeFile(join(log.at.state, name), text);
    }
    expect((await log.verify()).breaks).toEqual([]);
  });

  it("keeps nine files of those before, and says that there were more", async () => {
    await using log = await testLog(1);
    for (let round = 0; round < 3; round++) for (const result of RESULTS) await log.add(result);
    const files = await readAudit({ fs, at: log.at });
    expect(files.map(({ number }) => number)).toEqual([15, 16, 17, 18, 19, 20, 21, 22, 23, undefined]);
    expect(await log.verify()).toMatchObject({
      breaks: [],
      notes: ["files before audit.jsonl.15 are no longer kept"],
    });
    await fs.unlink(join(log.at.state, "audit.jsonl.15"));
    expect((await log.verify()).breaks[0]).toMatchObject({ place: "audit.jsonl.15" });
  });

  it("is finished by the next line when it was interrupted between its steps", async () => {
    await using log = await testLog();
    for (const result of RESULTS) await log.add(result);
    await fs.rename(log.at.audit, `${log.at.audit}.1`);
    expect((await log.verify()).breaks).toEqual([]);
    await log.add("done");
    const files = await readAudit({ fs, at: log.at });
    expect(files.map(({ lines }) => lines.length)).toEqual([8, 2]);
    expect((await log.verify()).breaks).toEqual([]);
  });
});
