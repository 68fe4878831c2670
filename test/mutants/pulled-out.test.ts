// A stick that is pulled out while `goferry verify` and `goferry install` read from it, as the system tells it: EIO from a
// real read call, at places from the first to the last that the commands make.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBundle, verifyBundle } from "../../packages/core/src/index.ts";
import { goodBundle } from "../kit/hostile/build.ts";
import { startJudge, type Judge } from "../kit/hostile/judge.ts";
import { picture, testFolder, type TestFolder } from "../kit/host-root.ts";
import { canInject, READS_A_ROUND, secondReadLies, straceWords } from "../kit/lying-medium.ts";
import { memorySource, sealSmall, SMALL_NOW, testKey, type SmallBundle } from "../kit/small-bundle.ts";

const POINTS = 20;
const ALLOWED = ["git.example.com/*"];

const injects = await canInject();

let folder: TestFolder;
let small: SmallBundle;
let judge: Judge;
let file: string;
/** Reads that a command makes of the whole bundle. */
let reads: number;

beforeAll(async () => {
  if (!injects) return;
  folder = await testFolder();
  file = join(folder.path, "bundle.tar");
  const [bundle, key] = await Promise.all([goodBundle(), testKey()]);
  small = bundle;
  const sealed = await sealSmall(small, [key]);
  await writeFile(file, sealed);
  await writeFile(join(folder.path, "public.asc"), key.publicKey);
  const watched = secondReadLies(memorySource(sealed));
  const policy = { logKey: small.log.vkey, privatePatterns: ALLOWED };
  await verifyBundle(await openBundle(watched, { keys: [key.trusted], now: SMALL_NOW }), { policy });
  reads = watched.asked.filter(({ from, to }) => to > from).length;
  judge = await startJudge(straceWords(file));
});
afterAll(async () => {
  if (!injects) return;
  await judge[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

describe.skipIf(!injects)("a stick that is pulled out, as the system tells it", () => {
  it.each(["verify", "install"])(
    `at ${POINTS} places stops %s with IO_FAILED, and nothing is left`,
    async (verb) => {
      const words = [
        verb,
        file,
        "--key",
        join(folder.path, "public.asc"),
        "--log-key",
        small.log.vkey,
        "--json",
      ];
      const more = [
        "--allow-private",
        ALLOWED[0] ?? "",
        ...(verb === "install" ? ["--root", folder.root] : []),
      ];
      const before = picture(folder.path);
      for (let i = 0; i < POINTS; i++) {
        const at = 1 + Math.floor((i * (reads - 1)) / (POINTS - 1));
        const report = await judge.run([...words, ...more], folder.path, { file, reads: READS_A_ROUND - at });
        expect(report.stdout, `read ${at} of ${reads}`).toContain('"IO_FAILED"');
        expect(report.code).toBe(6);
        expect(picture(folder.path)).toEqual(before);
      }
    },
  );
});
