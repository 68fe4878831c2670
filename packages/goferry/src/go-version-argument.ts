// A Go version on the command line: as its launcher is called, go1.27.1, or as goferry.yaml has it, 1.27.1.

import { GO_SYNTAX, GoferryError } from "@goferry/core";

/**
 * The version without "go". That it is one which is there is for others to say.
 * @param subject what the user wrote it for, such as a flag
 * @throws ARGUMENT_INVALID
 */
export function goVersionOf(text: string, subject: string): string {
  const version = text.replace(/^go/u, "");
  if (new RegExp(`^${GO_SYNTAX}$`, "u").test(version)) return version;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject,
    message: "this is no version of Go",
    expected: "a version such as go1.27.1",
    found: text,
    next: "goferry list shows the versions that are installed, goferry inspect those of a bundle",
  });
}
