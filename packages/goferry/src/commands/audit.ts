// `goferry audit`: who changed a root, and who tried to. `goferry audit verify`: whether that is what goferry wrote.

import { EXIT, GoferryError } from "@goferry/core";
import { auditOf, defaultRoot, type AuditEntryLine } from "@goferry/installer";
import type { Outcome, Run } from "../command.ts";
import { printable } from "../output/printable.ts";
import { beginning, rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { SHOWN } from "./tables/audit.ts";
import type { auditTable, auditVerifyTable } from "./tables/audit.ts";

/** Breaks that a person is told of. */
const TOLD = 20;

export const audit: Run<typeof auditTable> = async (values, { host }) => {
  const { root, head, entries, breaks } = await auditOf(host, values.root ?? defaultRoot(host));
  const wanted = (count: number): AuditEntryLine[] => entries.slice(-(values.last ?? count));
  const shown = wanted(SHOWN);
  const earlier = entries.length - shown.length;
  return {
    text: [
      `${root}: ${amountText(entries.length, "line")}${earlier === 0 ? "" : `, of which the last ${shown.length}`}`,
      ...shown.map(entryText),
    ].join("\n"),
    json: { root, head, lines: entries.length, entries: wanted(entries.length).map(entryJson) },
    warnings:
      breaks.length === 0
        ? []
        : [`AUDIT_BROKEN ${root}: this log was changed by others\nnext: goferry audit verify`],
  };
};

export const auditVerify: Run<typeof auditVerifyTable> = async (values, { host }) => {
  const expect = digestOf(values.expect);
  const log = await auditOf(host, values.root ?? defaultRoot(host), { expect });
  const { root, head, entries, breaks, notes } = log;
  if (breaks.length > 0) return brokenOutcome(log);
  const after = entries.length - 1 - entries.findIndex(({ digest }) => digest === expect);
  return {
    text: `${root}: the audit log is whole\n${rowsText([
      ["lines", String(entries.length)],
      ["head", head ?? "none"],
      ["expected", expect === undefined ? undefined : `is there, and ${amountText(after, "line")} after it`],
      ["note", notes],
    ])}`,
    json: {
      root,
      head,
      lines: entries.length,
      whole: true,
      notes,
      ...(expect === undefined ? {} : { expect, after }),
    },
  };
};

function digestOf(text: string | undefined): string | undefined {
  if (text === undefined || /^sha256:[0-9a-f]{64}$/u.test(text)) return text;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: "--expect",
    message: "the value cannot be used",
    expected: "sha256: and 64 hexadecimal digits, as goferry audit verify prints its head",
    found: JSON.stringify(text),
  });
}

function brokenOutcome({ root, head, entries, breaks, notes }: Awaited<ReturnType<typeof auditOf>>): Outcome {
  const lines = breaks.map(
    ({ place, message, expected, found }) => `${place}: ${message}\n  expected ${expected}\n  found ${found}`,
  );
  const next =
    "compare it with syslog (journalctl -t goferry) and with backups, and find out who may write in the root";
  return {
    text: `AUDIT_BROKEN ${root}: the audit log is not what goferry wrote\n${rowsText([
      ["lines", String(entries.length)],
      ["head", head ?? "none"],
      ["broken", beginning(lines, TOLD)],
      ["note", notes],
      ["next", next],
    ])}`,
    json: { root, head, lines: entries.length, whole: false, notes, code: "AUDIT_BROKEN", breaks },
    exitCode: EXIT.refused,
  };
}

function entryText({ place, record }: AuditEntryLine): string {
  if (record === undefined) return `  ${place}: not a line of goferry`;
  const { time, user, sudoUser, action, subject, result, signers } = record;
  const who = sudoUser === null ? user : `${user} (${sudoUser})`;
  const signed = signers.length === 0 ? "" : `, signed by ${signers.join(", ")}`;
  return `  ${printable(`${time}  ${who}  ${action} ${subject}: ${result}${signed}`).replaceAll("\n", " ")}`;
}

function entryJson({ place, digest, record }: AuditEntryLine): object {
  return { place, digest, ...record };
}
