// The system calls of one run of goferry that change something below a folder, or make it durable, out of all that strace
// saw: each with what is needed to kill the run right there the next time, and to replay the call on a model of a disk.

import { readFileSync } from "node:fs";
import { isBelow } from "../../../packages/installer/src/fs.ts";
import { pathsOf, threadsOf, type KillPoint, type SystemCall } from "./strace.ts";

/** Calls of which this kit knows nothing: if one of them is made in the folder, it has to learn it. */
const UNKNOWN = ["creat", "open", "writev", "pwritev", "truncate", "fallocate", "unlinkat", "renameat2"];

/** The calls that change a file system or make it durable, and those that tell the threads of a program apart. */
export const WATCHED: readonly string[] = [
  "openat write pwrite64 copy_file_range sendfile ftruncate",
  "mkdir rmdir link symlink unlink rename",
  "chmod fchmod fchown fsync fdatasync syncfs",
  "clone clone3 execve",
]
  .flatMap((names) => names.split(" "))
  .concat(UNKNOWN);

export interface RootCall {
  name: string;
  /** Absolute; of a rename or link the new name. */
  path: string;
  change: Change;
  /** How to kill a run at this call; undefined for the one call that another program makes, `sync -f`. */
  kill: KillPoint | undefined;
}

export type Change =
  | { kind: "sync" | "sync-all" | "rmdir" | "unlink" }
  /** Mode 0 for a file that is not made. */
  | { kind: "create" | "truncate" | "mkdir"; mode: number }
  | { kind: "write"; bytes: Buffer; offset: number | undefined }
  | { kind: "mode"; mode: number }
  | { kind: "rename" | "link"; from: string }
  | { kind: "symlink"; target: string };

/** Successful calls only, in their order. */
export function rootCalls(calls: readonly SystemCall[], folder: string): RootCall[] {
  const own = threadsOf(calls);
  const seen = new Map<string, number>();
  const found: RootCall[] = [];
  for (const call of calls) {
    const paths = pathsOf(call).filter((path) => path === folder || isBelow(folder, path));
    const counts = paths.map((path) => {
      const key = `${call.thread} ${call.name} ${path}`;
      const nth = (seen.get(key) ?? 0) + 1;
      seen.set(key, nth);
      return nth;
    });
    const [path = ""] = paths;
    if (paths.length === 0 || call.remark !== "") continue;
    if (UNKNOWN.includes(call.name)) throw new Error(`${call.name} of ${path} is not known here`);
    const change = changeOf(call, path);
    if (change === undefined) continue;
    const kill = own.has(call.thread) ? { call: call.name, path, nth: counts[0] ?? 1 } : undefined;
    found.push({ name: call.name, path: paths.at(-1) ?? path, change, kill });
  }
  return found;
}

/** Undefined for a call that changes nothing. */
function changeOf({ name, args, result = 0 }: SystemCall, path: string): Change | undefined {
  const texts = args.flatMap((arg) => (arg.kind === "text" ? [arg.text] : []));
  const strings = args.flatMap((arg) => (arg.kind === "bytes" ? [arg.bytes] : []));
  switch (name) {
    case "openat":
      return opened(texts.find((text) => text.startsWith("O_")) ?? "", octal(texts.at(-1)));
    case "write":
      return { kind: "write", bytes: strings[0] ?? Buffer.of(), offset: undefined };
    case "pwrite64":
      return { kind: "write", bytes: strings[0] ?? Buffer.of(), offset: Number(texts.at(-1)) };
    case "sendfile":
    case "copy_file_range":
      return copied(args, result);
    case "fsync":
    case "fdatasync":
      return { kind: "sync" };
    case "syncfs":
      return { kind: "sync-all" };
    case "mkdir":
      return { kind: name, mode: octal(texts.at(-1)) };
    case "rmdir":
    case "unlink":
      return { kind: name };
    case "link":
    case "rename":
      return { kind: name, from: path };
    case "symlink":
      return { kind: "symlink", target: strings[0]?.toString("utf8") ?? "" };
    case "chmod":
    case "fchmod":
      return { kind: "mode", mode: Number.parseInt(texts.at(-1) ?? "", 8) };
    default:
      return undefined;
  }
}

/** Files without a name (O_TMPFILE), by which is tried whether a folder may be written, change nothing. */
function opened(flags: string, mode: number): Change | undefined {
  if (flags.includes("O_TMPFILE")) return undefined;
  if (flags.includes("O_TRUNC") && !flags.includes("O_EXCL")) return { kind: "truncate", mode };
  return flags.includes("O_CREAT") ? { kind: "create", mode } : undefined;
}

/** Under a umask of 022. */
function octal(text = ""): number {
  const mode = Number.parseInt(text, 8);
  return Number.isNaN(mode) ? 0 : mode & ~0o022;
}

/** The source is a file outside of the root that nobody changes. */
function copied(args: SystemCall["args"], length: number): Change {
  const [first, second] = args.flatMap((arg) => (arg.kind === "descriptor" ? [arg.path] : []));
  const sources = [first, second].filter((path) => path !== undefined);
  const source = sources.find((path) => !path.includes("/staging/")) ?? "";
  return { kind: "write", bytes: readFileSync(source).subarray(0, length), offset: undefined };
}
