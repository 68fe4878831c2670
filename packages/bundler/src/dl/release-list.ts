// The list of Go releases at go.dev/dl (https://go.dev/dl/?mode=json&include=all). Nobody signs it, so it only says what
// there is and which file that is: the signature of the archive and the checksum database decide. What is read of it is
// read strictly, because names in it become parts of addresses; keys that are not known here are no reason to refuse,
// because Google adds some from time to time.

import { GoferryError, isFinishedGo, isSupportedGo, toolchainModule, type Toolchain } from "@goferry/core";
import * as z from "zod";
import { ARCHIVE_MAX_BYTES } from "../net/limits.ts";
import { responseInvalid } from "../net/network-failure.ts";

/** An official archive of a toolchain. */
export interface Archive {
  /** Such as "go1.27.1.linux-amd64.tar.gz". */
  filename: string;
  /** 64 lower-case hex digits. */
  sha256: string;
  /** Bytes. */
  size: number;
}

export interface ReleaseList {
  /** Versions of golang.org/toolchain for every archive of a finished release, from Go 1.21 on. */
  finished: string[];
  /** The archive of a toolchain, also of one that is not finished; undefined if there is none. @throws RESPONSE_INVALID */
  archiveOf(toolchain: Pick<Toolchain, "go" | "platform">): Archive | undefined;
}

// Go 1.5 and earlier have no SHA-256 in the list.
const FILE = z.object({
  filename: z.string().regex(/^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/u, {
    error: "the name of a file, without a folder",
  }),
  os: z.string().max(32),
  arch: z.string().max(32),
  version: z.string().max(64),
  sha256: z.string().regex(/^(?:[0-9a-f]{64})?$/u, { error: "a SHA-256 in lower-case hexadecimal" }),
  size: z.int().nonnegative(),
  kind: z.string().max(32),
});

const LIST = z
  .array(
    z.object({
      version: z.string().regex(/^go[0-9][0-9a-z.]{0,31}$/u, { error: "a Go version such as go1.27.1" }),
      stable: z.boolean(),
      files: z.array(FILE).max(1000),
    }),
  )
  .min(1)
  .max(10_000);

type ListedFile = z.infer<typeof FILE>;

/**
 * Reads the list; `address` is where it came from, for errors.
 * @throws RESPONSE_INVALID for anything but such a list, and for one that names a release or an archive twice
 */
export function parseReleaseList(bytes: Uint8Array, address: string): ReleaseList {
  const parsed = LIST.safeParse(parseJson(bytes, address));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = (issue?.path ?? []).map((step) => `/${String(step)}`).join("");
    throw refuse(address, issue?.message ?? "another shape", `something else at ${place || "the top"}`);
  }
  const files = new Map<string, ListedFile>();
  const finished: string[] = [];
  for (const release of parsed.data) {
    const go = release.version.slice("go".length);
    if (!isSupportedGo(go)) continue;
    for (const file of release.files) {
      if (file.kind !== "archive") continue;
      if (files.has(file.filename)) throw refuse(address, "each archive once", `${file.filename} twice`);
      if (file.version !== release.version) {
        throw refuse(address, `files of ${release.version}`, `${file.filename} of ${file.version}`);
      }
      files.set(file.filename, file);
      const platform = `${file.os}/${file.os === "linux" ? plainArch(file.arch) : file.arch}`;
      const isOurs = release.stable && isFinishedGo(go) && file.filename === archiveName({ go, platform });
      if (isOurs) finished.push(toolchainModule(go, platform).version);
    }
  }
  return {
    finished,
    archiveOf(toolchain) {
      const file = files.get(archiveName(toolchain));
      if (file === undefined) return undefined;
      const { filename, sha256, size } = file;
      if (sha256 !== "" && size > 0 && size <= ARCHIVE_MAX_BYTES) return { filename, sha256, size };
      const expected = `${filename} with a SHA-256 and a size of at most ${ARCHIVE_MAX_BYTES} bytes`;
      throw refuse(address, expected, `${sha256 || "no SHA-256"}, ${size} bytes`);
    },
  };
}

/** How Go names its archives (cmd/distpack); for linux/arm the release process adds which ARM it is. */
function archiveName({ go, platform }: Pick<Toolchain, "go" | "platform">): string {
  const [os = "", arch = ""] = platform.split("/");
  const named = os === "linux" && arch === "arm" ? ARM : arch;
  return `go${go}.${os}-${named}.${os === "windows" ? "zip" : "tar.gz"}`;
}

const ARM = "armv6l";

function plainArch(listed: string): string {
  return listed === ARM ? "arm" : listed;
}

function parseJson(bytes: Uint8Array, address: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw refuse(address, "JSON in UTF-8", "something else, such as the page of a portal");
  }
}

function refuse(address: string, expected: string, found: string): GoferryError {
  return responseInvalid("the list of Go releases", {
    message: "the list is not one of Go releases",
    expected,
    found: `${found}, from ${address}`,
    next: "Check --dl-url: it names https://go.dev/dl, or a mirror that also answers to ?mode=json.",
  });
}
