// The key that vouches for what go.dev/dl serves. It is built in, so that nobody who can change the way to Google can
// change the key along with an archive; which key it must be stands here, in full.

import { GoferryError, readTrustedKey, type TrustedKey } from "@goferry/core";
import { GOOGLE_KEY_BLOCK } from "./google-key-block.ts";

/** "Google Inc. (Linux Packages Signing Authority)", since 2016; https://www.google.com/linuxrepositories/. */
export const GOOGLE_FINGERPRINT = "EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796";

/** @throws INTERNAL if the key that is built in is another one */
export async function googleKey(): Promise<TrustedKey> {
  const key = await readTrustedKey(Buffer.from(GOOGLE_KEY_BLOCK), "Google's key");
  if (key.fingerprint === GOOGLE_FINGERPRINT) return key;
  throw new GoferryError("INTERNAL", {
    subject: "Google's key",
    message: "the key that is built into goferry is not Google's",
    expected: GOOGLE_FINGERPRINT,
    found: key.fingerprint,
    next: "Do not use this goferry: somebody changed it.",
  });
}
