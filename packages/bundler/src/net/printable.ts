// What a server says, as a message may repeat it.
import { redactUrls } from "@goferry/core";

/** At most 200 characters, without those that steer a terminal and without what could be a login in a URL. */
export function printable(text: string): string {
  return redactUrls(text)
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, " ")
    .trim()
    .slice(0, 200);
}
