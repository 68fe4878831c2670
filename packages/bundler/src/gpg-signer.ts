// Signing by gpg, for a key that does not leave a gpg-agent or a token. gpg is told which key by its full fingerprint and
// gets the bytes on standard input; passphrases and PINs are between its agent and the person, never in an argument, and
// never ours. What comes back is a claim like any other: it counts once our own verifier has accepted it.

import {
  FINGERPRINT,
  GoferryError,
  readTrustedKey,
  secretRemover,
  verifyDetached,
  type TrustedKey,
} from "@goferry/core";
import type { Environment } from "./go/environment.ts";
import type { ProcessResult, ProcessRunner } from "./go/spawn.ts";
import { errorCode } from "./net/disk-error.ts";
import type { Signer } from "./signer.ts";

export interface GpgOptions {
  /** Of the primary key, or of the one subkey that is to sign: 40 upper-case hex digits. */
  fingerprint: string;
  /** The user's: gpg finds its folder, and its agent a terminal or a screen to ask on. */
  env: Environment;
  /** Absolute. */
  cwd: string;
  runner: ProcessRunner;
  signal?: AbortSignal | undefined;
}

/** What gpg, its agent and the program that asks for passphrases need, and no more: no secret of ours is among it. */
const PASSED = new Set([
  ..."PATH HOME USER LOGNAME GNUPGHOME GPG_TTY TERM TMPDIR XDG_RUNTIME_DIR DISPLAY WAYLAND_DISPLAY".split(
    " ",
  ),
  ..."XAUTHORITY DBUS_SESSION_BUS_ADDRESS SYSTEMROOT APPDATA LOCALAPPDATA USERPROFILE TEMP TMP".split(" "),
]);

/** Never asks on our terminal: the agent does that. */
const QUIETLY = ["--batch", "--no-tty"];

/**
 * A signer that asks gpg for each signature. Whether gpg has the key, and hosts would accept it, is found out at once;
 * whether its agent gives it, with the first signature.
 * @throws GPG_MISSING; NOT_FOUND when gpg has no such key, or only its public part; KEY_INVALID when hosts refuse it;
 * GPG_FAILED; INTERRUPTED
 */
export async function gpgSigner(options: GpgOptions): Promise<Signer> {
  const { fingerprint } = options;
  if (!FINGERPRINT.safeParse(fingerprint).success) throw new TypeError(`no fingerprint: ${fingerprint}`);
  const key = await readTrustedKey(await exportKey(options), `the key ${fingerprint} of gpg`);
  await checkSecretKey(options);
  return {
    fingerprint: key.fingerprint,
    publicKey: async () => await Promise.resolve(key),
    sign: async (data, at) => await signByGpg(data, { key, at, options }),
  };
}

async function exportKey(options: GpgOptions): Promise<Uint8Array> {
  const { fingerprint } = options;
  const args = ["--armor", "--export-options", "export-minimal", "--export", fingerprint];
  const { code, stdout, stderr } = await runGpg(args, options);
  if (code === 0 && stdout !== "") return Buffer.from(stdout);
  if (code !== 0 && !/nothing exported|not found|No public key/iu.test(stderr))
    throw failed(fingerprint, stderr);
  throw new GoferryError("NOT_FOUND", {
    subject: fingerprint,
    message: "gpg has no key of this fingerprint",
    expected: "a key in gpg's keyring, and its secret in gpg-agent or on a token",
    found: "nothing",
    next: "See which there are: gpg --list-secret-keys --with-subkey-fingerprint; another keyring is named by GNUPGHOME",
  });
}

/** A public key alone is exported as readily as one that can sign. */
async function checkSecretKey(options: GpgOptions): Promise<void> {
  const { fingerprint } = options;
  const { code } = await runGpg(["--with-colons", "--list-secret-keys", fingerprint], options);
  if (code === 0) return;
  throw new GoferryError("NOT_FOUND", {
    subject: fingerprint,
    message: "gpg has only the public part of this key",
    expected: "its secret part in gpg-agent, or a token that gpg knows",
    found: "a public key",
    next: "For a token: insert it and run gpg --card-status once; else name a key of: gpg --list-secret-keys",
  });
}

async function signByGpg(
  data: Uint8Array,
  { key, at, options }: { key: TrustedKey; at: Date; options: GpgOptions },
): Promise<string> {
  const { fingerprint } = options;
  // With its mark, gpg takes this very subkey, and not the one it prefers.
  const user = fingerprint === key.fingerprint ? fingerprint : `${fingerprint}!`;
  // What gpg.conf may add to the armor is a second spelling, which readers refuse.
  const plain = ["--armor", "--no-comments", "--no-emit-version"];
  const form = ["--digest-algo", "SHA512", "--no-textmode", ...plain];
  const args = [...form, "--local-user", user, "--output", "-", "--detach-sign"];
  const { code, stdout, stderr } = await runGpg(args, options, data);
  if (code !== 0 || stdout === "") throw failed(fingerprint, stderr);
  try {
    const check = { armored: Buffer.from(stdout), data, keys: [key], at, subject: "the signature by gpg" };
    const { signingFingerprint } = await verifyDetached(check);
    if (user !== fingerprint && signingFingerprint !== fingerprint) {
      throw new GoferryError("GPG_FAILED", {
        subject: fingerprint,
        message: "gpg signed with another subkey",
        expected: fingerprint,
        found: signingFingerprint,
      });
    }
  } catch (cause) {
    throw refused(fingerprint, cause);
  }
  return stdout;
}

async function runGpg(
  args: readonly string[],
  { env, cwd, runner, signal }: GpgOptions,
  input?: Uint8Array,
): Promise<ProcessResult> {
  const passed = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && PASSED.has(name.toUpperCase()) ? [[name, value] as const] : [],
  );
  // Its messages are read here, so they must be in one language.
  const environment = { ...Object.fromEntries(passed), LC_ALL: "C" };
  const clean = secretRemover(env);
  try {
    const result = await runner("gpg", [...QUIETLY, ...args], { cwd, env: environment, input, signal });
    return { ...result, stderr: clean(result.stderr) };
  } catch (error) {
    if (!(error instanceof GoferryError) || errorCode(error.cause) !== "ENOENT") throw error;
    throw new GoferryError("GPG_MISSING", {
      subject: "gpg",
      message: "there is no gpg on PATH to sign with",
      expected: "gpg 2.2 or newer",
      found: env["PATH"] === undefined ? "no PATH" : `nothing in ${env["PATH"]}`,
      next: "Install GnuPG (Debian: apt-get install gnupg), or sign with a key file: --sign-key FILE",
      cause: error,
    });
  }
}

/** By what gpg says, in the order in which it is to be believed. Texts of gpg 2.2 and 2.4, libgpg-error. */
const REASONS: readonly (readonly [RegExp, message: string, next: string])[] = [
  [
    /Inappropriate ioctl|No pinentry|cannot open '\/dev\/tty'|Screen or window too small/iu,
    "gpg's agent could ask nobody for the passphrase",
    "Say where it can ask: export GPG_TTY=$(tty); or give it the passphrase before: gpg --clearsign /dev/null",
  ],
  [/cancel/iu, "whoever was asked for the passphrase gave none", "Run the command again and type it"],
  [/Bad (?:passphrase|PIN)/iu, "the passphrase or PIN was wrong", "Run the command again and type it"],
  [
    /No secret key|Unusable secret key|Card (?:not present|error|removed)|No SmartCard|selecting card failed/iu,
    "gpg cannot reach the secret key",
    "For a token: insert it, and see that gpg --card-status shows it. A key that may only certify needs a subkey that signs",
  ],
  [/Timeout/iu, "nobody answered when gpg asked for the passphrase", "Run the command again and type it"],
];

function failed(fingerprint: string, stderr: string): GoferryError {
  const reason = REASONS.find(([pattern]) => pattern.test(stderr));
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return new GoferryError("GPG_FAILED", {
    subject: fingerprint,
    message: reason?.[1] ?? "gpg did not sign",
    expected: "a signature",
    found: lines.length === 0 ? "no word from gpg" : lines.slice(-4).join("; "),
    next:
      reason?.[2] ??
      `Try it by hand: echo test | gpg --local-user ${fingerprint} --armor --detach-sign; what helps there helps here`,
  });
}

function refused(fingerprint: string, cause: unknown): GoferryError {
  const detail = cause instanceof GoferryError ? cause : undefined;
  return new GoferryError("GPG_FAILED", {
    subject: fingerprint,
    message: "gpg made a signature that hosts do not accept",
    expected: detail?.expected ?? "a detached binary signature by SHA-256 or better",
    found: [detail?.message, detail?.found].filter((part) => part !== undefined).join(": "),
    next: "Look for options in gpg.conf that change signatures, such as textmode or sig-notation, and at the clock",
    cause,
  });
}
