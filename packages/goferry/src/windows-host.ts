// The program by which goferry asks Windows (installer/winhelper), as it lies in goferry.exe: written to a folder of its own
// while a command runs, and removed with it.
//
// Where it lies decides who could put another one in its place. With an administrator's rights that is a new folder in
// %ProgramFiles%, in which only administrators may write; a folder of the user's would let whatever runs as that user have
// its way with them. Without those rights nobody else gains anything, and %TEMP% will do.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { helperSystem, type WindowsHost } from "@goferry/installer";
import type { Environment } from "./terminal.ts";

export interface OpenedWindows extends WindowsHost, AsyncDisposable {}

/** @param helper undefined when goferry runs from source: then nothing of Windows can be asked */
export async function openWindows(env: Environment, helper: Uint8Array | undefined): Promise<OpenedWindows> {
  let placed: Promise<{ folder: string; file: string }> | undefined;
  const program = async (): Promise<string> => {
    if (helper === undefined) throw new Error("only the stand-alone goferry.exe can ask Windows");
    placed ??= place(env, helper);
    return (await placed).file;
  };
  const system = helperSystem({ env, program });
  // Without an answer there is no right that could be relied on; what needs the system then says what is wrong with it.
  const account = await system.account().catch(() => ({ sid: "", elevated: false, session: 1 }));
  return {
    system,
    account,
    async [Symbol.asyncDispose]() {
      await system[Symbol.asyncDispose]();
      const folder = (await placed?.catch(() => undefined))?.folder;
      if (folder !== undefined)
        await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
    },
  };
}

async function place(env: Environment, helper: Uint8Array): Promise<{ folder: string; file: string }> {
  const folder = await ownFolder(env);
  const file = join(folder, "goferry-helper.exe");
  await writeFile(file, helper, { flag: "wx", mode: 0o700 });
  return { folder, file };
}

async function ownFolder(env: Environment): Promise<string> {
  const programs = env["PROGRAMFILES"] ?? env["ProgramFiles"];
  if (programs !== undefined && isAbsolute(programs)) {
    const made = await mkdtemp(join(programs, "goferry-helper-")).catch(() => undefined);
    if (made !== undefined) return made;
  }
  return await mkdtemp(join(tmpdir(), "goferry-helper-"));
}
