// Everything in a root that goferry makes from what it knows, and not from a bundle: the same state gives the same
// bytes, so nothing of it has to be remembered to be checked or mended.

import { join } from "node:path";
import {
  infoFile,
  logPlace,
  modulePlace,
  parseVerifier,
  unitName,
  zipHashFile,
  toolchainModule,
} from "@goferry/core";
import { editGoEnv } from "../configure/go-env.ts";
import { currentTarget, launchers } from "../configure/launchers.ts";
import type { HostFs } from "../fs.ts";
import { goEnvFile, type Layout } from "../layout.ts";
import type { State } from "../transaction/state.ts";
import { settingsFor } from "./go-env-edits.ts";
import { lookupFiles } from "./log-tree.ts";
import { plainGoEnvName } from "./unit-files.ts";
import { listFiles } from "./version-lists.ts";

/**
 * A file of mode 0644, or a link, at an absolute path. `also` is what go makes of the file where it may write: it says the
 * same.
 */
export type Generated =
  | { path: string; file: Uint8Array; also?: Uint8Array }
  | { path: string; link: string };

/**
 * All but the go.env files, which need what the toolchain brought.
 * @param hasTile whether the root has a tile of the checksum database, by its path in the root
 */
export function generatedFiles(at: Layout, state: State, hasTile: (path: string) => boolean): Generated[] {
  return [
    ...linksOf(at, state),
    ...state.units.flatMap((unit): Generated[] => {
      const { info, ziphash } = modulePlace(unit);
      const file = { path: join(at.root, info), file: infoFile(unit), also: infoOfGo(unit) };
      return unit.h1 === null ? [file] : [file, { path: join(at.root, ziphash), file: zipHashFile(unit.h1) }];
    }),
    ...textFiles(
      at,
      listFiles(state, () => true),
    ),
    ...textFiles(at, logFiles(state, hasTile)),
  ];
}

/** The links of bin/ and `current`. */
export function linksOf(at: Layout, { sdks, current }: State): { path: string; link: string }[] {
  const entries = launchers({ versions: sdks.map(({ version }) => version), goferry: undefined });
  const links = entries.flatMap((entry) =>
    entry.kind === "link" ? [{ path: join(at.bin, entry.name), link: entry.target }] : [],
  );
  return current === null ? links : [...links, { path: at.current, link: currentTarget(current) }];
}

/** A .info file once go has read it and written it again (RevInfo in cmd/go/internal/modfetch). */
function infoOfGo({ version }: { version: string }): Uint8Array {
  return Buffer.from(JSON.stringify({ Version: version, Time: "0001-01-01T00:00:00Z" }));
}

/** The go.env of an installed version; null where its first text is not known. */
export async function generatedGoEnv(
  fs: HostFs,
  at: Layout,
  { state, sdk }: { state: State; sdk: State["sdks"][number] },
): Promise<Generated | null> {
  const plain = await fs.readFile(plainGoEnvFile(at, sdk));
  if (plain === null) return null;
  const text = editGoEnv(Buffer.from(plain).toString("utf8"), settingsFor(at, state));
  return { path: goEnvFile(at, sdk.version), file: Buffer.from(text) };
}

/** The go.env that a toolchain brought. */
export function plainGoEnvFile(at: Layout, { version, platform }: State["sdks"][number]): string {
  return join(at.units, plainGoEnvName(unitName(toolchainModule(version, platform))));
}

function logFiles(state: State, hasTile: (path: string) => boolean): Map<string, string> {
  const lookups = lookupFiles(state, hasTile);
  if (state.log === null || lookups.size === 0) return lookups;
  return lookups.set(join(logPlace(parseVerifier(state.log.key).name), "supported"), "");
}

function textFiles({ root }: Layout, files: ReadonlyMap<string, string>): Generated[] {
  return [...files].map(([name, text]) => ({ path: join(root, name), file: Buffer.from(text) }));
}
