// Turns what preflight found into one refusal. All of it is told at once: at night nobody wants to mend one thing and
// be stopped by the next.

import { GoferryError } from "@goferry/core";
import type { Finding } from "../findings.ts";

/** @throws the first finding that refuses, with the others in its message */
export function refuseFindings(findings: readonly Finding[]): void {
  const [first, ...others] = findings.filter(({ level }) => level === "refuse");
  if (first === undefined) return;
  const { code, subject, message, expected, found, next } = first;
  const also = others.map((each) => `; also ${each.code} ${each.subject}: ${each.message}`).join("");
  throw new GoferryError(code, { subject, message: message + also, expected, found, next });
}
