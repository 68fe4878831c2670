// What a project or an entry needs follows from its files, from the Go that is asked and from where modules come from. So
// it is not asked twice: the answer is kept under a key of all of these, and the modules in the store. An answer that could
// be another one tomorrow is not kept: where go had to look for the newest version of something, or could not have a module.

import type { Digest } from "@goferry/core";
import * as z from "zod";
import { fileSha256 } from "../cache/file-sha256.ts";
import { keepRecord, keptRecord, recordKey } from "../cache/records.ts";
import type { CollectedModule } from "./download-cache.ts";
import type { ResolvedEntry } from "./entry-closure.ts";
import { moduleFile, storeModule, takeModules } from "./module-store.ts";
import type { ProjectBuild } from "./modules.ts";
import { projectIdentity } from "./project-identity.ts";
import { unpackedBytes } from "./zip.ts";

const ENTRY = z.strictObject({
  entry: z.string(),
  kind: z.enum(["module", "tool"]),
  path: z.string(),
  version: z.string(),
  imports: z.array(z.string()),
  hasLookedForVersions: z.boolean(),
  isIncomplete: z.boolean(),
  notes: z.array(z.string()),
});

const CLOSURE_RECORD = z.strictObject({
  modules: z.array(
    z.strictObject({
      path: z.string(),
      version: z.string(),
      modH1: z.string(),
      zipSha256: z.string().optional(),
      /** Bytes of what is in the zip. */
      unpacked: z.int().nonnegative().optional(),
    }),
  ),
  notes: z.array(z.string()),
  /** Of an entry of `modules:` or `tools:`. */
  entry: ENTRY.optional(),
});

export interface KeptClosure {
  /** `path@version` of all that it needs. */
  versions: string[];
  notes: string[];
  entry: ResolvedEntry | undefined;
  /** Bytes of what is in the zips, by `path@version`. */
  unpacked: Map<string, number>;
}

export interface ClosureCache {
  projectKey(project: ProjectBuild): Promise<Digest>;
  /** Undefined for an entry that is a question, such as @latest. */
  entryKey(entry: string, kind: "module" | "tool", platforms: readonly string[]): Digest | undefined;
  /** The closure of before, its modules on the shelf again; undefined if it is to be asked for. */
  find(key: Digest): Promise<KeptClosure | undefined>;
  /** @throws DISK_FULL, IO_FAILED */
  keep(
    key: Digest,
    modules: readonly CollectedModule[],
    found: Pick<KeptClosure, "notes" | "entry">,
  ): Promise<void>;
}

export interface ClosureCacheOptions {
  /** For the answers. */
  folder: string;
  /** Of module-store.ts. */
  store: string;
  shelf: string;
  /** What else the answers follow from: the toolchain, the settings of Go, the version of goferry. */
  asked: unknown;
}

export function closureCache({ folder, store, shelf, asked }: ClosureCacheOptions): ClosureCache {
  return {
    async projectKey(project) {
      return recordKey({ asked, project: await projectIdentity(project) });
    },

    entryKey(entry, kind, platforms) {
      return EXACT.test(entry) ? recordKey({ asked, entry, kind, platforms }) : undefined;
    },

    async find(key) {
      const kept = await keptRecord(folder, key, CLOSURE_RECORD);
      if (kept === undefined || !(await takeModules(store, shelf, kept.modules))) return undefined;
      const versions = kept.modules.map(({ path, version }) => `${path}@${version}`);
      const unpacked = kept.modules.flatMap(({ path, version, unpacked: bytes }): [string, number][] =>
        bytes === undefined ? [] : [[`${path}@${version}`, bytes]],
      );
      return { versions, notes: kept.notes, entry: kept.entry, unpacked: new Map(unpacked) };
    },

    async keep(key, modules, { notes, entry }) {
      const stored = [];
      for (const module of modules) {
        await storeModule(store, shelf, module);
        const { path, version, modH1 } = module;
        const zipSha256 =
          module.kind === "module" ? await fileSha256(moduleFile(shelf, module, ".zip")) : undefined;
        const unpacked =
          zipSha256 === undefined
            ? undefined
            : await unpackedBytes(moduleFile(shelf, module, ".zip"), module);
        stored.push({ path, version, modH1, zipSha256, unpacked });
      }
      await keepRecord(folder, key, { modules: stored, notes, entry });
    },
  };
}

/** A version, and no question for one. */
const EXACT = /@v\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]*)?$/u;
