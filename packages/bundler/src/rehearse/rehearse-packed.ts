// Packed -> rehearsed: installs the bundle, as packed, in a scratch root and tries every project, tool and module there. The installer
// accepts only what is signed by a key it was told to trust, also here, so a key is made for the occasion; the
// signature exists in memory only.

import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import type { RehearsalInstall } from "../build.ts";
import { checkEvidence, GoferryError, openBundle, readTrustedKey, verifyBundle } from "@goferry/core";
import { generateKey, unlockKey } from "../keys.ts";
import type { BuildContext } from "../machine.ts";
import type { Network } from "../network.ts";
import { outerPieces } from "../pack/outer.ts";
import { removeFolder } from "../remove-folder.ts";
import { keySigner } from "../signer.ts";
import type { Packed } from "../stages.ts";
import { openPacked } from "./packed-source.ts";
import type { Rehearsal } from "./record.ts";
import { rehearse } from "./rehearse.ts";
import { keepRehearsals, keptRehearsals, rehearsalKey, undatedDigest } from "./reuse.ts";

export interface RehearsePackedOptions {
  context: BuildContext;
  network: Pick<Network, "log" | "runner">;
  install: RehearsalInstall;
}

/**
 * Reads every layer back, for all platforms, and tries everything on this one, unless an earlier build did.
 * @throws what verifyBundle throws; REHEARSAL_FAILED; what the installer throws: a bundle that no host would take is not
 * signed either
 */
export async function rehearsePacked(packed: Packed, options: RehearsePackedOptions): Promise<Rehearsal[]> {
  const { machine, workDir, onProgress, signal } = options.context;
  const { plan, projects, entries } = packed.fetched;
  const { platform: hostPlatform, cacheDir, userAgent: program } = machine;
  onProgress({ stage: "rehearse" });
  const key = await rehearsalKey({
    contents: undatedDigest(packed.contents),
    projects,
    hostPlatform,
    program,
  });
  const kept = await keptRehearsals(cacheDir, key);
  if (kept !== undefined) {
    // The same layers, by their digests, were unpacked and proven then. That they have these digests is seen as they are written.
    await tryPacked(packed, "documents", options);
    return kept;
  }
  // The installed toolchain must run here: a bundle for other platforms only is read back, and that is all.
  if (!plan.platforms.includes(hostPlatform)) {
    await tryPacked(packed, "all", options);
    return [];
  }
  const folder = join(workDir, "rehearsal");
  await mkdir(folder, { recursive: true });
  const root = join(folder, "root");
  await tryPacked(packed, { root }, options);
  const rehearsals = await rehearse({
    root,
    projects,
    entries,
    platforms: plan.platforms,
    workDir: folder,
    buildCache: join(cacheDir, "go-build"),
    hostPlatform,
    userPath: machine.env["PATH"] ?? "",
    runner: options.network.runner,
    onStep: (name, platform) => onProgress({ stage: "rehearse", subject: `${name} for ${platform}` }),
    signal,
  });
  await keepRehearsals(cacheDir, key, rehearsals);
  await removeFolder(folder);
  return rehearsals;
}

/** Verifies the packed bundle as a host does, as far as it is said, and installs it in `root` if there is one. */
async function tryPacked(
  packed: Packed,
  how: "documents" | "all" | { root: string },
  { context, network, install }: RehearsePackedOptions,
): Promise<void> {
  const { machine, signal } = context;
  const now = machine.now();
  const pair = await generateKey({ name: "Rehearsal", email: "rehearsal@localhost.invalid", now });
  const signer = keySigner(await unlockKey(pair.privateKey));
  const signature = await signer.sign(packed.documents.index.bytes, now);
  await using source = await openPacked(packed.contents.name, outerPieces(packed, [signature]));
  const allowPrivate = packed.fetched.patterns.map(({ pattern }) => pattern);
  const logKey = network.log.key;
  const keys = [await readTrustedKey(Buffer.from(pair.publicKey))];
  const bundle = await openBundle(source, { keys, now });
  const policy = { logKey, privatePatterns: allowPrivate };
  if (how === "documents") {
    checkEvidence(bundle.contents, policy);
    return;
  }
  await verifyBundle(bundle, { policy, signal });
  if (how === "all") return;
  try {
    await install(source, { publicKey: pair.publicKey, root: how.root, allowPrivate, logKey, signal });
  } catch (error) {
    throw spaceShort(error, machine.cacheDir) ?? error;
  }
}

/** What the installer says about its root is about a folder that nobody has chosen; the cache it is in can be chosen. */
function spaceShort(error: unknown, cacheDir: string): GoferryError | undefined {
  if (!(error instanceof GoferryError)) return undefined;
  const { code, expected, found } = error;
  if (code !== "SPACE_SHORT" && code !== "INODES_SHORT") return undefined;
  return new GoferryError("DISK_FULL", {
    subject: cacheDir,
    message: "there is too little room to try the bundle out",
    expected,
    found,
    next: "Free space there, or name a folder on another disk: --cache DIR",
    cause: error,
  });
}
