// A command that changes a root, run with what all of these have in common: it waits for another writer as long as it was
// told, and says so.

import type { RootEvent } from "@goferry/installer";
import { DEFAULT_LOCK_WAIT_MS } from "./change-options.ts";
import type { Command, Outcome } from "./command.ts";
import type { Context } from "./context.ts";
import type { OptionValue } from "./option.ts";

type Values = Readonly<Record<string, OptionValue>>;

/** @throws what the command throws */
export async function runChange(command: Command, values: Values, context: Context): Promise<Outcome> {
  const { progress } = context;
  const lockWaitMs = (values["lock-timeout"] as number | undefined) ?? DEFAULT_LOCK_WAIT_MS;
  const onEvent = (event: RootEvent): void => {
    if (event.kind === "waiting") progress.update({ stage: `Waiting for ${event.holder}` });
  };
  const host = { ...context.host, lockWaitMs, onEvent };
  return await command.run(values, { ...context, host });
}
