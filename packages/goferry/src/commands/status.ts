// `goferry status`: how a root is, for a person, a program, a monitoring and a supporter.

import { GoferryError, secretRemover } from "@goferry/core";
import {
  defaultRoot,
  readStatus,
  writePrometheus,
  writeStatusArchive,
  type Archived,
  type BundleStatus,
  type RootStatus,
} from "@goferry/installer";
import type { Outcome, Run } from "../command.ts";
import type { Context } from "../context.ts";
import { errorText } from "../output/errors.ts";
import { rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import { VERSION } from "../version.ts";
import type { statusTable } from "./tables/status.ts";

export const status: Run<typeof statusTable> = async (values, context) => {
  const { host } = context;
  const root = values.root ?? defaultRoot(host);
  // A root in trouble is what an archive is for: it shows what an interrupted command left before that is put in order.
  const as = values.archive === undefined ? "recovered" : "was";
  const found = await readStatus(host, root, as).catch((error: unknown) => {
    if (values.archive === undefined || !(error instanceof GoferryError)) throw error;
    return error;
  });
  if (values.prometheus !== undefined && !(found instanceof GoferryError)) {
    await writePrometheus(host, values.prometheus, { status: found, version: VERSION });
  }
  const archived =
    values.archive === undefined ? undefined : await archive(context, { root, file: values.archive, found });
  return outcome(found, archived);
};

interface ArchiveRequest {
  root: string;
  file: string;
  found: RootStatus | GoferryError;
}

async function archive(
  { host, terminal }: Context,
  { root, file, found }: ArchiveRequest,
): Promise<Archived> {
  const { os, arch, node, userName, uid } = terminal.system;
  const versions = `goferry ${VERSION}\n${node}\n${os} ${arch}\nuser ${userName}, uid ${uid}\nat ${host.now().toISOString()}\n`;
  const text = found instanceof GoferryError ? plainError(found) : `${statusText(found)}\n`;
  const texts = { "versions.txt": versions, "status.txt": text };
  return await writeStatusArchive(host, { root, file, clean: secretRemover(terminal.env), texts });
}

function outcome(found: RootStatus | GoferryError, archived: Archived | undefined): Outcome {
  const packed =
    archived === undefined
      ? []
      : [
          `${archived.file}, ${bytesText(archived.size)}, ${amountText(archived.entries.length, "file")}:`,
          ...archived.entries,
        ];
  const rows = rowsText([["archive", packed]]);
  if (found instanceof GoferryError) {
    return { text: rows, json: { status: null, archive: archived ?? null }, warnings: [plainError(found)] };
  }
  return {
    text: rows === "" ? statusText(found) : `${statusText(found)}\n${rows}`,
    json: { ...found, goferry: VERSION, lastCheck: found.runs["check"] ?? null, archive: archived ?? null },
    warnings: found.audit.whole
      ? []
      : [`AUDIT_BROKEN ${found.root}: the audit log was changed by others\nnext: goferry audit verify`],
  };
}

function plainError(error: GoferryError): string {
  return errorText(error, { columns: undefined, color: false });
}

function statusText(found: RootStatus): string {
  const { root, generation, current, sdks, bundles, lastChange, lastFailure, runs } = found;
  const rows = rowsText([
    ["goferry", VERSION],
    ["Go", sdks.map(({ version }) => `${version}${version === current ? " (current)" : ""}`)],
    ["bundles", bundles.map(bundleText)],
    ["last change", lastChange === null ? undefined : recordText(lastChange)],
    ["last failure", lastFailure === null ? "none" : recordText(lastFailure)],
    ["last check", checkText(runs["check"])],
    ...workRows(found),
    ["free", bytesText(found.disk.freeBytes)],
    ["audit log", `${amountText(found.audit.lines, "line")}, head ${found.audit.head ?? "none"}`],
  ]);
  return `${root}, generation ${generation}\n${rows}`;
}

function workRows({ lock, unfinished, interrupted }: RootStatus): [string, string | undefined][] {
  const command = unfinished ?? undefined;
  if (!interrupted) return [["at work", lock ?? command]];
  return [["unfinished", lock === null ? command : `${lock}; that process is gone`]];
}

function bundleText({ name, serial, ageDays, expires, daysToExpiry, complete }: BundleStatus): string {
  const expiry =
    expires === null || daysToExpiry === null
      ? "never expires"
      : daysToExpiry < 0
        ? `expired ${expires}`
        : `expires in ${amountText(daysToExpiry, "day")}`;
  return `${name}, serial ${serial}, ${amountText(ageDays, "day")} old, ${expiry}${complete ? "" : ", in part"}`;
}

function recordText({
  time,
  user,
  sudoUser,
  action,
  subject,
  result,
}: NonNullable<RootStatus["lastChange"]>): string {
  return `${time}, ${action} ${subject}${result === "done" ? "" : `: ${result}`}, by ${sudoUser ?? user}`;
}

function checkText(run: RootStatus["runs"][string] | undefined): string {
  if (run === undefined) return "never";
  const { startedAt, drift = 0, code } = run;
  if (code !== null) return `${startedAt}: ${code}`;
  return `${startedAt}: ${drift === 0 ? "as it was verified" : `${amountText(drift, "thing is", "things are")} not as verified`}`;
}
