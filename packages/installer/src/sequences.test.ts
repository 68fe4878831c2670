// Any sequence of commands against a plain model of what the root should have. `pnpm test:faults` runs many more.

import { expect, it } from "vitest";
import { runSequences } from "../../../test/kit/root-sequences.ts";

it("answers as the model to every command, and has what the model has after them", async () => {
  await expect(runSequences(5)).resolves.toBeUndefined();
});
