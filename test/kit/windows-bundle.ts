// Real bundles for linux/amd64 and windows/amd64 together, with Go from a mirror of go.dev/dl on this machine: the archive
// for Windows as Google publishes it, that for Linux byte for byte the published one. Built and rehearsed on Linux.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildSite, build, type BuildSite } from "./build-site.ts";
import { TEST_CACHE } from "./demo-bundle.ts";
import { goMirror, releaseSigner, type MirroredArchive } from "./go-mirror.ts";
import { releaseDatabase } from "./release-database.ts";
import { linuxArchive, realData, RELEASE } from "./release-data.ts";

export interface WindowsBundle extends AsyncDisposable {
  /** Go 1.27.0 for both systems, and the demo project with its modules. */
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
  const linux = (await linuxArchive()).file;
  const signer = await releaseSigner(new Date(Date.now() - 60_000));
  const archives: MirroredArchive[] = [];
  for (const [filename, content] of [
    [`go${RELEASE}.linux-amd64.tar.gz`, linux],
    [`go${RELEASE}.windows-amd64.zip`, zip],
  ] as const) {
    archives.push({ filename, content, signature: await signer.sign(await readFile(content), new Date()) });
  }
  const work = join(TEST_CACHE, "windows");
  await mkdir(work, { recursive: true });
  await using mirror = await goMirror({ archives });
  await using database = await releaseDatabase(work);
  const env = { GOSUMDB: `sum.golang.org ${database.url}`, GOPROXY: database.network.proxy.list };
  const site = await buildSite({ cache: work, env });
  await rm(site.app, { recursive: true });
  await cp(DEMO, site.app, { recursive: true });
  const key = join(site.folder, "mirror.asc");
  await writeFile(key, signer.publicKey);
  const platforms = "[linux/amd64, windows/amd64]";
  await writeFile(site.spec, `name: site\ngo: ["${RELEASE}"]\nplatforms: ${platforms}\nprojects: [./app]\n`);
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
