// An SSH server of this machine for one test: a fresh host key, one user key that it lets in, and an agent that holds it.
// ssh reads known_hosts in the home folder of the user database and not in HOME, so a test names its own by `command`.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

export interface SshServer extends AsyncDisposable {
  /** ssh://USER@localhost:PORT */
  url: string;
  /** Of the server. */
  pid: number;
  port: number;
  /** The socket of an agent that has the key: SSH_AUTH_SOCK. */
  agent: string;
  /** A known_hosts file with the server's key in it. */
  knownHosts: string;
  /** For GIT_SSH_COMMAND: asks nobody, and knows the servers of this file only. */
  command(knownHosts: string): string;
}

const SSHD = "/usr/sbin/sshd";

const run = promisify(execFile);

/** Whether there is a server program; says on stderr what is skipped when there is none. */
export async function canSsh(): Promise<boolean> {
  try {
    await access(SSHD);
    await run("ssh", ["-V"]);
    return true;
  } catch (error) {
    process.stderr.write(`tests with an SSH server are skipped: no ssh or sshd here (${String(error)})\n`);
    return false;
  }
}

/** @param within words before the server's command, such as "unshare", "-m" */
export async function sshServer(within: readonly string[] = []): Promise<SshServer> {
  const folder = await mkdtemp(join(tmpdir(), "goferry-ssh-"));
  const at = (name: string): string => join(folder, name);
  for (const name of ["host", "user"])
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(name)]);
  const port = await freePort();
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${at("host")}`,
    `AuthorizedKeysFile ${at("user.pub")}`,
    `PidFile ${at("pid")}`,
    "StrictModes no",
    "Subsystem sftp internal-sftp",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
  ];
  await writeFile(at("config"), `${config.join("\n")}\n`);
  await writeFile(at("known"), `[localhost]:${port} ${await readFile(at("host.pub"), "utf8")}`);
  // The folder into which the server locks its unprivileged half; Debian's service makes it.
  if (process.getuid?.() === 0) await run("mkdir", ["-p", "/run/sshd"]);
  const [program, ...words] = [...within, SSHD, "-D", "-e", "-f", at("config")];
  const server = spawn(program, words, { stdio: "ignore" });
  const agent = spawn("ssh-agent", ["-D", "-a", at("agent")], { stdio: "ignore" });
  await patiently(() => access(at("agent")));
  await patiently(() =>
    run("ssh-keyscan", ["-p", String(port), "localhost"]).then(({ stdout }) => notEmpty(stdout)),
  );
  await run("ssh-add", ["-q", at("user")], {
    env: { PATH: process.env["PATH"], SSH_AUTH_SOCK: at("agent") },
  });
  return {
    url: `ssh://${userInfo().username}@localhost:${port}`,
    pid: server.pid ?? -1,
    port,
    agent: at("agent"),
    knownHosts: at("known"),
    command: (knownHosts) =>
      `ssh -F none -o BatchMode=yes -o UserKnownHostsFile=${knownHosts} -o GlobalKnownHostsFile=/dev/null`,
    async [Symbol.asyncDispose]() {
      await Promise.all([server, agent].map(stop));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function notEmpty(text: string): void {
  if (text.trim() === "") throw new Error("nothing yet");
}

/** Until it works, for as long as a busy machine may need. */
async function patiently(work: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await wait(50);
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}
