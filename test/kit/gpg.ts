// The real gpg, in a home of its own, so that tests meet what people have and never touch the user's keyring.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface GpgResult {
  code: number | null;
  stdout: Uint8Array;
  stderr: string;
}

export interface Gpg extends AsyncDisposable {
  /** GNUPGHOME, below the temporary folder of the system because sockets need short paths. */
  home: string;
  /** Runs gpg, and throws with its messages when it fails. */
  run(args: string[], input?: Uint8Array | string): Promise<Uint8Array>;
  /** Runs gpg and hands back whatever came of it. */
  attempt(args: string[], input?: Uint8Array | string): Promise<GpgResult>;
  /** A new key without a passphrase; `algorithm` as in --quick-generate-key. Hands back its fingerprint. */
  generate(userId: string, algorithm: string, options?: { expires?: string; at?: string }): Promise<string>;
  /** Armored public key. */
  export(fingerprint: string): Promise<Uint8Array>;
  /** Writes a file below the home and hands back its path. */
  file(name: string, content: Uint8Array | string): Promise<string>;
}

const NO_PASSPHRASE = ["--pinentry-mode", "loopback", "--passphrase", ""];

/** False on a machine without gpg. */
export async function hasGpg(): Promise<boolean> {
  const { code } = await start("gpg", ["--version"]).catch(() => ({ code: -1 }));
  return code === 0;
}

export async function temporaryGpg(): Promise<Gpg> {
  const home = await mkdtemp(join(tmpdir(), "gpg-"));
  // Passphrases are hashed often enough to be slow on purpose; keys that live for seconds need less.
  await writeFile(join(home, "gpg-agent.conf"), "s2k-count 65536\n");
  const attempt: Gpg["attempt"] = (args, input) =>
    start(
      "gpg",
      ["--homedir", home, "--batch", "--yes", "--no-tty", "--trust-model", "always", ...args],
      input,
    );
  const run: Gpg["run"] = async (args, input) => {
    const { code, stdout, stderr } = await attempt(args, input);
    if (code !== 0) throw new Error(`gpg ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  };
  return {
    home,
    run,
    attempt,
    async generate(userId, algorithm, { expires = "never", at } = {}) {
      const clock = at === undefined ? [] : ["--faked-system-time", `${at}!`];
      const key = ["--quick-generate-key", userId, algorithm, "sign", expires];
      const made = await attempt([...clock, ...NO_PASSPHRASE, "--status-fd", "1", ...key]);
      const fingerprint = /KEY_CREATED \S ([0-9A-F]{40})/.exec(Buffer.from(made.stdout).toString())?.[1];
      if (fingerprint === undefined) throw new Error(`gpg made no key: ${made.stderr}`);
      return fingerprint;
    },
    export: (fingerprint) => run(["--armor", "--export", fingerprint]),
    async file(name, content) {
      const path = join(home, name);
      await writeFile(path, content);
      return path;
    },
    async [Symbol.asyncDispose]() {
      await start("gpgconf", ["--homedir", home, "--kill", "all"]).catch(() => undefined);
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function start(command: string, args: string[], input: Uint8Array | string = ""): Promise<GpgResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    const stdout: Uint8Array[] = [];
    const stderr: Uint8Array[] = [];
    child.stdout.on("data", (chunk: Uint8Array) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Uint8Array) => stderr.push(chunk));
    // gpg may refuse before it has read everything; its exit code says so.
    child.stdin.on("error", () => undefined);
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    );
    child.stdin.end(input);
  });
}
