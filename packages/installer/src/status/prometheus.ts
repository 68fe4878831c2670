// The status of a root in the text format of Prometheus, for the textfile collector of its node exporter: a file that a
// timer writes, read by the exporter whenever it is asked. Format: "Exposition formats" of the Prometheus documentation.
// Times are seconds, as everywhere there. Alert rules that go by these names: packages/goferry/docs/prometheus-rules.yaml.

import { writeFileAtomic } from "../fs.ts";
import type { Host } from "../host.ts";
import { hostFs } from "../host-fs.ts";
import type { RootStatus } from "./status.ts";

/**
 * Writes the file in one step, with mode 0644: the exporter must not read half of it, and runs as another user.
 * @throws DISK_FULL, PERMISSION_DENIED, READ_ONLY, IO_FAILED
 */
export async function writePrometheus(
  host: Host,
  file: string,
  { status, version }: { status: RootStatus; version: string },
): Promise<void> {
  const text = prometheusText(status, { version, now: host.now() });
  await writeFileAtomic(hostFs(host), file, Buffer.from(text), { mode: 0o644 });
}

interface Metric {
  name: string;
  help: string;
  samples: { labels?: Record<string, string>; value: number }[];
}

/** All of the file. */
function prometheusText(status: RootStatus, { version, now }: { version: string; now: Date }): string {
  const { root } = status;
  return metrics(status, { version, now })
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, help, samples }) => [
      `# HELP goferry_${name} ${help}`,
      `# TYPE goferry_${name} gauge`,
      ...samples.map(({ labels = {}, value }) => `goferry_${name}${labelText({ root, ...labels })} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function metrics(status: RootStatus, { version, now }: { version: string; now: Date }): Metric[] {
  const { bundles, runs, audit, disk } = status;
  const perRun = (value: (run: RootStatus["runs"][string]) => number): Metric["samples"] =>
    Object.entries(runs).map(([command, run]) => ({ labels: { command }, value: value(run) }));
  const check = runs["check"];
  return [
    {
      name: "info",
      help: "Always 1; which goferry wrote this, and the Go version that bin/go is.",
      samples: [{ labels: { version, go: status.current ?? "" }, value: 1 }],
    },
    { name: "status_timestamp_seconds", help: "When this was written.", samples: [{ value: seconds(now) }] },
    {
      name: "generation",
      help: "Number of the current generation of the root.",
      samples: [{ value: status.generation }],
    },
    {
      name: "bundle_created_timestamp_seconds",
      help: "When an installed bundle was built.",
      samples: bundles.map(({ name, serial }) => ({ labels: { bundle: name }, value: serial })),
    },
    {
      name: "bundle_age_seconds",
      help: "Time since an installed bundle was built.",
      samples: bundles.map(({ name, serial }) => ({
        labels: { bundle: name },
        value: seconds(now) - serial,
      })),
    },
    {
      name: "bundle_expiry_seconds",
      help: "Time until an installed bundle expires; negative afterwards, absent if it never does.",
      samples: bundles.flatMap(({ name, expires }) =>
        expires === null
          ? []
          : [{ labels: { bundle: name }, value: seconds(new Date(expires)) - seconds(now) }],
      ),
    },
    {
      name: "last_run_success",
      help: "Whether the last run of a command did what it was asked: 1 or 0.",
      samples: perRun(({ exitCode }) => Number(exitCode === 0)),
    },
    {
      name: "last_run_exit_code",
      help: "Exit code of the last run of a command.",
      samples: perRun(({ exitCode }) => exitCode),
    },
    {
      name: "last_run_timestamp_seconds",
      help: "When the last run of a command began.",
      samples: perRun(({ startedAt }) => seconds(new Date(startedAt))),
    },
    {
      name: "last_run_duration_seconds",
      help: "How long the last run of a command took.",
      samples: perRun(({ durationMs }) => durationMs / 1000),
    },
    {
      name: "last_run_lock_wait_seconds",
      help: "How long the last run of a command waited for another one.",
      samples: perRun(({ lockWaitMs }) => lockWaitMs / 1000),
    },
    {
      name: "drift",
      help: "Things that the last goferry check found not as they were verified.",
      samples: check?.drift === undefined ? [] : [{ value: check.drift }],
    },
    {
      name: "audit_whole",
      help: "Whether the audit log is as goferry wrote it: 1 or 0.",
      samples: [{ value: Number(audit.whole) }],
    },
    {
      name: "unfinished",
      help: "Whether a command is running, or was interrupted: 1 or 0.",
      samples: [{ value: Number(status.unfinished !== null) }],
    },
    {
      name: "free_bytes",
      help: "Free space on the file system of the root.",
      samples: [{ value: disk.freeBytes }],
    },
  ];
}

function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

function labelText(labels: Record<string, string>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
