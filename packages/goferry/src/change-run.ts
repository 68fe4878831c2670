// A command that changes a root, run with what all of these have in common: it waits for another writer as long as it was
// told, and says so; and when it fails, the audit log of the root tells of that too.

import { basename } from "node:path";
import { defaultRoot, recordFailure, tellSyslog, type RootEvent } from "@goferry/installer";
import { DEFAULT_LOCK_WAIT_MS } from "./change-options.ts";
import type { Command, Outcome } from "./command.ts";
import type { Context } from "./context.ts";
import type { OptionValue } from "./option.ts";
import { asGoferryError } from "./output/errors.ts";

type Values = Readonly<Record<string, OptionValue>>;

/** @throws what the command throws */
export async function runChange(command: Command, values: Values, context: Context): Promise<Outcome> {
  const { progress, signal } = context;
  const lockWaitMs = (values["lock-timeout"] as number | undefined) ?? DEFAULT_LOCK_WAIT_MS;
  const told: Promise<unknown>[] = [];
  const onEvent = (event: RootEvent): void => {
    if (event.kind === "waiting") progress.update({ stage: `Waiting for ${event.holder}` });
    // At once: whoever stops this process now must not keep the line from syslog.
    if (event.kind === "audited") told.push(tellSyslog(context.host, event.line));
  };
  const host = { ...context.host, lockWaitMs, onEvent };
  try {
    return await command.run(values, { ...context, host });
  } catch (thrown) {
    const { code } = asGoferryError(thrown, signal);
    const root = (values["root"] as string | undefined) ?? defaultRoot(host);
    const failure = { root, action: command.name, subject: subjectOf(command, values), code };
    if (values["dry-run"] !== true && code !== "ARGUMENT_INVALID") await recordFailure(host, failure);
    throw thrown;
  } finally {
    await Promise.all(told);
  }
}

/** What the command was given to work on: the names of files without their folders. */
function subjectOf({ positionals }: Command, values: Values): string {
  return Object.entries(positionals)
    .flatMap(([key, { kind }]) => {
      const texts = [values[key]].flat().filter((value) => typeof value === "string");
      return kind === "text" ? texts : texts.map((text) => basename(text));
    })
    .join(" ");
}
