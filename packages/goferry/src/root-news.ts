// What a command meets in a root beside what it was asked for: that an earlier one was interrupted. Said to the person as it
// happens, because the command may fail afterwards; in JSON a key of the answer. What is written to the audit log by
// this goes to the system's log, like every line of it.

import { shellQuote, type Host, type RootEvent } from "@goferry/installer";

export interface RootNews {
  /** For the host of the command. */
  hear(event: RootEvent): void;
  /** Keys for the JSON of the command: `recovered` and `recoveryPending`, each only where there is such a thing. */
  json(): object;
  /** When the system's log has taken what it was told. */
  settled(): Promise<void>;
}

export function rootNews({ host, warn }: { host: () => Host; warn: (text: string) => void }): RootNews {
  const told: Promise<unknown>[] = [];
  let found: { recovered?: object; recoveryPending?: object } = {};
  return {
    hear(event) {
      if (event.kind === "audited") told.push(tell(host, event.line));
      if (event.kind === "recovered" && event.whose === "earlier") {
        const { command, outcome } = event;
        found = { ...found, recovered: { command, outcome } };
        const done =
          outcome === "finished" ? "was done but for its last steps, and is now" : "was taken back";
        warn(`a command that was interrupted ${done}: ${command}`);
      }
      if (event.kind === "unfinished") {
        const { command, root } = event;
        found = { ...found, recoveryPending: { command } };
        warn(
          `RECOVERY_PENDING ${root}: a command was interrupted, and until that is put in order bin/go may be another version than this says: ${command}\nnext: goferry status --root ${shellQuote(root)}, as a user who may write there`,
        );
      }
    },
    json: () => found,
    async settled() {
      await Promise.all(told);
    },
  };
}

async function tell(host: () => Host, line: string): Promise<void> {
  const { tellSyslog } = await import("./system-log.ts");
  await tellSyslog(host(), line);
}
