// A line of the audit log, told to the system's log: who may write in a root can write its audit log anew, but mostly not
// what the system's log, often on another machine, has noted. By the program `logger`, because Node has no datagram
// sockets of the local kind; on Windows the event log, under the source that an installation for the machine registers. Where there is no system log nothing happens.

import { stat } from "node:fs/promises";
import { auditDigest, parseAuditLine } from "./audit.ts";
import { EVENT_SOURCE } from "./configure/windows/event-source.ts";
import type { Host, WindowsHost } from "./host.ts";

/** Where they are looked for; tests have others. */
export interface SyslogPlaces {
  socket: string;
  /** Not by PATH: what a user has put there is not run for root. */
  programs: readonly string[];
}

const PLACES: SyslogPlaces = { socket: "/dev/log", programs: ["/usr/bin/logger", "/bin/logger"] };

/** A log that hangs does not hold up the command for longer. */
const TIMEOUT_MS = 3000;

/** True when it was taken. Never throws: that the system has no log is no failure of a command. */
export async function tellSyslog(
  host: Pick<Host, "run" | "env" | "windows">,
  line: string,
  { socket, programs }: SyslogPlaces = PLACES,
): Promise<boolean> {
  try {
    if (host.windows !== undefined) return await tellEventLog(host.windows, line);
    // Without it, logger would wait for nothing, and every command would start a program for nothing.
    if (!(await stat(socket)).isSocket()) return false;
    for (const program of programs) {
      const isThere = await stat(program).then(
        (status) => status.isFile(),
        () => false,
      );
      if (!isThere) continue;
      const words = ["-t", "goferry", "-p", "authpriv.notice", "-u", socket, "--", messageOf(line)];
      const { code } = await host.run(program, words, { env: host.env, cwd: "/", timeoutMs: TIMEOUT_MS });
      return code === 0;
    }
    return false;
  } catch {
    return false;
  }
}

/** Numbers of events: 1 for a change that was made, 2 for a command that failed. They are API, like codes. */
async function tellEventLog({ system }: WindowsHost, line: string): Promise<boolean> {
  const isDone = parseAuditLine(line)?.result === "done";
  await system.logEvent({
    source: EVENT_SOURCE,
    event: isDone ? 1 : 2,
    level: isDone ? "information" : "warning",
    text: messageOf(line),
  });
  return true;
}

/** `audit sha256:… user=root sudo_user=anna action=install subject="site.tar" result=done`. */
function messageOf(line: string): string {
  const record = parseAuditLine(line);
  const { user = "", sudoUser = null, action = "", subject = "", result = "" } = record ?? {};
  const fields = { user, sudo_user: sudoUser ?? "", action, subject, result };
  const words = Object.entries(fields).map(([name, value]) => `${name}=${quoted(value)}`);
  return ["audit", auditDigest(line), ...words].join(" ");
}

function quoted(text: string): string {
  return /^[\w.-]+$/u.test(text) ? text : JSON.stringify(text);
}
