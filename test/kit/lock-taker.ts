// A process of its own that takes the lock of a root again and again, and says "twice" when it finds somebody else
// inside: node lock-taker.ts ROOT ROUNDS. With a third argument it is killed inside in that round.

import { open, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { layout } from "../../packages/installer/src/layout.ts";
import { acquireLock } from "../../packages/installer/src/transaction/lock.ts";
import { testHost } from "./host-root.ts";

const [root = "", rounds = "0", killed = "0"] = process.argv.slice(2);
const inside = join(root, "inside");
const count = join(root, "count");

for (let round = 1; round <= Number(rounds); round++) {
  const lock = await acquireLock({ ...testHost(), lockWaitMs: 20_000 }, layout(root), { command: "test" });
  const entered = await open(inside, "wx").catch(() => null);
  if (entered === null) {
    process.stdout.write("twice\n");
    process.exit(1);
  }
  await entered.close();
  const before = Number(await readFile(count, "utf8"));
  await writeFile(count, String(before + 1));
  await unlink(inside);
  if (round === Number(killed)) process.kill(process.pid, "SIGKILL");
  await lock.release();
}
