// Paths that are too long for Windows' own programs: 259 characters for a file, 247 for a folder, unless the machine's
// policy allows more and the program was made for it. goferry and Go need no policy (Node gives Windows names of another
// form, \\?\C:\…, and Go asks for long names as it starts), but the C compiler, editors, git and Explorer do. So what is
// installed is looked at before anything is written. The names in staging, which only goferry sees, count against what
// Windows can do at all.
//
// Source: "Maximum Path Length Limitation" in the documentation of Windows.

import { readLayer, type OpenedBundle } from "@goferry/core";
import type { Finding } from "../findings.ts";
import type { HostFacts } from "../host.ts";
import { variable } from "./environment.ts";
import type { Registry } from "./system.ts";

const FILE_LIMIT = 259;
const FOLDER_LIMIT = 247;
const WHOLE_LIMIT = 32_767;

/** Go's own trees are known: the longest name in one, "sdk/go1.26.8/" included, has 118 characters. */
const LONGEST_OF_GO = 160;

/** Characters of `\staging\20261126T135400123Z-0123abcd\new\`. */
const STAGING = 42;

/** Roots to propose, shortest last; on the drive of the system. */
const SHORT_ROOTS = ["goferry", "gf"];

const POLICY = {
  key: String.raw`HKLM\SYSTEM\CurrentControlSet\Control\FileSystem`,
  name: "LongPathsEnabled",
};

export interface LongPathRequest {
  root: string;
  bundle: OpenedBundle;
  /** Indexes of the layers that will be read. */
  layers: readonly number[];
  signal?: AbortSignal | undefined;
}

/**
 * PATHS_TOO_LONG refuses where a shorter root would do, and warns where none does. The layers are read and checked once more
 * for it, because only they know the names of their files: what was not proven is not believed.
 * @throws what readLayer throws
 */
export async function longPathFindings(
  { env, windows }: Pick<HostFacts, "env" | "windows">,
  request: LongPathRequest,
): Promise<Finding[]> {
  if (windows === undefined || (await allowsLong(windows.system.registry).catch(() => false))) return [];
  const { root } = request;
  const longest = await longestPath(request);
  const length = root.length + 1 + longest.length;
  if (fits(root, longest) && root.length + STAGING + longest.length <= WHOLE_LIMIT) return [];
  const drive = variable(env, "SystemDrive") ?? "C:";
  const shorter = SHORT_ROOTS.map((name) => `${drive}\\${name}`).find((each) => fits(each, longest));
  const policy = `reg add "${POLICY.key}" /v ${POLICY.name} /t REG_DWORD /d 1 /f   (as an administrator)`;
  return [
    {
      code: "PATHS_TOO_LONG",
      level: shorter === undefined ? "warn" : "refuse",
      subject: longest,
      message: `below ${root} this name is too long for many programs of Windows: compilers for C, editors, git`,
      expected: `at most ${FILE_LIMIT} characters, and ${FOLDER_LIMIT} for its folder; or long paths allowed by the policy of this machine`,
      found: `${length} characters (${length + STAGING - 1} in staging, which only goferry uses)`,
      next:
        shorter === undefined
          ? `no root is short enough; allow long paths: ${policy}`
          : `choose a shorter root: --root ${shorter}; or allow long paths: ${policy}`,
    },
  ];
}

function fits(root: string, path: string): boolean {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  return root.length + 1 + path.length <= FILE_LIMIT && root.length + 1 + folder.length <= FOLDER_LIMIT;
}

async function allowsLong(registry: Registry): Promise<boolean> {
  const [value] = await registry.read([POLICY]);
  return (
    value !== null && value !== undefined && Buffer.from(value.data, "base64").some((byte) => byte !== 0)
  );
}

async function longestPath({ root, bundle, layers, signal }: LongPathRequest): Promise<string> {
  const { contents, source, layerOffsets } = bundle;
  let longest = "";
  const begin = ({ path }: { path: string }): void => {
    if (path.length > longest.length) longest = path;
  };
  for (const i of layers) {
    const layer = contents.layers[i];
    if (layer === undefined || layer.kind === "log") continue;
    if (layer.kind === "sdk" && root.length + 1 + LONGEST_OF_GO <= FOLDER_LIMIT) continue;
    const units = contents.units.filter((unit) => unit.layers.includes(i));
    const sink = { begin, data: () => undefined, end: () => undefined };
    await readLayer({ source, offset: layerOffsets[i] ?? 0, layer, units, sink, signal });
  }
  return longest;
}
