// On Windows a scanner may take a program away a moment after it was written and tried, and everything goes on as if it
// were there. So once an installation is committed its programs are looked for again, and the one that everybody
// starts is started.

import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { isWindows, type Host } from "./host.ts";
import { hostFs } from "./host-fs.ts";
import { programFile, sdkFolder, type Layout } from "./layout.ts";
import { linksOf } from "./plan/generated.ts";
import type { State } from "./transaction/state.ts";

const TIMEOUT_MS = 60_000;

/** @throws FILE_QUARANTINED; only on Windows */
export async function refuseQuarantined(host: Host, at: Layout, state: State): Promise<void> {
  if (!isWindows(host)) return;
  const fs = hostFs(host);
  const links = linksOf(at, state).map(({ path }) => path);
  const programs = state.sdks.flatMap(({ version }) =>
    ["go", "gofmt"].map((name) => join(sdkFolder(at, version), "bin", programFile(name))),
  );
  const own = host.executablePath === undefined ? [] : [at.goferry];
  for (const path of [...links, ...programs, ...own]) {
    if ((await fs.lstat(path)) === null) throw quarantined(path, "nothing");
  }
  const go = join(at.bin, programFile("go"));
  if (!links.includes(go)) return;
  // Without a folder for its own settings go writes nothing.
  const env = { SYSTEMROOT: host.env["SYSTEMROOT"], GOENV: "off", GOTOOLCHAIN: "local" };
  const options = { env, cwd: at.root, timeoutMs: TIMEOUT_MS };
  const { code, stderr } = await host.run(go, ["version"], options).catch((error: unknown) => {
    throw quarantined(go, error instanceof GoferryError ? error.found : String(error), error);
  });
  if (code !== 0) throw quarantined(go, stderr.trim().slice(-500) || `exit code ${code}`);
}

function quarantined(path: string, found: string | undefined, cause?: unknown): GoferryError {
  return new GoferryError("FILE_QUARANTINED", {
    subject: path,
    message: "the bundle is installed, but a program that was there and ran a moment ago does not any more",
    expected: "a program that starts",
    found,
    next: "see what the virus scanner of this machine says of it, and except the root; then goferry repair BUNDLE puts it back",
    cause,
  });
}
