// 1,000 sequences of commands against a plain model of what the root should have.

import { expect, it } from "vitest";
import { runSequences } from "../kit/root-sequences.ts";

it("answers as the model to every command of 1,000 sequences, and has what the model has after them", async () => {
  await expect(runSequences(1000)).resolves.toBeUndefined();
});
