// A fingerprint as people type it, read from paper or from the screen of another machine.

import { FINGERPRINT, GoferryError } from "@goferry/core";

/**
 * The fingerprint in the one form it has everywhere: 40 upper-case hex digits. Spaces, as gpg prints them, and lower case
 * are accepted; anything shorter is not, because keys with the same short ID are made in seconds.
 * @param place the flag or argument, for messages
 * @throws ARGUMENT_INVALID
 */
export function fingerprintArgument(text: string, place: string): string {
  const fingerprint = text.replaceAll(/[\s:]/gu, "").replace(/^0x/iu, "").toUpperCase();
  if (FINGERPRINT.safeParse(fingerprint).success) return fingerprint;
  const isHex = /^[0-9A-F]+$/u.test(fingerprint);
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: place,
    message: "this is not the full fingerprint of a key",
    expected: "40 hexadecimal digits, as gpg --fingerprint or goferry key generate print them",
    found: isHex ? `${fingerprint.length} digits: ${fingerprint}` : JSON.stringify(text),
    next: "Type all of it. A key ID, which is its end, is no proof: other keys can be made to have the same.",
  });
}
