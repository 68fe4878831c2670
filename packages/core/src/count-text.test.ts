import fc from "fast-check";
import { expect, it } from "vitest";
import { countText } from "./count-text.ts";

it("countText groups digits as Intl does for English", () => {
  const counts = fc.oneof(fc.maxSafeNat(), fc.nat(2000), fc.integer());
  fc.assert(
    fc.property(counts, (count) => {
      expect(countText(count)).toBe(count.toLocaleString("en-US"));
    }),
  );
});
