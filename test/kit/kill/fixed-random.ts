// In place of node:crypto in the goferry that is killed: names that are drawn at random are the same in every run, so
// that a call can be told by its path before it is made. Two processes get different seeds, or they would take each
// other's files for their own.

import { createHash, type UUID } from "crypto";
import process from "node:process";

export * from "crypto";

let drawn = 0;

export function randomBytes(size: number): Buffer {
  const bytes: Buffer[] = [];
  for (let had = 0; had < size; had += 32)
    bytes.push(createHash("sha256").update(`${process.env["KILL_SEED"]} ${drawn++}`).digest());
  return Buffer.concat(bytes).subarray(0, size);
}

export function randomUUID(): UUID {
  const hex = randomBytes(16).toString("hex");
  const part = (from: number, to: number): string => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}
