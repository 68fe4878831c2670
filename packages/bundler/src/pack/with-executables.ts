// A host has no goferry yet, so the medium brings it: the stand-alone executables and install.sh, beside the bundle,
// with a list of their hashes signed by the bundle's signers. The list is in the form of sha256sum and the signature in
// that of gpg, because whoever has to trust an executable has nothing else to check it with.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { GoferryError } from "@goferry/core";
import { diskError } from "../net/disk-error.ts";
import { draftOf, type Draft } from "../output.ts";
import type { Signer } from "../signer.ts";

export interface PlaceOptions {
  /** Folder that holds goferry-linux-amd64, goferry-windows-amd64.exe and the like. */
  from: string;
  /** The finished bundle. Everything goes into its folder, and replaces what has the same name there. */
  bundleFile: string;
  /** Of the bundle: executables for others stay where they are. */
  platforms: readonly string[];
  /** Files beside the bundle that the list shall have too, absolute. */
  others?: readonly string[] | undefined;
  /** The text of install.sh. */
  installScript: string;
  /** At least one. Each gets a file of its own: strict readers refuse several signatures in one. */
  signers: readonly Signer[];
  /** When the signatures say they were made. */
  now: Date;
  signal?: AbortSignal | undefined;
}

export interface Placed {
  /** Absolute paths of the files that were written, the signatures last. */
  files: string[];
  /** A sentence for each platform without an executable. */
  notes: string[];
}

const SUMS = "SHA256SUMS";
const SCRIPT = "install.sh";

/**
 * Puts the executables for the bundle's platforms beside it, with SHA256SUMS (which has the bundle too) and a detached
 * armored signature of it for each signer: SHA256SUMS.asc, SHA256SUMS.2.asc and so on. Files get their names when all are written.
 * @throws ARGUMENT_INVALID (findExecutables; a bundle with a name that one of these files has), KEY_INVALID,
 * DISK_FULL, IO_FAILED, INTERRUPTED
 */
export async function placeExecutables(options: PlaceOptions): Promise<Placed> {
  const { installScript, signers, now, signal } = options;
  const from = resolve(options.from);
  const bundleFile = resolve(options.bundleFile);
  const { executables, notes } = chooseExecutables(await findExecutables(from), options);
  checkBundleName(bundleFile, executables);
  await using drafts = new Drafts(dirname(bundleFile));
  const lines = [sumLine(basename(bundleFile), await hashFile(bundleFile, signal))];
  for (const name of executables) {
    const isThere = from === drafts.folder;
    lines.push(
      sumLine(name, await hashFile(join(from, name), signal, isThere ? undefined : drafts.add(name))),
    );
  }
  for (const file of options.others ?? []) lines.push(sumLine(basename(file), await hashFile(file, signal)));
  const script = Buffer.from(installScript);
  await drafts.add(SCRIPT).write([script]);
  lines.push(sumLine(SCRIPT, createHash("sha256").update(script).digest("hex")));

  const sums = Buffer.from(lines.toSorted(byName).join(""));
  await drafts.add(SUMS).write([sums]);
  for (const [i, signer] of signers.entries()) {
    await drafts.add(signatureName(i)).write([Buffer.from(await signer.sign(sums, now))]);
  }
  signal?.throwIfAborted();
  const files = await drafts.name();
  await removeOldSignatures(drafts.folder, signers.length);
  return { files, notes };
}

function chooseExecutables(
  there: readonly string[],
  { from, platforms }: PlaceOptions,
): { executables: string[]; notes: string[] } {
  const wanted = platforms.map((platform) => ({ platform, name: executableName(platform) }));
  const isThere = ({ name }: { name: string }): boolean => there.includes(name);
  return {
    executables: wanted.filter(isThere).map(({ name }) => name),
    notes: wanted
      .filter((each) => !isThere(each))
      .map(({ platform, name }) => `there is no ${name} in ${from} for hosts of ${platform}`),
  };
}

function executableName(platform: string): string {
  return `goferry-${platform.replace("/", "-")}${platform.startsWith("windows/") ? ".exe" : ""}`;
}

/** The executable for a platform in a folder, absolute. @throws ARGUMENT_INVALID if it is not there, or no such folder */
export async function programFor(platform: string, folder: string): Promise<string> {
  const name = executableName(platform);
  if ((await findExecutables(folder)).includes(name)) return join(resolve(folder), name);
  throw noExecutables({ folder, expected: name, found: "others" });
}

/**
 * The names of the executables in a folder, sorted.
 * @throws ARGUMENT_INVALID if there is none, or no such folder
 */
export async function findExecutables(folder: string): Promise<string[]> {
  const expected = "a folder with goferry-linux-amd64 or another goferry-SYSTEM-PROCESSOR";
  const names = await readdir(folder).catch((cause: unknown) => {
    throw noExecutables({
      folder,
      expected,
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  });
  const executables = names.filter((name) => /^goferry-[a-z]+-[a-z0-9]+(?:\.exe)?$/.test(name)).toSorted();
  if (executables.length === 0) throw noExecutables({ folder, expected, found: "none of them" });
  return executables;
}

function noExecutables(detail: {
  folder: string;
  expected: string;
  found: string;
  cause?: unknown;
}): GoferryError {
  const { folder, ...rest } = detail;
  return new GoferryError("ARGUMENT_INVALID", {
    subject: folder,
    message: "the folder holds no stand-alone executables of goferry",
    next: "Name the folder they are in with --with-executables; in goferry's source tree, pnpm executables makes dist.",
    ...rest,
  });
}

function checkBundleName(bundleFile: string, executables: readonly string[]): void {
  const name = basename(bundleFile);
  if (![SUMS, SCRIPT, ...executables].includes(name) && !SIGNATURE.test(name)) return;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: bundleFile,
    message: "the bundle has the name of a file that goes beside it",
    expected: `another name than ${name}`,
    next: "Name the bundle otherwise, for example: --out site.tar",
  });
}

/** Files that are written under another name first, so that an interrupted copy is never taken for the whole one. */
class Drafts implements AsyncDisposable {
  readonly folder: string;
  readonly #files: { draft: Draft; file: string }[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  add(name: string): Draft {
    const file = join(this.folder, name);
    const draft = draftOf(file, name.endsWith(".asc") || name === SUMS ? 0o644 : 0o755);
    this.#files.push({ draft, file });
    return draft;
  }

  /** Gives every file its name, in the order they were added. */
  async name(): Promise<string[]> {
    for (const { draft } of this.#files) await draft.place();
    return this.#files.map(({ file }) => file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { draft } of this.#files) await draft[Symbol.asyncDispose]();
  }
}

/** SHA-256 of a file, in hex; copies it as it is read, so that what is hashed is what is written. */
async function hashFile(file: string, signal: AbortSignal | undefined, copy?: Draft): Promise<string> {
  const hash = createHash("sha256");
  async function* read(): AsyncGenerator<Uint8Array> {
    const chunks: AsyncIterable<Uint8Array> = createReadStream(file, { highWaterMark: 1 << 20 });
    try {
      for await (const chunk of chunks) {
        signal?.throwIfAborted();
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      throw error instanceof Error && "syscall" in error ? diskError(error, file) : error;
    }
  }
  if (copy === undefined) for await (const _ of read());
  else await copy.write(read());
  return hash.digest("hex");
}

/** As sha256sum has it: a name with a backslash or a newline is escaped, and the line says so by beginning with one. */
function sumLine(name: string, hex: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${escaped === name ? "" : "\\"}${hex}  ${escaped}\n`;
}

function byName(a: string, b: string): number {
  const [nameA, nameB] = [a, b].map((line) => line.slice(line.indexOf("  ")));
  return Buffer.compare(Buffer.from(nameA ?? ""), Buffer.from(nameB ?? ""));
}

const SIGNATURE = /^SHA256SUMS(?:\.(\d+))?\.asc$/;

function signatureName(index: number): string {
  return index === 0 ? `${SUMS}.asc` : `${SUMS}.${index + 1}.asc`;
}

/** An earlier list with more signers left signatures that no longer fit: they would look like an attack. */
async function removeOldSignatures(folder: string, signers: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = SIGNATURE.exec(name);
    if (match !== null && Number(match[1] ?? 1) > signers) await rm(join(folder, name), { force: true });
  }
}
