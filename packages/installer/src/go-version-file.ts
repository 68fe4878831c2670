// The .go-version of a project, as goenv, mise and actions/setup-go read it: the first line that is neither empty nor a
// comment. The nearest one counts, from a folder upwards.

import { dirname, join } from "node:path";
import { GO_SYNTAX, GoferryError } from "@goferry/core";
import { hostFs, type FsHost } from "./host-fs.ts";

export interface GoVersionFile {
  path: string;
  /** Without "go": a release such as 1.26.8, or a line such as 1.26. */
  version: string;
}

/**
 * @param folder absolute
 * @throws NOT_FOUND where neither it nor a folder above has one; ARGUMENT_INVALID for one that holds something else
 */
export async function findGoVersionFile(host: FsHost, folder: string): Promise<GoVersionFile> {
  const fs = hostFs(host);
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, NAME);
    // Not what is no file: a pipe would never end.
    const kind = (await fs.lstat(path))?.kind;
    const bytes = kind === "file" || kind === "link" ? await fs.readFile(path) : null;
    if (bytes !== null) return { path, version: versionIn(Buffer.from(bytes).toString("utf8"), path) };
    if (dirname(at) === at) break;
  }
  throw new GoferryError("NOT_FOUND", {
    subject: folder,
    message: `no version was named, and there is no ${NAME} in this folder or above it`,
    expected: `a ${NAME} with a line such as 1.26.8`,
    found: "none",
    next: "name the version: goferry use 1.26.8; goferry list shows those that are installed",
  });
}

const NAME = ".go-version";

function versionIn(text: string, path: string): string {
  const lines = text.split("\n").map((line) => line.replace(/#.*/u, "").trim());
  const [first = ""] = lines.filter((line) => line !== "");
  const version = first.replace(/^go/u, "");
  if (new RegExp(`^${GO_SYNTAX}$`, "u").test(version)) return version;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: path,
    message: "this file does not name a version of Go",
    expected: "a line such as 1.26.8",
    found: first === "" ? "an empty file" : first.slice(0, 100),
    next: "correct it, or name the version: goferry use 1.26.8",
  });
}
