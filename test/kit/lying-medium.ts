// Media that fail or lie. Fakes of a ByteSource for what no real file does when it is told to, and, for a stick that is
// pulled out, the real read calls of a process under strace, which make the system answer EIO at a chosen one.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GoferryError, type ByteSource } from "../../packages/core/src/index.ts";

export interface WatchedSource extends ByteSource {
  /** The stretches that were asked for, in order. */
  readonly asked: readonly { from: number; to: number }[];
}

/** Changes every byte that it is asked for a second time. */
export function secondReadLies(source: ByteSource): WatchedSource {
  const asked: { from: number; to: number }[] = [];
  return {
    ...source,
    asked,
    async read(offset, length) {
      const bytes = Buffer.from(await source.read(offset, length));
      const end = offset + length;
      for (const { from, to } of asked) {
        for (let at = Math.max(from, offset); at < Math.min(to, end); at++) {
          bytes.writeUInt8(bytes.readUInt8(at - offset) ^ 0xff, at - offset);
        }
      }
      asked.push({ from: offset, to: end });
      return bytes;
    },
  };
}

/** Fails at the read of this number, from 0, and from then on: a stick that was pulled out. */
export function pulledOutAt(source: ByteSource, at: number): ByteSource {
  let reads = 0;
  return {
    ...source,
    async read(offset, length) {
      if (reads++ < at) return await source.read(offset, length);
      throw new GoferryError("IO_FAILED", { subject: source.name, message: "EIO" });
    },
  };
}

/** Of how many reads of the bundle one fails: more than a command needs for a small one. */
export const READS_A_ROUND = 400;

/** The words before a program that make every READS_A_ROUNDth read of a file fail with EIO. */
export function straceWords(file: string): string[] {
  const inject = `inject=pread64:error=EIO:when=${READS_A_ROUND}+${READS_A_ROUND}`;
  return [
    "strace",
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-o",
    "/dev/null",
    "-P",
    file,
    "-e",
    "trace=pread64",
    "-e",
    inject,
  ];
}

/** Whether strace may do that here; says on stderr what is skipped when it may not. */
export async function canInject(): Promise<boolean> {
  try {
    await promisify(execFile)("strace", [
      "-f",
      "--seccomp-bpf",
      "-o",
      "/dev/null",
      "-e",
      "trace=pread64",
      "true",
    ]);
    return true;
  } catch (error) {
    process.stderr.write(
      `tests with read errors of the system are skipped: no strace here (${String(error)})\n`,
    );
    return false;
  }
}
