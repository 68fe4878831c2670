// A bundle goes through a real container registry as its README.txt says, by oras and docker-registry, and comes out with
// every byte, and its signature beside what was signed.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeDemoBundle, TEST_CACHE, type DemoBundle } from "../kit/demo-bundle.ts";
import { contentOf, entryOf, readOuterTar } from "../kit/outer-tar.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";

const ORAS = "oras.land/oras/cmd/oras@v1.3.6";

const run = promisify(execFile);
const isReady = await run("sh", ["-c", "command -v docker-registry && command -v go"]).then(
  () => true,
  () => {
    process.stderr.write("the test of registries is skipped: docker-registry and go are needed on PATH\n");
    return false;
  },
);

/** Built by the go on PATH, and kept with the downloads of the tests. */
async function findOras(): Promise<string> {
  const folder = join(TEST_CACHE, "programs", ORAS.replaceAll("/", "-"));
  const program = join(folder, "oras");
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (!isThere) await run("go", ["install", ORAS], { env: { ...process.env, GOFLAGS: "", GOBIN: folder } });
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Registry {
  address: string;
  server: ChildProcess;
}

async function startRegistry(folder: string): Promise<Registry> {
  const address = `127.0.0.1:${await freePort()}`;
  const storage = join(folder, "storage");
  await mkdir(storage);
  const config = join(folder, "registry.yml");
  const settings = {
    version: "0.1",
    storage: { filesystem: { rootdirectory: storage } },
    http: { addr: address },
  };
  await writeFile(config, JSON.stringify(settings));
  const server = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  while (!(await answers(address))) {
    if (server.exitCode !== null) throw new Error(`docker-registry ended with ${server.exitCode}`);
    await setTimeout(100);
  }
  return { address, server };
}

function answers(address: string): Promise<boolean> {
  return fetch(`http://${address}/v2/`).then(
    ({ ok }) => ok,
    () => false,
  );
}

describe.skipIf(!isReady)("a container registry", () => {
  let scratch: Scratch;
  let demo: DemoBundle;
  let registry: Registry;
  let oras: (...words: string[]) => Promise<string>;
  beforeAll(async () => {
    scratch = await scratchFolder("goferry-registry");
    demo = await makeDemoBundle(scratch.path);
    registry = await startRegistry(scratch.path);
    const program = await findOras();
    const env = { HOME: scratch.path, PATH: process.env["PATH"] };
    oras = async (...words) => (await run(program, words, { env })).stdout;
  });
  afterAll(async () => {
    registry?.server.kill();
    await scratch[Symbol.asyncDispose]();
  });

  it("takes the bundle with its signature, and gives it back as it was signed", async () => {
    const outer = await readOuterTar(demo.bundle);
    const readme = contentOf(outer, entryOf(outer, "README.txt")).toString();
    const [, line = ""] = /^ {2}oras (cp .*)$/mu.exec(readme) ?? [];
    const words = line.replace("THIS-FILE", demo.bundle).replace("REGISTRY", registry.address).split(" ");
    await oras(...words, "--to-plain-http");

    const name = `${registry.address}/demo:latest`;
    const found = JSON.parse(await oras("discover", "--plain-http", "--format", "json", name)) as unknown;
    expect(found).toMatchObject({
      digest: entryOf(outer, "bundle index").path.replace("blobs/sha256/", "sha256:"),
      referrers: [{ artifactType: "application/vnd.goferry.signature.v1" }],
    });

    const layout = join(scratch.path, "layout");
    await oras("cp", "-r", "--from-plain-http", name, "--to-oci-layout", `${layout}:demo`);
    const blobs = outer.entries.filter(({ path }) => path.startsWith("blobs/"));
    expect(blobs.length).toBeGreaterThan(8);
    for (const blob of blobs) {
      expect((await readFile(join(layout, blob.path))).equals(contentOf(outer, blob)), blob.role).toBe(true);
    }
  });
});
