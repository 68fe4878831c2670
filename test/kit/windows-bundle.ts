// Real bundles for linux/amd64 and windows/amd64 together, with Go from a mirror of go.dev/dl on this machine: the archive
// for Windows as Google publishes it, that for Linux byte for byte the published one. Built and rehearsed on Linux.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildSite, build, type BuildSite } from "./build-site.ts";
import { TEST_CACHE } from "./demo-bundle.ts";
import { goMirror, releaseSigner, type MirroredArchive } from "./go-mirror.ts";
import { releaseDatabase } from "./release-database.ts";
import { linuxArchive, moduleArchive, realData, RELEASE } from "./release-data.ts";

export interface WindowsBundle extends AsyncDisposable {
  bundle: string;
  publicKey: string;
  /** The folder of the project. */
  project: string;
  site: BuildSite;
}

const DEMO = new URL("../../bundles/demo/app/", import.meta.url);

/** undefined where GOFERRY_REALDATA has no archive of Go for Windows. */
export async function makeWindowsBundle(): Promise<WindowsBundle | undefined> {
  const zip = await realData(`go${RELEASE}.windows-amd64.zip`);
  if (zip === undefined) return undefined;
  return await bundleOf(RELEASE, {
    archives: { "linux-amd64.tar.gz": (await linuxArchive()).file, "windows-amd64.zip": zip },
    spec: "name: site\nplatforms: [linux/amd64, windows/amd64]\nprojects: [./app]\n",
  });
}

/** Go of another release for Windows alone, from an archive of it: `go-dist` of GOFERRY_REALDATA makes one. */
export async function makeOtherGoBundle(release: string, zip: string): Promise<WindowsBundle> {
  return await bundleOf(release, {
    // That for Linux is the one that builds.
    archives: { "linux-amd64.tar.gz": await moduleArchive(release), "windows-amd64.zip": zip },
    spec: "name: other\nplatforms: [windows/amd64]\n",
  });
}

/** @param archives by the end of their names */
async function bundleOf(
  release: string,
  { archives, spec }: { archives: Readonly<Record<string, string>>; spec: string },
): Promise<WindowsBundle> {
  const signer = await releaseSigner(new Date(Date.now() - 60_000));
  const mirrored: MirroredArchive[] = [];
  for (const [end, content] of Object.entries(archives)) {
    const signature = await signer.sign(await readFile(content), new Date());
    mirrored.push({ filename: `go${release}.${end}`, content, signature });
  }
  const work = join(TEST_CACHE, "windows");
  await mkdir(work, { recursive: true });
  await using mirror = await goMirror({ archives: mirrored });
  await using database = await releaseDatabase(work);
  const env = { GOSUMDB: `sum.golang.org ${database.url}`, GOPROXY: database.network.proxy.list };
  const site = await buildSite({ cache: work, env });
  await rm(site.app, { recursive: true });
  await cp(DEMO, site.app, { recursive: true });
  const key = join(site.folder, "mirror.asc");
  await writeFile(key, signer.publicKey);
  await writeFile(site.spec, `go: ["${release}"]\n${spec}`);
  const dl = ["--from", "dl", "--dl-url", mirror.url, "--release-key", key];
  const built = await build(site, ["--json", ...dl]);
  if (built.code !== 0) throw new Error(`the bundle was not built: ${built.stderr}${built.stdout}`);
  return {
    bundle: site.out,
    publicKey: site.publicKey,
    project: site.app,
    site,
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}
