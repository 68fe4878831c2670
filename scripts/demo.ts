// The main job on a small real project, to see it work: `pnpm demo` builds a bundle for bundles/demo, verifies it,
// installs it in a scratch folder without a network, and builds, runs and tests the project there with nothing but
// what the bundle brought. It starts the command line from source, as a person would.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "goferry-demo-"));
  // A terminal sends Ctrl-C to the command that runs as well: that one ends, and so the demo does, in its own order.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  try {
    await demo(scratch);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log(`failed\n\n${error.message}`);
    process.exitCode = error.exitCode;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Ends the demo with the exit code of the command that failed. */
class Stop extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

async function demo(scratch: string): Promise<void> {
  const begin = performance.now();
  const inside = (name: string): string => join(scratch, name);
  const [bundle, keys, root, project, program] = ["demo.tar", "keys", "root", "project", "demo"].map(
    inside,
  ) as [string, string, string, string, string];
  // Copies: a build writes goferry.lock beside the spec, and this folder may be somebody's checkout.
  await cp(join(top, "bundles/demo"), inside("bundle"), { recursive: true });
  await cp(join(top, "bundles/demo/app"), project, { recursive: true });
  await mkdir(inside("home"));
  await writeFile(inside("config.yaml"), "# The user's own settings are none of the demo's.\n");
  const env = {
    ...process.env,
    GOFERRY_CONFIG: inside("config.yaml"),
    GOFERRY_KEY_PASSPHRASE: randomBytes(16).toString("hex"),
  };
  const goferry = async <T>(prefix: readonly string[], ...args: string[]): Promise<T> => {
    const command = [
      ...prefix,
      process.execPath,
      join(top, "packages/goferry/src/main.ts"),
      ...args,
      "--json",
    ];
    return JSON.parse(await run(command, { env })) as T;
  };

  await step("key", async () => {
    const name = ["--name", "Demo", "--email", "demo@example.com"];
    const key = await goferry<{ fingerprint: string }>([], "key", "generate", ...name, "--out", keys);
    return `Ed25519, ${key.fingerprint}`;
  });
  await step("build", async () => {
    const sign = ["--sign-key", join(keys, "private.asc")];
    const built = await goferry<Facts>([], "build", inside("bundle/goferry.yaml"), ...sign, "--out", bundle);
    const { toolchains, modules, gomods } = built.counts;
    const go = `Go ${built.go.join(", ")} for ${built.platforms.join(", ")}`;
    return `${megabytes(built.size)}: ${go}; ${toolchains} toolchains, ${modules} modules, ${gomods} go.mod files`;
  });
  const trust = ["--key", join(keys, "public.asc")];
  await step("verify", async () => {
    const { log, logged } = await goferry<Facts>([], "verify", bundle, ...trust);
    const records = log?.treeSize.toLocaleString("en");
    return `signature, bytes and hashes; ${logged} units proven in ${log?.name} (${records} records)`;
  });

  const gap = await airGap();
  console.log(gap.text);
  const install = (): Promise<Installed> =>
    goferry<Installed>(gap.prefix, "install", bundle, ...trust, "--root", root);
  await step("install", async () => {
    const { current } = await install();
    const { bytes, files } = await measure(root);
    return `Go ${current}: ${files.toLocaleString("en")} files, ${megabytes(bytes)}`;
  });
  await step("install", async () =>
    (await install()).changed ? "again: something changed" : "again: nothing to do",
  );

  // Nothing of this machine: no settings, no cache, no other Go.
  const clean = ["env", "-i", `HOME=${inside("home")}`, `PATH=${join(root, "bin")}`];
  const offline = (...command: string[]): Promise<string> =>
    run([...gap.prefix, ...clean, ...command], { cwd: project });
  await step("go build", async () => {
    await offline("go", "build", "-o", program, ".");
    return `${megabytes((await stat(program)).size)}, by ${(await offline("go", "version")).trim()}`;
  });
  await step("run", async () => (await offline(program, "--lang", "de-CH")).trim());
  await step("go test", async () => {
    const lines = (await offline("go", "test", "./...")).split("\n");
    return lines
      .filter((line) => line.startsWith("ok"))
      .join("\n")
      .replaceAll("\t", " ");
  });
  console.log(`done      ${seconds(performance.now() - begin)}`);
}

/** What build and verify say of a bundle, as far as it is shown here. */
interface Facts {
  size: number;
  go: string[];
  platforms: string[];
  counts: { toolchains: number; modules: number; gomods: number };
  log: { name: string; treeSize: number } | null;
  logged: number;
}

interface Installed {
  changed: boolean;
  current: string;
}

/** One line, begun when the work begins: name, seconds, what came of it. Further lines of that are indented. */
async function step(name: string, work: () => Promise<string>): Promise<void> {
  process.stdout.write(name.padEnd(10));
  const start = performance.now();
  const text = await work();
  console.log(`${seconds(performance.now() - start)}  ${text.replaceAll("\n", `\n${" ".repeat(19)}`)}`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(5)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** How commands are started so that they have no network: as root, or with a user namespace, or else not at all. */
async function airGap(): Promise<{ prefix: string[]; text: string }> {
  for (const prefix of [
    ["unshare", "-n"],
    ["unshare", "-rn"],
  ]) {
    const works = await run([...prefix, "true"]).then(
      () => true,
      () => false,
    );
    if (works) return { prefix, text: `gap       from here on there is no network (${prefix.join(" ")})` };
  }
  return { prefix: [], text: "gap       this system lets us take no network away; what follows uses none" };
}

/** Runs a command to its end and hands back its standard output. Throws Stop when it fails. */
async function run(
  [file = "", ...args]: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Promise<string> {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number>((resolve) => {
    child.on("error", (error) => {
      stderr += `${file} cannot be started: ${error.message}`;
      resolve(1);
    });
    child.on("close", (ended) => resolve(ended ?? 130));
  });
  if (code === 0) return stdout;
  throw new Stop(code, refusal(stdout) ?? `${stdout}${stderr}`.trim());
}

/** The error that goferry printed as JSON, for people; undefined for the output of other commands. */
function refusal(stdout: string): string | undefined {
  try {
    const { error } = JSON.parse(stdout) as { error: Record<string, string | undefined> };
    const { code, subject, message, expected, found, next } = error;
    const details = Object.entries({ expected, found, next }).filter(([, text]) => text !== undefined);
    return [`${code} ${subject}: ${message}`, ...details.map(([name, text]) => `  ${name}: ${text}`)].join(
      "\n",
    );
  } catch {
    return undefined;
  }
}

async function measure(folder: string): Promise<{ bytes: number; files: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), files: files.length };
}

await main();
