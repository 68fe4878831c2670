// The fields that several documents have, each with the one form it may take.

import * as z from "zod/mini";
import english from "zod/v4/locales/en.js";
import { GO_RELEASE_FORM } from "../gomodule/go-version.ts";

// zod/mini says no more than "Invalid input" by itself. All schemas of a bundle and of a root have fields of these.
z.config(english());

export const SHA256 = z
  .string()
  .check(z.regex(/^[0-9a-f]{64}$/, { error: "64 lower-case hexadecimal digits" }));
export const DIGEST = z.templateLiteral(["sha256:", SHA256], {
  error: "sha256: and 64 lower-case hexadecimal digits",
});
/** Of an OpenPGP key of version 4. */
export const FINGERPRINT = z
  .string()
  .check(z.regex(/^[0-9A-F]{40}$/, { error: "40 upper-case hexadecimal digits" }));
export const H1 = z
  .string()
  .check(z.regex(/^h1:[A-Za-z0-9+/]{43}=$/, { error: "h1: and a SHA-256 in base64" }));
export const BUNDLE_NAME = z.string().check(
  z.regex(/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/, {
    error: "1 to 64 lower-case letters, digits, dots, dashes and underscores",
  }),
);
export const GO_RELEASE = z
  .string()
  .check(z.regex(GO_RELEASE_FORM, { error: "an exact Go version such as 1.27.1" }));
export const PLATFORM = z.string().check(z.regex(/^[a-z0-9]+\/[a-z0-9]+$/, { error: "GOOS/GOARCH" }));
const AS_TIME = { error: "a time such as 2026-11-21T05:00:00Z (RFC 3339, UTC, seconds)" };
export const TIME = z
  .string()
  .check(z.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, AS_TIME), z.refine(isTime, AS_TIME));
export const COUNT = z.int().check(z.nonnegative());

/** Date.parse takes February 30 and 24:00 for other times. */
function isTime(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text.replace("Z", ".000Z");
}
