// 50 rounds of 2, 4 and 16 installers at once, of the same and of different versions, on one root that is in use.

import { afterAll, beforeAll, expect, it } from "vitest";
import { race, type Race } from "../kit/concurrent.ts";

let racing: Race;

beforeAll(async () => {
  racing = await race();
});
afterAll(() => racing[Symbol.asyncDispose]());

it.each([
  [2, 20],
  [4, 20],
  [16, 10],
])(
  "%d installers at once, %d rounds: all succeed, one after the other, and go is there all the time",
  async (installers, rounds) => {
    let [reads, waited] = [0, 0];
    for (let round = 1; round <= rounds; round++) {
      const ended = await racing.round(installers);
      expect(ended).toMatchObject({
        failures: [],
        badReads: [],
        versions: ["1.26.8", "1.27.1"],
        audit: { lines: 2, whole: true },
        strays: [],
      });
      reads += ended.reads;
      waited += ended.waited;
    }
    expect(waited).toBeGreaterThan(0);
    console.log(
      `${installers} installers, ${rounds} rounds: ${reads} reads meanwhile, ${waited} installers waited`,
    );
  },
);
