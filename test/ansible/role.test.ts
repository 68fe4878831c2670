// What docs/SCRIPTED.md promises to those who do not watch: its job as it stands, and the Ansible role, run by the real ansible-playbook over real SSH against three hosts: servers of this machine, each in
// namespaces of its own, with its own /opt and its own host name. The bundle has two releases of Go.

import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKey } from "../../packages/bundler/src/index.ts";
import { build, buildSite, type BuildSite } from "../kit/build-site.ts";
import { goferryExecutable } from "../kit/executable.ts";
import { quickWorld, type QuickWorld } from "../kit/quick-go.ts";
import { testPlatform } from "../kit/real-go.ts";
import { PLAIN_PATH } from "../kit/run-goferry.ts";
import { canSsh, sshServer, type SshServer } from "../kit/ssh-server.ts";

const run = promisify(execFile);
const OLD = "1.26.8";
const NEW = "1.27.1";
const NAMES = ["one", "two", "three"] as const;
const TOP = fileURLToPath(new URL("../..", import.meta.url));
const PLAYBOOK = join(TOP, "packages/installer/ansible/install.yml");

const lacking = await missing();
if (lacking.length > 0) console.log(`the Ansible role is not run, for want of: ${lacking.join(", ")}`);

/** What this suite needs and what is not here, in words for whoever has to install it. */
async function missing(): Promise<string[]> {
  const isThere = async (name: string, args: string[]): Promise<boolean> =>
    await run(name, args).then(
      () => true,
      () => false,
    );
  const needs: [string, boolean][] = [
    ["ansible-playbook (Debian's package ansible-core)", await isThere("ansible-playbook", ["--version"])],
    ["/usr/bin/python3", await isThere("/usr/bin/python3", ["--version"])],
    ["ssh and sshd (openssh-client, openssh-server)", await canSsh()],
    ["root's rights for mount namespaces", await isThere("unshare", ["-m", "-u", "true"])],
  ];
  return needs.flatMap(([what, is]) => (is ? [] : [what]));
}

/** A host: its own /opt, in memory, and its own name. */
async function startHost(name: string): Promise<SshServer> {
  const setUp = 'mount -t tmpfs tmpfs /opt && hostname "$0" && exec "$@"';
  return await sshServer(["unshare", "-m", "-u", "sh", "-c", setUp, name]);
}

let world: QuickWorld;
let site: BuildSite;

beforeAll(async () => {
  world = await quickWorld({}, [NEW, OLD]);
  site = await buildSite({ env: world.env });
  const spec = `name: site\ngo: ["${NEW}", "${OLD}"]\nplatforms: [${testPlatform()}]\nprojects: [./app]\n`;
  await writeFile(site.spec, spec);
  const built = await build(site);
  if (built.code !== 0) throw new Error(built.stdout + built.stderr);
});

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** One and the same for all that follows: another one would be a change. */
let goferry: Promise<string> | undefined;
const program = (): Promise<string> => (goferry ??= goferryExecutable());

describe("the job of docs/SCRIPTED.md", () => {
  it("runs as it stands, with a root and a build cache of its own, and leaves nothing behind", async () => {
    const doc = await readFile(join(TOP, "packages/goferry/docs/SCRIPTED.md"), "utf8");
    const [, job = ""] = /```sh\n([^]*?)```/u.exec(doc) ?? [];
    expect(job).toContain("GOCACHE");
    const [bin, scratch] = [join(site.folder, "job-bin"), join(site.folder, "job-scratch")];
    for (const folder of [bin, scratch]) await mkdir(folder);
    await symlink(await program(), join(bin, "goferry"));
    const env = {
      PATH: `${bin}:${PLAIN_PATH}`,
      HOME: scratch,
      TMPDIR: scratch,
      BUNDLE: site.out,
      KEY: site.publicKey,
      GOFERRY_LOG_KEY: world.log.vkey,
      // The Go of this suite has no standard library to build with.
      GOFERRY_SELF_TEST: "tools",
    };
    const { stdout } = await run("sh", ["-c", job], { env, cwd: site.app });
    expect(stdout).toContain(`go version go${NEW} `);
    expect(await readdir(scratch)).toEqual([]);
  });
});

describe.skipIf(lacking.length > 0)("the Ansible role", () => {
  let hosts: SshServer[];

  beforeAll(async () => {
    const stranger = await generateKey({ name: "Stranger", email: "s@example.com", now: new Date() });
    await writeFile(join(site.folder, "stranger.asc"), stranger.publicKey);
    hosts = await Promise.all(NAMES.map(startHost));
    await writeFile(join(site.folder, "inventory.json"), JSON.stringify({ all: { hosts: inventory() } }));
  });

  afterAll(async () => {
    for (const host of hosts ?? []) await host[Symbol.asyncDispose]();
  });

  function inventory(): Record<string, object> {
    const entries = hosts.map(({ port, agent, knownHosts }, i) => {
      const ssh = `-F none -o AddressFamily=inet -o UserKnownHostsFile=${knownHosts} -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=${agent}`;
      const host = {
        ansible_host: "localhost",
        ansible_port: port,
        ansible_user: "root",
        ansible_ssh_common_args: ssh,
        ansible_python_interpreter: "/usr/bin/python3",
        ansible_remote_tmp: "/opt/.ansible",
      };
      return [NAMES[i] ?? "", host] as const;
    });
    return Object.fromEntries(entries);
  }

  interface Played {
    code: number;
    output: string;
    /** By host, as the last lines say; hosts that were not reached are not there. */
    recap: Record<string, { changed: number; failed: number }>;
  }

  async function play(variables: Record<string, unknown> = {}): Promise<Played> {
    const home = join(site.folder, "ansible-home");
    await mkdir(home, { recursive: true });
    const given = {
      goferry_program: await program(),
      goferry_bundle: site.out,
      goferry_keys: [site.publicKey],
      goferry_folder: "/opt/incoming",
      goferry_log_key: world.log.vkey,
      goferry_become: false,
      goferry_answers: { "self-test": "tools" },
      ...variables,
    };
    const words = ["-i", join(site.folder, "inventory.json"), PLAYBOOK, "-e", JSON.stringify(given)];
    const env = {
      PATH: process.env["PATH"],
      HOME: home,
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_PIPELINING: "1",
      ANSIBLE_LOCAL_TEMP: join(home, "tmp"),
      LC_ALL: "C.UTF-8",
    };
    const { code, output } = await run("ansible-playbook", words, { env, maxBuffer: 1 << 24 }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: { code?: number; stdout?: string; stderr?: string }) => ({
        code: error.code ?? -1,
        output: `${error.stdout}${error.stderr}`,
      }),
    );
    const lines = output.matchAll(/^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=\d+ +failed=(\d+)/gmu);
    const recap = [...lines].map(
      ([, name = "", changed, failed]) =>
        [name, { changed: Number(changed), failed: Number(failed) }] as const,
    );
    return { code, output, recap: Object.fromEntries(recap) };
  }

  /** A file of a host, seen from outside. */
  async function read(host: number, path: string): Promise<string> {
    return await readFile(`/proc/${hosts[host]?.pid}/root${path}`, "utf8");
  }

  async function currentVersions(): Promise<unknown[]> {
    return await Promise.all(
      NAMES.map(
        async (_, i) =>
          (JSON.parse(await read(i, "/opt/goferry/state/state.json")) as { current: unknown }).current,
      ),
    );
  }

  it("copies, verifies and installs on every host, in waves", async () => {
    const { code, output, recap } = await play({ goferry_waves: [1, "100%"] });
    expect(code, output).toBe(0);
    for (const name of NAMES) expect(recap[name], name).toEqual({ changed: 6, failed: 0 });
    expect(output.match(/PLAY \[Install Go by goferry\]/gu)).toHaveLength(2);
    expect(await currentVersions()).toEqual([NEW, NEW, NEW]);
    for (const i of NAMES.keys())
      expect(await read(i, "/opt/goferry/state/audit.jsonl")).toContain('"action":"install"');
  });

  it("changes nothing the second time", async () => {
    const { code, output, recap } = await play({ goferry_waves: ["100%"] });
    expect(code, output).toBe(0);
    for (const name of NAMES) expect(recap[name], output).toEqual({ changed: 0, failed: 0 });
  });

  it("switches to a version, once", async () => {
    const first = await play({ goferry_use: OLD, goferry_waves: ["100%"] });
    expect(first.code, first.output).toBe(0);
    for (const name of NAMES) expect(first.recap[name]).toEqual({ changed: 1, failed: 0 });
    expect(await currentVersions()).toEqual([OLD, OLD, OLD]);
    const second = await play({ goferry_use: OLD, goferry_waves: ["100%"] });
    for (const name of NAMES) expect(second.recap[name]).toEqual({ changed: 0, failed: 0 });
  });

  it("stops at the first failure: hosts of later waves are not touched", async () => {
    const file = join(site.folder, "inventory.json");
    const [trusted, stranger] = [site.publicKey, join(site.folder, "stranger.asc")];
    const all = inventory();
    const withKeys = NAMES.map((name) => [
      name,
      { ...all[name], keys: [name === "two" ? stranger : trusted] },
    ]);
    await writeFile(file, JSON.stringify({ all: { hosts: Object.fromEntries(withKeys) } }));
    const { code, output, recap } = await play({
      goferry_use: NEW,
      goferry_waves: [1, 1, 1],
      goferry_keys: "{{ keys }}",
    });
    expect(code).not.toBe(0);
    expect(output, output).toContain("SIGNATURE_UNTRUSTED");
    expect(recap["one"]).toEqual({ changed: 1, failed: 0 });
    expect(recap["two"]).toMatchObject({ failed: 1 });
    expect(recap["three"]).toBeUndefined();
    expect(await currentVersions()).toEqual([NEW, OLD, OLD]);
  });
});
