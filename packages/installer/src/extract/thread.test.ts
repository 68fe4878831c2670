import { expect, it } from "vitest";
import type { TreeJob } from "../check/tree-check.ts";
import { startedThreads, startThreads, WorkThread } from "./thread.ts";

const NOTHING: TreeJob = {
  sums: [],
  unit: null,
  h1: null,
  folder: "/nowhere",
  prefix: "",
  form: "files",
  except: [],
  owners: [0],
  modes: true,
  depth: "quick",
};

it("lets the next one have a thread that was started ahead, and ends any other", async () => {
  expect(startedThreads()).toBe(0);
  startThreads(1, undefined);
  expect(startedThreads()).toBe(1);
  const ahead = new WorkThread(undefined);
  const other = new WorkThread(undefined);
  expect(startedThreads()).toBe(0);
  for (const thread of [ahead, other]) {
    expect(await thread.check(NOTHING)).toMatchObject({ files: 0 });
    await thread.release();
  }
  expect(startedThreads()).toBe(1);

  const again = new WorkThread(undefined);
  expect(await again.check(NOTHING)).toMatchObject({ files: 0 });
  await again.stop();
  expect(startedThreads()).toBe(0);
});
