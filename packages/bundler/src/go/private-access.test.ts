// The ways in which people give Go and git their logins for private modules, each tried on a real git server with the
// environment of a build; and what a build says when a login, a key, a certificate or git itself is missing.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError } from "@goferry/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  findBundlerGo,
  goIn,
  temporaryFolder,
  writeFiles,
  type BundlerGo,
} from "../../../../test/kit/bundler-go.ts";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { canGit, GIT_HOST, gitServer, type GitServer } from "../../../../test/kit/git-server.ts";
import { serveModules } from "../../../../test/kit/module-server.ts";
import { canSsh, sshServer, type SshServer } from "../../../../test/kit/ssh-server.ts";
import { goFolders } from "./environment.ts";

const go = await findBundlerGo();
const git = (await canGit()) && go !== undefined;
const ssh = git && (await canSsh());

const LOGIN = { user: "git-user", password: "of-the-git-server-4731" };
const BASIC = Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString("base64");
const MODULE = `${GIT_HOST}/lib`;

let server: GitServer;
let shell: SshServer | undefined;
beforeAll(async () => {
  if (!git) return;
  server = await gitServer({ login: LOGIN });
  const goMod = `module ${MODULE}\n\ngo 1.21\n`;
  await server.tag("lib", "v1.0.0", { "go.mod": goMod, "lib.go": "package lib\n" });
  if (ssh) shell = await sshServer();
});
afterAll(async () => {
  await shell?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** What a user has: variables, and files in the home folder. */
interface User {
  env?: Record<string, string>;
  home?: Record<string, string>;
}

const netrc = (password: string): string => `machine ${GIT_HOST} login ${LOGIN.user} password ${password}\n`;
const helper = (password: string): string =>
  `[credential]\n\thelper = "!f() { echo username=${LOGIN.user}; echo password=${password}; }; f"\n`;
const HEADER = `[http "https://${GIT_HOST}/"]\n\textraHeader = Authorization: Basic ${BASIC}\n`;

/** Downloads the module, or another one, in the environment of a build. Gives the h1 of what came. */
async function download({ env = {}, home = {} }: User, known: BundlerGo, name = MODULE): Promise<string> {
  await using folder = await temporaryFolder();
  const at = (...names: string[]): string => join(folder.path, ...names);
  await mkdir(at("home"));
  await writeFiles(at("home"), home);
  await writeFile(at("authority.pem"), server.authority);
  const user = {
    HOME: at("home"),
    PATH: "/usr/bin:/bin",
    GOPRIVATE: GIT_HOST,
    HTTPS_PROXY: server.proxy,
    SSL_CERT_FILE: at("authority.pem"),
    GIT_SSL_CAINFO: at("authority.pem"),
    ...Object.fromEntries(
      Object.entries(env).map(([key, value]) => [key, value.replaceAll("~", at("home"))]),
    ),
  };
  await mkdir(at("work"));
  const command = goIn(at("work"), known, {
    goproxy: env["GOPROXY"] ?? "direct",
    gosumdb: env["GOSUMDB"] ?? "off",
    user,
  });
  await command.run(["mod", "download", `${name}@v1.0.0`], { cwd: at("work") });
  return await readFile(join(goFolders(at("work")).download, name, "@v", "v1.0.0.ziphash"), "utf8");
}

describe.skipIf(!git)("a private module is fetched", () => {
  it.each<[string, () => User]>([
    ["with the login in ~/.netrc", () => ({ home: { ".netrc": netrc(LOGIN.password) } })],
    [
      "with a netrc that NETRC names, for Go, and a credential helper for git",
      () => ({
        env: { NETRC: "~/logins" },
        home: { logins: netrc(LOGIN.password), ".gitconfig": helper(LOGIN.password) },
      }),
    ],
    [
      "with git's credential helper, which GOAUTH names to Go",
      () => ({ env: { GOAUTH: "git ~" }, home: { ".gitconfig": helper(LOGIN.password) } }),
    ],
    [
      "with a command in GOAUTH, and http.extraHeader for git",
      () => ({
        env: { GOAUTH: "sh ~/auth" },
        home: {
          ".gitconfig": HEADER,
          auth: `printf 'https://${GIT_HOST}/\\n\\nAuthorization: Basic ${BASIC}\\n\\n'\n`,
        },
      }),
    ],
  ])("%s", async (_, user) => {
    if (go === undefined) throw new Error("skipped without go");
    expect(await download(user(), go)).toMatch(/^h1:/u);
  });

  it("by the address that url.insteadOf gives, with the path naming the server", async () => {
    if (go === undefined) throw new Error("skipped without go");
    const { user, password } = LOGIN;
    const gitconfig = `[url "https://${user}:${password}@${GIT_HOST}/"]\n\tinsteadOf = https://${GIT_HOST}/\n`;
    const path = `${GIT_HOST}/named.git`;
    await server.tag("named", "v1.0.0", { "go.mod": `module ${path}\n`, "named.go": "package named\n" });
    expect(await download({ home: { ".gitconfig": gitconfig } }, go, path)).toMatch(/^h1:/u);
  });
});

/** Refused, with a code, and nothing of any login in what is said. */
async function refusal(user: User, name?: string): Promise<GoferryError> {
  if (go === undefined) throw new Error("skipped without go");
  const error: unknown = await download(user, go, name).catch((thrown: unknown) => thrown);
  if (!(error instanceof GoferryError)) throw new Error(`not refused: ${String(error)}`);
  const shown = JSON.stringify(error.toJSON());
  for (const secret of [LOGIN.password, BASIC, "wrong-4732"]) expect(shown).not.toContain(secret);
  expect(error.subject).toBe(`${name ?? MODULE}@v1.0.0`);
  return error;
}

describe.skipIf(!git)("a private module is refused", () => {
  it.each<[string, () => User, object]>([
    [
      "without a login",
      () => ({}),
      { code: "NOT_FOUND", found: said("401 Unauthorized"), next: said("netrc") },
    ],
    [
      "with a wrong password",
      () => ({ home: { ".netrc": netrc("wrong-4732") } }),
      { code: "NOT_FOUND", found: said("401 Unauthorized"), next: said("netrc") },
    ],
    [
      "with a password that only Go has",
      () => ({ env: { NETRC: "~/logins" }, home: { logins: netrc(LOGIN.password) } }),
      { code: "NOT_FOUND", found: said("could not read Username"), next: said("netrc") },
    ],
    [
      "with a password that is wrong for git",
      () => ({
        env: { NETRC: "~/logins" },
        home: { logins: netrc(LOGIN.password), ".gitconfig": helper("wrong-4732") },
      }),
      { code: "NOT_FOUND", found: said("Authentication failed"), next: said("netrc") },
    ],
    [
      "without git on PATH",
      () => ({ env: { PATH: "/var/empty" }, home: { ".netrc": netrc(LOGIN.password) } }),
      { code: "VCS_MISSING", expected: "git on PATH", next: said("Install git") },
    ],
    [
      "with certificates that Go does not know",
      () => ({ env: { SSL_CERT_FILE: "/dev/null" }, home: { ".netrc": netrc(LOGIN.password) } }),
      {
        code: "CERTIFICATE_UNTRUSTED",
        message: said(GIT_HOST),
        found: said("x509"),
        next: said("--ca-file"),
      },
    ],
    [
      "with certificates that git does not know",
      () => ({ env: { GIT_SSL_CAINFO: "/dev/null" }, home: { ".netrc": netrc(LOGIN.password) } }),
      { code: "CERTIFICATE_UNTRUSTED", found: said("unable to access"), next: said("--ca-file") },
    ],
  ])("%s", async (_, user, expected) => {
    expect(await refusal(user())).toMatchObject(expected);
  });

  it("with the proposal of a pattern, when none names it and the checksum database has no record", async () => {
    const log = checksumLog();
    log.add({ path: "example.com/public", version: "v1.0.0" });
    await using proxy = await serveModules(async (path) => {
      const [, file] = /^sumdb\/sum\.example\.com\/(.+)$/u.exec(path) ?? [];
      if (file === "supported") return "";
      return file === undefined ? undefined : await log.fetch(file).catch(() => undefined);
    });
    const env = { GOPRIVATE: "", GOPROXY: `${proxy.url},direct`, GOSUMDB: log.vkey };
    const error = await refusal({ env, home: { ".netrc": netrc(LOGIN.password) } });
    expect(error).toMatchObject({
      code: "NOT_FOUND",
      found: said("404"),
      next: said(`GOPRIVATE='${GIT_HOST}/*'`),
    });
  });
});

describe.skipIf(!ssh)("a private module over SSH", () => {
  function overSsh(known: string, agent: string): User {
    const gitconfig = `[url "${shell?.url ?? ""}${server.folder}/"]\n\tinsteadOf = https://${GIT_HOST}/\n`;
    return {
      env: { GIT_SSH_COMMAND: shell?.command(known) ?? "", SSH_AUTH_SOCK: agent },
      home: { ".gitconfig": gitconfig, ".netrc": netrc(LOGIN.password) },
    };
  }

  it("is fetched with a key of the agent", async () => {
    if (go === undefined || shell === undefined) throw new Error("skipped without go or sshd");
    expect(await download(overSsh(shell.knownHosts, shell.agent), go)).toMatch(/^h1:/u);
  });

  it("is refused without the key", async () => {
    expect(await refusal(overSsh(shell?.knownHosts ?? "", "/var/empty/agent"))).toMatchObject({
      code: "NOT_FOUND",
      found: said("Permission denied"),
      next: said("ssh-add"),
    });
  });

  it("is refused by a server with another key than it had", async () => {
    await using folder = await temporaryFolder();
    const known = join(folder.path, "known");
    const text = await readFile(shell?.knownHosts ?? "", "utf8");
    // Another key of the same kind: its last letters are another point.
    await writeFile(known, text.replace(/[A-Za-z0-9+/]{4}(?= \S+\n?$)/u, "AAAA"));
    expect(await refusal(overSsh(known, shell?.agent ?? ""))).toMatchObject({
      code: "NETWORK_UNREACHABLE",
      message: said("another SSH host key"),
      next: said("administrator"),
    });
  });

  it("is refused while the key of the server is not known", async () => {
    expect(await refusal(overSsh("/dev/null", shell?.agent ?? ""))).toMatchObject({
      code: "NETWORK_UNREACHABLE",
      message: said("host key of the server is not known"),
      next: said("fingerprint"),
    });
  });
});

function said(text: string): unknown {
  return expect.stringContaining(text);
}
