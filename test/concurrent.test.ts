// A sample of test/faults/concurrent.test.ts.

import { expect, it } from "vitest";
import { race } from "./kit/concurrent.ts";

it("lets four installers at once do their work, one after the other, while go is used", async () => {
  await using racing = await race();
  const round = await racing.round(4);
  expect(round).toMatchObject({
    failures: [],
    badReads: [],
    versions: ["1.26.8", "1.27.1"],
    audit: { lines: 2, whole: true },
    strays: [],
  });
  expect(round.reads).toBeGreaterThan(0);
});
