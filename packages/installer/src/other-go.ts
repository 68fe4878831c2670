// Other installations of Go that PATH leads to, and which of them and the root's comes first: who types `go` gets that one.

import { readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findMsi } from "./configure/windows/msi.ts";
import type { PathSetup } from "./configure/path-setup.ts";
import type { Finding } from "./findings.ts";
import { isBelow } from "./fs.ts";
import { findOnPath, isWindows, pathFolders } from "./host.ts";
import type { Host } from "./host.ts";
import { layout } from "./layout.ts";
import { isGoferryRoot } from "./root-owner.ts";
import { shellQuote } from "./shell-quote.ts";
import { goOrigin, type GoOrigin } from "./windows/go-origin.ts";

export interface OtherGoRequest {
  /** The root as it was given. */
  root: string;
  /** Where else the root's Go will be found. */
  pathSetup: Pick<PathSetup, "loginShells" | "folders">;
}

/** A warning, OTHER_GO, for each. */
export async function otherGoFindings(host: Host, { root, pathSetup }: OtherGoRequest): Promise<Finding[]> {
  const { bin } = layout(root);
  const realRoot = await realpath(root).catch(() => root);
  const found = await Promise.all(
    (await findOnPath(host, "go")).map(async (each) => ({
      ...each,
      file: await realpath(each.path).catch(() => each.path),
    })),
  );
  const isOurs = (file: string): boolean => isBelow(realRoot, file);
  const folders = pathFolders(host);
  const ours = [bin, ...pathSetup.folders]
    .map((own) => folders.findIndex((folder) => join(folder, "/") === join(own, "/")))
    .concat(found.filter(({ file }) => isOurs(file)).map(({ index }) => index))
    .filter((index) => index !== -1);
  const first = Math.min(...ours);
  const seen = new Set<string>();
  const findings: Finding[] = [];
  const msi =
    host.windows === undefined || found.length === 0 ? [] : await findMsi(host.windows.system.registry);
  for (const { path, folder, file, index } of found) {
    // On many systems /bin is a link to /usr/bin: one Go, two entries of PATH.
    if (seen.has(file) || isOurs(file)) continue;
    seen.add(file);
    const later = pathSetup.loginShells ? "later" : "absent";
    const order = ours.length === 0 ? later : index < first ? "before" : "after";
    const byMsi = msi.map((each) => each.folder);
    const origin = isWindows(host) ? goOrigin(file, byMsi) : undefined;
    const about = { version: await versionBeside(file), root: await rootOf(path, file), origin };
    findings.push(otherGo({ path, folder, bin, order, ...about }));
  }
  return findings;
}

/** The root of goferry whose bin/go that is, by the name in PATH or by where a link leads: to sdk/goVERSION/bin/go. */
async function rootOf(path: string, file: string): Promise<string | undefined> {
  for (const folder of [dirname(dirname(path)), join(dirname(file), "../../..")])
    if (await isGoferryRoot(folder)) return folder;
  return undefined;
}

/** By the VERSION file of the GOROOT that a program is in, bin/go as a rule: to start what is on PATH is not our business. */
async function versionBeside(file: string): Promise<string | undefined> {
  const text = await readFile(join(dirname(dirname(file)), "VERSION"), "utf8").catch(() => "");
  return /^go\d[\w.+-]*/u.exec(text)?.[0];
}

const ORDER = {
  before: "comes before that of the root on PATH, so it is the one that runs",
  after: "comes after that of the root on PATH",
  absent: "is on PATH, and the root is not, so it is the one that runs",
  later: "runs in this shell; new login shells find that of the root first",
} as const;

interface OtherGo {
  path: string;
  folder: string;
  bin: string;
  order: keyof typeof ORDER;
  version: string | undefined;
  /** Another root of goferry that it belongs to. */
  root: string | undefined;
  /** On Windows. */
  origin: GoOrigin | undefined;
}

function otherGo({ path, folder, bin, order, version, root, origin }: OtherGo): Finding {
  const by = root === undefined ? origin?.by : undefined;
  const known = [version, by].filter((each) => each !== undefined).join(", ");
  const whose = root === undefined ? "" : ` of another root of goferry, ${root},`;
  const remove = origin === undefined ? "" : `; if it is not needed: ${origin.remove}`;
  const gone =
    root === undefined
      ? remove
      : `; if that root is not needed: goferry uninstall --all --root ${shellQuote(root)}`;
  const next = {
    before: `put ${bin} before ${folder} in PATH`,
    after: `nothing, as long as ${bin} stays before ${folder}`,
    absent: `put ${bin} before ${folder} in PATH, or install with --path profile`,
    later: `see what "command -v go" says in a new login shell: one that puts ${folder} first has a start-up file that says so`,
  };
  return {
    code: "OTHER_GO",
    level: "warn",
    subject: path,
    message: `another Go, ${path}${known === "" ? "" : ` (${known})`},${whose} ${ORDER[order]}`,
    expected: `${join(bin, "go")} first on PATH`,
    found: path,
    next: `${next[order]}${gone}`,
  };
}
