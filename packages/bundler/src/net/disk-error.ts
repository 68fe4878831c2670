// Turns what node:fs rejects with into the two codes that a user can act on: the disk is full, or the path is
// wrong in a way that only its owner can mend.
import { GoferryError } from "@goferry/core";

/**
 * A GoferryError for an error of node:fs about the file or folder `subject`: DISK_FULL for ENOSPC and EDQUOT,
 * otherwise IO_FAILED. A GoferryError is handed back as it is.
 */
export function diskError(error: unknown, subject: string): GoferryError {
  if (error instanceof GoferryError) return error;
  const code = errorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new GoferryError("DISK_FULL", {
      subject,
      message: code === "EDQUOT" ? "the disk quota is used up" : "the disk is full",
      next: "Free space there, or choose a folder on another disk.",
      cause: error,
    });
  }
  return new GoferryError("IO_FAILED", {
    subject,
    message: "the file cannot be read or written",
    found: error instanceof Error ? error.message : String(error),
    next: "Check that the folder exists and that you may write to it.",
    cause: error,
  });
}

/** The `code` of a system error such as "ENOENT", or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
