// The worker thread: reads, checks and writes one layer after the other as it is told, or compares installed files with
// their hashes.

import { fstat, read } from "node:fs";
import { promisify } from "node:util";
import { parentPort } from "node:worker_threads";
import { readLayer, truncated, type ByteSource } from "@goferry/core";
import { ioError } from "../node-fs.ts";
import { FileSink } from "./file-sink.ts";
import { UnitFilter } from "./unit-filter.ts";
import { checkTree, type TreeJob } from "../check/tree-check.ts";
import { failureOf, type ExtractJob, type WorkAnswer, type WorkJob } from "./job.ts";

const readAt = promisify(read);
const status = promisify(fstat);

parentPort?.on("message", (job: WorkJob) => {
  if (job.kind === "check") tell(check(job.job));
  else void extract(job).then((answer) => tell(answer));
});

function check(job: TreeJob): WorkAnswer {
  try {
    return { kind: "checked", checked: checkTree(job) };
  } catch (error) {
    return { kind: "failed", failure: failureOf(error) };
  }
}

async function extract(job: ExtractJob): Promise<WorkAnswer> {
  const { layer, units, kept, log, folder, zips, sync, offset } = job;
  const files = new FileSink({ folder, units: kept, zips, sync });
  const isPart = layer.kind === "mod" && kept.length < units.length;
  const sink = isPart ? new UnitFilter(files, kept) : files;
  try {
    const source = await descriptorSource(job);
    const onBytes = (bytes: number): void => tell({ kind: "bytes", bytes });
    const sums = await readLayer({ source, offset, layer, units, log, sink, onBytes, hasOwnThread: true });
    files.close();
    return { kind: "done", sums, kept: [...files.sums] };
  } catch (error) {
    const failure = failureOf(error);
    try {
      files.close();
    } catch {
      // The first failure is the one to report; staging is removed as a whole.
    }
    return { kind: "failed", failure };
  }
}

async function descriptorSource({ name, fd }: ExtractJob): Promise<ByteSource> {
  const { size } = await status(fd);
  return {
    name,
    size,
    async read(offset, length, memory) {
      const bytes = memory?.subarray(0, length) ?? Buffer.allocUnsafe(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await readAt(fd, bytes, done, length - done, offset + done).catch(
          (cause: unknown) => {
            throw ioError(cause, "read", name);
          },
        );
        if (bytesRead === 0) throw truncated(name, offset + length, Math.min(offset + done, size));
        done += bytesRead;
      }
      return bytes;
    },
    file: (offset) => ({ fd, offset }),
  };
}

function tell(answer: WorkAnswer): void {
  parentPort?.postMessage(answer);
}
