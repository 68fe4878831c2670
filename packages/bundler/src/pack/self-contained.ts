// A bundle and the goferry that installs it as one file, for a host to which only one file can be handed.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { GoferryError, programSize, selfContainedTrailer } from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import { draftOf } from "../output.ts";

export interface SelfContainedOptions {
  /** GOOS/GOARCH of the hosts. */
  platform: string;
  /** The stand-alone goferry for that platform. If it has a bundle of its own, that is left behind. */
  program: string;
  /** The finished bundle; the new file goes beside it. */
  bundleFile: string;
  signal?: AbortSignal | undefined;
}

/** Windows starts no program of this size or more (the size of a PE file is a number of 32 bits). */
const WINDOWS_LIMIT = 2 ** 32;

/** `site.tar` for windows/amd64 is `site-windows-amd64.exe`. */
function selfContainedName(bundleFile: string, platform: string): string {
  const name = basename(bundleFile, extname(bundleFile));
  return `${name}-${platform.replace("/", "-")}${platform.startsWith("windows/") ? ".exe" : ""}`;
}

/** The absolute path of the file. @throws ARGUMENT_INVALID beyond what Windows starts; DISK_FULL, IO_FAILED */
export async function makeSelfContained(options: SelfContainedOptions): Promise<string> {
  const { platform, program, bundleFile, signal } = options;
  const [whole, bundle] = [await stat(program), await stat(bundleFile)];
  const size = (await programSize(program)) ?? whole.size;
  const trailer = selfContainedTrailer(size, bundle.size);
  const total = size + bundle.size + trailer.length;
  if (platform.startsWith("windows/") && total >= WINDOWS_LIMIT) throw tooBig(bundleFile, total);
  const file = join(dirname(bundleFile), selfContainedName(bundleFile, platform));
  await using draft = draftOf(file, 0o755);
  await draft.write(concatenate());
  await draft.place();
  return file;

  async function* concatenate(): AsyncGenerator<Uint8Array> {
    yield* bytesOf(program, size, signal);
    yield* bytesOf(bundleFile, bundle.size, signal);
    yield trailer;
  }
}

async function* bytesOf(
  file: string,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<Uint8Array> = createReadStream(file, { end: size - 1, highWaterMark: 1 << 20 });
  try {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
  }
}

function tooBig(bundleFile: string, total: number): GoferryError {
  return new GoferryError("ARGUMENT_INVALID", {
    subject: "--self-contained",
    message: "Windows starts no program of 4 GiB or more, and this one would be",
    expected: `less than ${WINDOWS_LIMIT} bytes with goferry`,
    found: `${total} bytes`,
    next: `Hand over ${bundleFile} and goferry.exe beside it: --with-executables DIR; or a bundle of fewer platforms.`,
  });
}
