// What an official archive of Go holds, whether it is a tar.gz or a zip.

import { GoferryError } from "@goferry/core";

/** The one folder of an official archive. */
export const ARCHIVE_PREFIX = "go/";

export interface ArchiveFile {
  /** Below {@link ARCHIVE_PREFIX}. */
  path: string;
  /** Bytes. */
  size: number;
  /** The content in pieces; to be read once and to its end, or not at all, before the next file is asked for. */
  content(): AsyncIterable<Uint8Array>;
}

/** The refusal of an archive, or of the entry that `subject` names. */
export function archiveInvalid(
  subject: string,
  detail: { message: string; expected: string; found?: string | undefined; cause?: unknown },
): GoferryError {
  return new GoferryError("ARCHIVE_INVALID", {
    subject,
    ...detail,
    next: "Do not use this archive: Go's own are not like that. Get it from https://go.dev/dl.",
  });
}
