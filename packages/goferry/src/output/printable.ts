// Text from elsewhere (names in a bundle, answers of servers, output of compilers) on its way to a terminal or a log:
// it may hold escape sequences, and URLs with passwords. Libraries redact what they know to be secret; this is for
// what slipped through.

import { redactUrls } from "@goferry/core";

/** One line or several; what does not print becomes U+FFFD, tabs become spaces, line ends become "\n". */
export function printable(text: string): string {
  return redactUrls(text)
    .replaceAll(/\r\n?/gu, "\n")
    .replaceAll("\t", "  ")
    .replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\uFFFD");
}
