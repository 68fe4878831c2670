// What a supporter needs of a root, as one tar.gz, made for being handed on: texts only, each through the remover of
// secrets that the command line brings; of the journal, which holds old and new contents of files such as a user's
// profile, only which files and how long. The first entry lists what there is. For the parts that cannot be had there is
// a line that says why: a root in trouble is the usual case.

import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { encodeHeader, GoferryError, paddingAfter, trailer } from "@goferry/core";
import { readAudit } from "../audit-files.ts";
import type { Host } from "../host.ts";
import { layout, programFile, type Layout } from "../layout.ts";
import { hostFs } from "../host-fs.ts";
import { hasErrno, ioError } from "../node-fs.ts";
import { refuseFindings } from "../plan/refuse.ts";
import { logNames } from "../root-logs.ts";
import { ownerFindings } from "../root-owner.ts";
import { resolveRoot } from "../root-path.ts";

export interface ArchiveOptions {
  /** Absolute; must not exist. */
  file: string;
  root: string;
  /** Takes secrets out of a text. */
  clean(text: string): string;
  /** What the command line knows: versions, status. By name of the entry. */
  texts: Readonly<Record<string, string>>;
}

export interface Archived {
  file: string;
  /** Bytes. */
  size: number;
  entries: string[];
}

/** @throws OUTPUT_EXISTS; DISK_FULL, PERMISSION_DENIED, READ_ONLY, IO_FAILED for the archive itself */
export async function writeStatusArchive(host: Host, options: ArchiveOptions): Promise<Archived> {
  const { file, clean } = options;
  const at = layout(await resolveRoot(options.root));
  const entries = (await collect(host, at, options.texts)).map(({ name, text }) => ({
    name,
    bytes: Buffer.from(clean(text)),
  }));
  const names = entries.map(({ name }) => name);
  const list = Buffer.from(
    `${names.map((name, i) => `${entries[i]?.bytes.length ?? 0} ${name}`).join("\n")}\n`,
  );
  const all = [{ name: "CONTENTS.txt", bytes: list }, ...entries];
  const tar = all.flatMap(({ name, bytes }) => [
    encodeHeader({ path: `goferry-status/${name}`, size: bytes.length, mode: 0o644 }),
    bytes,
    paddingAfter(bytes.length),
  ]);
  const packed = await promisify(gzip)(Buffer.concat([...tar, trailer()]));
  await writeNew(file, packed);
  return { file, size: packed.length, entries: all.map(({ name }) => name) };
}

interface Part {
  name: string;
  text: string;
}

async function collect(host: Host, at: Layout, texts: Readonly<Record<string, string>>): Promise<Part[]> {
  const fs = hostFs(host);
  const textOf = async (path: string): Promise<string | null> => {
    const bytes = await fs.readFile(path);
    return bytes === null ? null : Buffer.from(bytes).toString("utf8");
  };
  const parts: Part[] = Object.entries(texts).map(([name, text]) => ({ name, text }));
  const add = async (name: string, ask: () => Promise<string | null | undefined>): Promise<void> => {
    const text = await ask().catch((error: unknown) => `cannot be had: ${String(error)}\n`);
    if (text !== null && text !== undefined) parts.push({ name, text });
  };
  await add("state/state.json", () => textOf(at.stateFile));
  await add("state/journal.json", async () => journalText(await textOf(at.journal)));
  await add("state/lock", () => textOf(at.lock));
  await add("state/logs/runs.json", () => textOf(join(at.logs, "runs.json")));
  for (const name of await logNames(host, at).catch(() => []))
    await add(`state/logs/${name}`, () => textOf(join(at.logs, name)));
  for (const { name, lines } of await readAudit({ fs, at }).catch(() => []))
    await add(`state/${name}`, () => Promise.resolve(lines.map((line) => `${line}\n`).join("")));
  await add("files.txt", () => listing(host, at));
  await add("df.txt", () => diskText(host, at));
  await add("mounts.txt", async () => mountsText(await host.mounts()));
  await add("go-env.txt", () => goEnvText(host, at));
  return parts;
}

/** Contents of files, as base64, become their length. */
function journalText(text: string | null): string | null {
  return text === null
    ? null
    : text.replaceAll(
        /"(data|stateBefore|stateAfter)": "([A-Za-z0-9+/=]*)"/gu,
        (_, key: string, data: string) => `"${key}": "(${Buffer.from(data, "base64").length} bytes)"`,
      );
}

/** The names at the top of the root and in its smaller folders. */
async function listing(host: Host, at: Layout): Promise<string> {
  const fs = hostFs(host);
  const lines: string[] = [];
  for (const folder of [at.root, at.bin, at.sdk, at.state, at.generations, at.units, at.staging]) {
    for (const { name, kind: listed } of await fs.list(folder)) {
      const path = join(folder, name);
      const status = await fs.lstat(path);
      const kind = status?.kind ?? listed;
      const mode = (status?.mode ?? 0).toString(8).padStart(4, "0");
      const target = kind === "link" ? ` -> ${await fs.readLink(path)}` : "";
      lines.push(`${kind} ${mode} ${status?.uid}:${status?.gid} ${status?.size} ${path}${target}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

async function diskText(host: Host, at: Layout): Promise<string> {
  const { freeBytes, freeFiles, type } = await host.statfs(at.root);
  return `file system of ${at.root}: type 0x${type.toString(16)}, ${freeBytes} bytes free, ${freeFiles ?? "unknown"} inodes free\n`;
}

/** Options of a network mount may hold its user and password. */
function mountsText(text: string | undefined): string | undefined {
  return text?.replaceAll(/\b(pass|password|passwd|user|username|credentials|secret)=[^,\s]*/gu, "$1=***");
}

async function goEnvText(host: Host, at: Layout): Promise<string> {
  // In a root of somebody else bin/go is theirs too, and would run with the rights of whoever asks.
  refuseFindings(await ownerFindings(at.root, host.uid));
  const go = join(at.bin, programFile("go"));
  const result = await host.run(go, ["env"], { env: host.env, cwd: "/", timeoutMs: 30_000 });
  return `${result.stdout}${result.stderr}`;
}

async function writeNew(file: string, bytes: Uint8Array): Promise<void> {
  try {
    // For the eyes of whoever made it, who may hand it on.
    await using handle = await open(file, "wx", 0o600);
    await handle.writeFile(bytes);
  } catch (error) {
    if (!hasErrno(error, "EEXIST")) throw ioError(error, "write", file);
    throw new GoferryError("OUTPUT_EXISTS", {
      subject: file,
      message: "there is a file of this name, which is not overwritten",
      next: "remove it, or give the archive another name",
      cause: error,
    });
  }
}
