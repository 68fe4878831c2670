// The one error class of goferry. A refusal is read at night by somebody who cannot ask back, so each
// carries a stable code, the thing it is about, what was expected, what was found, and what to do next.
// Codes are API: tests, scripts and docs/EXIT-CODES.md rely on them; messages may be reworded.

/** Exit codes of the command line. Of several findings, 3 comes before 9 before 4. */
export const EXIT = {
  done: 0,
  internal: 1,
  usage: 2,
  refused: 3,
  preflight: 4,
  locked: 5,
  io: 6,
  notFound: 7,
  rolledBack: 8,
  policy: 9,
  rehearsal: 10,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT;

/** Every stable code and the exit code it leads to. Sorted by exit code, then by name. */
export const CODES = {
  INTERNAL: "internal",

  ALREADY_SIGNED: "usage",
  ARGUMENT_INVALID: "usage",
  CACHE_UNSAFE: "usage",
  CA_FILE_INVALID: "usage",
  GO_FAILED: "usage",
  GO_SUM_MISSING: "usage",
  GO_TOO_OLD: "usage",
  GO_VERSION_UNSUPPORTED: "usage",
  GPG_FAILED: "usage",
  GPG_MISSING: "usage",
  KEYS_TOO_FEW: "usage",
  KEY_INVALID: "usage",
  LOCK_DRIFT: "usage",
  LOCK_INVALID: "usage",
  MODULE_INVALID: "usage",
  OUTPUT_EXISTS: "usage",
  PASSPHRASE_MISSING: "usage",
  PASSPHRASE_WRONG: "usage",
  PROJECT_INVALID: "usage",
  PROXY_UNKNOWN: "usage",
  REPLACE_OUT_OF_REACH: "usage",
  SPEC_INVALID: "usage",
  SPEC_UNREADABLE: "usage",
  TOOL_INVALID: "usage",
  VCS_MISSING: "usage",

  ARCHIVE_INVALID: "refused",
  AUDIT_BROKEN: "refused",
  BUNDLE_MALFORMED: "refused",
  CHUNK_MISMATCH: "refused",
  DOCUMENT_INVALID: "refused",
  ENTRY_REFUSED: "refused",
  FILE_CHANGED: "refused",
  FILE_EXTRA: "refused",
  FILE_MISSING: "refused",
  FINGERPRINT_MISMATCH: "refused",
  GO_SUM_MISMATCH: "refused",
  HASH_MISMATCH: "refused",
  KEY_REVOKED: "refused",
  LOG_MISMATCH: "refused",
  MODULE_ZIP_INVALID: "refused",
  PRIVATE_REFUSED: "refused",
  SIGNATURE_INVALID: "refused",
  SIGNATURE_MISSING: "refused",
  SIGNATURE_TIME: "refused",
  SIGNATURE_UNTRUSTED: "refused",

  ELEVATION_MISSING: "preflight",
  GENERATION_BROKEN: "preflight",
  GOROOT_SET: "preflight",
  GO_NOT_NEWEST: "preflight",
  GO_RUNNING: "preflight",
  HOME_MISSING: "preflight",
  INODES_SHORT: "preflight",
  LOG_STATE_FOREIGN: "preflight",
  LOG_UNCONNECTED: "preflight",
  LOOKUPS_MISSING: "preflight",
  NOEXEC_MOUNT: "preflight",
  OTHER_GO: "preflight",
  OUTSIDE_CHANGED: "preflight",
  PATHS_TOO_LONG: "preflight",
  PATH_LONG: "preflight",
  PATH_OCCUPIED: "preflight",
  PATH_TOO_LONG: "preflight",
  PATH_VALUE_STRANGE: "preflight",
  PERMISSION_DENIED: "preflight",
  PLATFORM_ABSENT: "preflight",
  PROC_MISSING: "preflight",
  PROFILE_BROKEN: "preflight",
  PROFILE_NOT_WRITABLE: "preflight",
  READ_ONLY: "preflight",
  ROOT_EXPOSED: "preflight",
  ROOT_MOVED: "preflight",
  ROOT_NAME_REFUSED: "preflight",
  ROOT_NOT_DIRECTORY: "preflight",
  ROOT_NOT_OURS: "preflight",
  ROOT_NOT_WRITABLE: "preflight",
  ROOT_ON_NETWORK: "preflight",
  ROOT_OWNER_OTHER: "preflight",
  ROOT_PLATFORM_OTHER: "preflight",
  SCANNER_SLOW: "preflight",
  SERVICE_ACCOUNT: "preflight",
  SETTINGS_UNREADABLE: "preflight",
  SETTING_OVERRIDDEN: "preflight",
  SPACE_SHORT: "preflight",
  STATE_NEWER: "preflight",
  WORLD_WRITABLE_PARENT: "preflight",

  FILE_IN_USE: "locked",
  LOCKED: "locked",

  IO_FAILED: "io",
  CERTIFICATE_EXPIRED: "io",
  CERTIFICATE_HOST: "io",
  CERTIFICATE_UNTRUSTED: "io",
  DISK_FULL: "io",
  FILE_QUARANTINED: "io",
  JOURNAL_DAMAGED: "io",
  NETWORK_UNREACHABLE: "io",
  PROXY_AUTH_REQUIRED: "io",
  RESPONSE_INVALID: "io",
  RECOVERY_PENDING: "io",
  STATE_DAMAGED: "io",

  NOT_FOUND: "notFound",

  ROLLED_BACK: "rolledBack",
  SELF_TEST_FAILED: "rolledBack",

  BUNDLE_EXPIRED: "policy",
  BUNDLE_OLDER: "policy",
  CLOCK_BEHIND: "policy",
  SERIAL_AHEAD: "policy",
  SERIAL_REUSED: "policy",
  TRUST_UPDATE_OLD: "policy",

  REHEARSAL_FAILED: "rehearsal",

  INTERRUPTED: "interrupted",
} as const satisfies Record<string, ExitName>;

export type ErrorCode = keyof typeof CODES;

export interface ErrorDetail {
  /** What the refusal is about: a file, a module with its version, an entry of the bundle. */
  subject: string;
  /** One sentence, without a full stop, that says what is wrong. */
  message: string;
  expected?: string | undefined;
  found?: string | undefined;
  /** What to do next, as a sentence or a command that can be typed. */
  next?: string | undefined;
  cause?: unknown;
}

export class GoferryError extends Error {
  override readonly name = "GoferryError";
  readonly code: ErrorCode;
  readonly subject: string;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly next: string | undefined;

  constructor(code: ErrorCode, detail: ErrorDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.subject = detail.subject;
    this.expected = detail.expected;
    this.found = detail.found;
    this.next = detail.next;
  }

  get exitCode(): number {
    return EXIT[CODES[this.code]];
  }

  /** The shape that `--json` prints; everything but the cause, which may hold paths of the builder. */
  toJSON(): Record<string, unknown> {
    const { code, subject, message, expected, found, next } = this;
    return { code, subject, message, expected, found, next };
  }
}
