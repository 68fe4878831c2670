// The methods of GOAUTH with real servers and real commands, through the http layer that uses them.
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runner } from "../../../../test/kit/bundler-go.ts";
import type { AuthCommand } from "./goauth.ts";
import { createHttp, type Http } from "./http.ts";
import { selfSigned } from "./test-certificates.ts";
import { serve } from "./test-server.ts";

const options = { subject: "example.test/mod@v1.0.0", limit: 1000 };
const certificate = selfSigned("localhost");
const basic = (words: string): string => `Basic ${Buffer.from(words).toString("base64")}`;

/** Lets one login in, and others with the status of a refusal. */
const guarded =
  (login: string, status = 401): RequestListener =>
  ({ headers }, response) =>
    void response.writeHead(headers.authorization === login ? 200 : status).end("hello");

interface User {
  http: Http;
  folder: string;
  /** The commands that were run, their words joined. */
  ran: string[];
}

/** A user with a netrc, a git configuration and programs in a folder, which stands for ~ in GOAUTH. */
async function user(goauth: string, files: Record<string, string> = {}): Promise<User> {
  const folder = await mkdtemp(join(tmpdir(), "goferry-goauth-"));
  for (const [name, text] of Object.entries({ "ca.pem": certificate.cert, ...files })) {
    await writeFile(join(folder, name), text);
  }
  const ran: string[] = [];
  const env = { HOME: folder, PATH: "/usr/bin:/bin", GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
  const runAuth: AuthCommand = async ([file = "", ...args], { input, cwd = folder }) => {
    ran.push([file, ...args].join(" ").replaceAll(folder, "~"));
    const { code, stdout } = await runner(file, args, { cwd, env, input });
    return code === 0 ? stdout : undefined;
  };
  const http = createHttp({
    env: { HOME: folder, SSL_CERT_FILE: join(folder, "ca.pem") },
    userAgent: "test",
    sleep: async () => undefined,
    goauth: goauth.replaceAll("~", folder),
    runAuth,
  });
  return { http, folder, ran };
}

const NETRC = { ".netrc": "machine localhost login me password word\n" };

const HELPER = '[credential]\n\thelper = "!f() { echo username=git; echo password=helped; }; f"\n';

describe("GOAUTH", () => {
  it.each(["", "netrc"])("%j reads netrc, also for a name with its port", async (goauth) => {
    await using server = await serve(guarded(basic("me:word")), certificate);
    const { http } = await user(goauth, NETRC);
    expect((await http.get(server.url, options)).status).toBe(200);
    const ported = { ".netrc": `machine localhost:${server.port} login me password word\n` };
    expect((await (await user(goauth, ported)).http.get(server.url, options)).status).toBe(200);
  });

  it("off reads nothing", async () => {
    await using server = await serve(guarded(basic("me:word")), certificate);
    const { http } = await user("off", NETRC);
    await expect(http.get(server.url, options)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("git DIR asks git's helpers once a server has refused, and knows the login from then on", async () => {
    await using server = await serve(guarded(basic("git:helped"), 404), certificate);
    const { http, ran } = await user("git ~", { ".gitconfig": HELPER });
    for (const path of ["/a", "/b"]) expect((await http.get(server.url + path, options)).status).toBe(200);
    expect(ran).toEqual(["git credential fill"]);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      basic("git:helped"),
      basic("git:helped"),
    ]);
  });

  it("a command prints headers for addresses, and is asked again with the address and the refusal", async () => {
    await using server = await serve(guarded("Bearer second"), certificate);
    const script = `cat > "$HOME/input"
case "$1" in "") word=first;; *) word=second;; esac
printf '%s\\n\\nAuthorization: Bearer %s\\n\\n' '${server.url}/' "$word"
`;
    const { http, ran, folder } = await user("sh '~/auth'", { auth: script });
    expect((await http.get(`${server.url}/x`, options)).status).toBe(200);
    expect(ran).toEqual(["sh ~/auth", `sh ~/auth ${server.url}/x`]);
    expect(await readFile(join(folder, "input"), "utf8")).toMatch(/^HTTP\/1\.1 401\n/u);
  });

  it("of several methods the first has the last word", async () => {
    await using server = await serve(guarded(basic("me:word")), certificate);
    const auth = `printf 'https://localhost/\\n\\nAuthorization: Bearer no\\n\\n'\n`;
    const { http } = await user("netrc;sh ~/auth", { ...NETRC, auth });
    expect((await http.get(server.url, options)).status).toBe(200);
  });

  it("is asked once for many requests at a time", async () => {
    await using server = await serve(guarded(basic("git:helped")), certificate);
    const { http, ran } = await user("git ~", { ".gitconfig": HELPER });
    await Promise.all(Array.from({ length: 8 }, () => http.get(server.url, options)));
    expect(ran).toEqual(["git credential fill"]);
  });

  it.each(["", "no address\n\nA: b\n\n", "https://localhost/\n", "https://localhost/\n\nbad header\n\n"])(
    "says nothing by an answer of another form: %j",
    async (answer) => {
      await using server = await serve(guarded("Bearer x", 403), certificate);
      const { http } = await user("cat ~/answer", { answer });
      await expect(http.get(server.url, options)).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    },
  );

  it("never logs in at another server, nor over http", async () => {
    const auth = `printf 'https://other.test/\\n\\nAuthorization: Bearer secret\\n\\n'\n`;
    await using server = await serve(guarded("Bearer secret"), certificate);
    const { http } = await user("sh ~/auth", { auth });
    await expect(http.get(server.url, options)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await using plain = await serve(guarded(basic("git:helped")));
    const { http: helped, ran } = await user("git ~", { ".gitconfig": HELPER });
    await expect(helped.get(plain.url, options)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(ran).toEqual([]);
  });

  it.each(["off;netrc", "git", "git relative", "netrc;;x", "netrc x"])(
    "%j is refused, as by Go",
    async (goauth) => {
      await using server = await serve(guarded("x"), certificate);
      const { http } = await user(`${goauth};cmd --token SECRET-WORD`);
      const error: unknown = await http.get(server.url, options).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "ARGUMENT_INVALID", subject: "GOAUTH" });
      expect(JSON.stringify(error)).not.toContain("SECRET-WORD");
      expect(server.requests).toHaveLength(0);
    },
  );
});
