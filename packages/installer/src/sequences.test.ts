// Any sequence of commands against a plain model of what the root should have. `pnpm test:faults` runs many more.

import fc from "fast-check";
import { expect, it } from "vitest";
import { rootBench, rootCommand, RootModel } from "../../../test/kit/root-model.ts";

it("has what the model has after every command", { timeout: 120_000 }, async () => {
  await using bench = await rootBench();
  await fc.assert(
    fc.asyncProperty(fc.array(rootCommand, { minLength: 4, maxLength: 9 }), async (commands) => {
      await using root = await bench.again();
      const model = new RootModel();
      for (const command of commands) {
        const expected = model.run(command);
        expect(await root.run(command), JSON.stringify(command)).toBe(expected);
      }
      await root.compare(model);
    }),
    { numRuns: 5, endOnFailure: true },
  );
});
