// The certificate authorities that go and git get, which read their own settings and each understand another one. What
// the user named is added to what they trust by themselves, in files of the work folder: SSL_CERT_FILE replaces the
// system's file for Go, and http.sslCAInfo does so for git, and then public servers would be out of reach.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

import type { Authorities } from "../net/authorities.ts";
import { diskError } from "../net/disk-error.ts";
import type { ProcessRunner } from "./spawn.ts";

export interface ChildAuthoritiesOptions {
  authorities: Authorities;
  /** What the programs get (passedOn). */
  env: Readonly<Record<string, string>>;
  workDir: string;
  runner: ProcessRunner;
}

/**
 * Variables for the environment of go and git, with the files that they name. None where nothing was named and the
 * system has authorities of its own: then both know best themselves.
 * @throws IO_FAILED, DISK_FULL
 */
export async function childAuthorities(options: ChildAuthoritiesOptions): Promise<Record<string, string>> {
  const { extra, system } = options.authorities;
  if (extra.length === 0 && system.length > 0) return {};
  const folder = join(options.workDir, "authorities");
  // A system without a file of its own, such as a slim container, has no other than Node's.
  const own = system.length > 0 ? system : rootCertificates;
  try {
    await mkdir(folder, { recursive: true });
    const goFile = join(folder, "go.pem");
    await writeFile(goFile, together(own, extra));
    return { SSL_CERT_FILE: goFile, ...(await forGit(options, { own, file: join(folder, "git.pem") })) };
  } catch (error) {
    throw diskError(error, folder);
  }
}

/**
 * GIT_SSL_CAINFO, where the user has it, is above all settings of git and so is continued as it is. Otherwise the setting
 * without a URL is made: one for a single server (http.URL.sslCAInfo) stays stronger, as its owner wants it.
 */
async function forGit(
  { authorities: { extra }, env, workDir, runner }: ChildAuthoritiesOptions,
  { own, file }: { own: readonly string[]; file: string },
): Promise<Record<string, string>> {
  const named = env["GIT_SSL_CAINFO"] || (await gitSetting(runner, env, workDir));
  const text = named === undefined ? "" : await readFile(named, "latin1").catch(() => "");
  await writeFile(file, together(named === undefined ? own : [text], extra));
  if (env["GIT_SSL_CAINFO"]) return { GIT_SSL_CAINFO: file };
  const count = Number(env["GIT_CONFIG_COUNT"] || 0);
  // Git itself says what is wrong with it.
  if (!Number.isInteger(count) || count < 0) return {};
  return {
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: "http.sslCAInfo",
    [`GIT_CONFIG_VALUE_${count}`]: file,
  };
}

/** The file that git's own settings name for all servers; undefined where they name none, or where there is no git. */
async function gitSetting(
  runner: ProcessRunner,
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<string | undefined> {
  const words = ["config", "--type=path", "--get", "http.sslCAInfo"];
  const asked = await runner("git", words, { cwd, env }).catch(() => undefined);
  return asked?.code === 0 ? asked.stdout.trim() : undefined;
}

function together(...parts: readonly (readonly string[])[]): string {
  return [...new Set(parts.flat())].map((text) => `${text.trim()}\n`).join("");
}
