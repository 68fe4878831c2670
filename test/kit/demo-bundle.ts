// One real bundle for all end-to-end tests of a run: bundles/demo through the Go module proxy, with real toolchains, a
// fresh key, and the rehearsal. Built once by demo-setup.ts, because it takes most of a minute.

import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { buildBundle, generateKey, keySigner, unlockKey } from "../../packages/bundler/src/index.ts";
import type { BuildMachine, Built, RehearsalInstall } from "../../packages/bundler/src/index.ts";
import { openBundle, readTrustedKey } from "../../packages/core/src/index.ts";
import { createHost, install } from "../../packages/installer/src/index.ts";
import { PROCESS_FACTS } from "./process-facts.ts";

/** Paths that tests share; nobody writes to them. */
export interface DemoBundle {
  /** The bundle. */
  bundle: string;
  publicKey: string;
  /** Not protected by a passphrase. */
  privateKey: string;
  /** The spec, with the lock that the build wrote beside it. */
  spec: string;
  /** The project's folder. */
  project: string;
}

declare module "vitest" {
  interface ProvidedContext {
    demo: DemoBundle;
  }
}

const DEMO = new URL("../../bundles/demo/", import.meta.url);

/** Downloads are kept here between runs, as a user's are. */
export const TEST_CACHE = join(homedir(), ".cache", "goferry-test");

export async function makeDemoBundle(folder: string): Promise<DemoBundle> {
  const demo: DemoBundle = {
    bundle: join(folder, "demo.tar"),
    publicKey: join(folder, "public.asc"),
    privateKey: join(folder, "private.asc"),
    spec: join(folder, "demo", "goferry.yaml"),
    project: join(folder, "demo", "app"),
  };
  await cp(DEMO, join(folder, "demo"), { recursive: true });
  const pair = await generateKey({ name: "Demo", email: "demo@example.com", now: new Date() });
  await writeFile(demo.publicKey, pair.publicKey);
  await writeFile(demo.privateKey, pair.privateKey, { mode: 0o600 });
  await buildDemo(demo, { out: demo.bundle });
  return demo;
}

/** Builds the demo again, in this process. */
async function buildDemo(
  { spec, privateKey }: DemoBundle,
  options: { out: string; locked?: boolean },
): Promise<Built> {
  const signer = keySigner(await unlockKey(await readFile(privateKey, "utf8")));
  return await buildBundle(
    { spec, signers: [signer], install: rehearsalInstall, ...options },
    await testMachine(),
  );
}

export async function testMachine(): Promise<BuildMachine> {
  await mkdir(TEST_CACHE, { recursive: true });
  return {
    platform: `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`,
    env: process.env,
    cacheDir: TEST_CACHE,
    uid: process.geteuid?.(),
    now: () => new Date(),
    kill: (pid, signal) => process.kill(pid, signal),
    caFiles: [],
    userAgent: "goferry-test",
    runtime: process.version,
  };
}

const rehearsalInstall: RehearsalInstall = async (
  source,
  { publicKey, root, logKey, allowPrivate, signal },
) => {
  const keys = [await readTrustedKey(Buffer.from(publicKey))];
  const bundle = await openBundle(source, { keys, now: new Date() });
  const { platform } = await testMachine();
  const facts = {
    env: { PATH: process.env["PATH"] },
    home: undefined,
    uid: process.getuid?.(),
    userName: "test",
  };
  await install(createHost({ platform, ...facts, ...PROCESS_FACTS }), {
    root,
    bundle,
    bundleFile: source.name,
    logKey,
    zips: true,
    path: "none",
    direct: [],
    allowPrivate,
    selfTest: "tools",
    signal,
  });
};
