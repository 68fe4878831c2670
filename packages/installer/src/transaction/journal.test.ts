import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { picture, realHost, testFolder, testHost } from "../../../../test/kit/host-root.ts";
import { layout } from "../layout.ts";
import type { Layout } from "../layout.ts";
import { nodeFs } from "../node-fs.ts";
import { readJournal, serializeJournal } from "./journal.ts";
import type { Journal } from "./journal.ts";
import { recover } from "./recover.ts";

const fs = nodeFs(realHost);

function journalOf(at: Layout): Journal {
  return {
    journalVersion: 1,
    id: "t1",
    command: "install site.tar",
    root: at.root,
    startedAt: "2026-03-04T05:06:07.000Z",
    folders: [at.sdk],
    aside: [],
    place: [{ from: join(at.staging, "t1", "new", "go"), to: join(at.sdk, "go1.27.1") }],
    replace: [],
    edits: [{ path: at.current, before: null, after: { kind: "link", target: "sdk/go1.27.1" } }],
    emptied: [],
    removesRoot: false,
    stateBefore: null,
    stateAfter: "e30=",
    auditLine: "{}",
  };
}

it("is read as it was written, and absent where there is none", async () => {
  await using folder = await testFolder();
  const at = layout(folder.root);
  expect(await readJournal(fs, at)).toBeNull();
  await mkdir(at.state, { recursive: true });
  await writeFile(at.journal, serializeJournal(journalOf(at)));
  expect(await readJournal(fs, at)).toEqual(journalOf(at));
});

describe("one that is not ours stops every command, and nothing is changed", () => {
  const cases: [string, (good: Journal, at: Layout) => unknown, string][] = [
    ["cut short", () => "{", "JOURNAL_DAMAGED"],
    ["with a key too many", (good) => ({ ...good, extra: 1 }), "JOURNAL_DAMAGED"],
    ["newer", (good) => ({ ...good, journalVersion: 2 }), "STATE_NEWER"],
    ["of a root that this one was copied from", (good) => ({ ...good, root: "/opt/other" }), "ROOT_MOVED"],
    [
      "that moves things out of the root",
      (good, at) => ({ ...good, place: [{ from: join(at.sdk, "go1.27.1"), to: "/etc/go" }] }),
      "JOURNAL_DAMAGED",
    ],
    [
      "that climbs out of the root",
      (good, at) => ({ ...good, aside: [{ from: `${at.sdk}/../../x`, to: join(at.staging, "x") }] }),
      "JOURNAL_DAMAGED",
    ],
  ];
  it.each(cases)("%s", async (_name, damage, code) => {
    await using folder = await testFolder();
    const at = layout(folder.root);
    await mkdir(at.state, { recursive: true });
    await mkdir(join(at.sdk, "go1.27.1"), { recursive: true });
    const damaged = damage(journalOf(at), at);
    await writeFile(at.journal, typeof damaged === "string" ? damaged : JSON.stringify(damaged));
    const before = picture(folder.path);
    await expect(recover(testHost(), at, { command: "list" })).rejects.toMatchObject({
      code,
      subject: at.journal,
    });
    expect(picture(folder.path)).toEqual(before);
  });
});
