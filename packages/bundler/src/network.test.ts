import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { readTrustedKey, SUM_GOLANG_ORG_KEY } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder, writeFiles } from "../../../test/kit/bundler-go.ts";
import { checksumLog, type ChecksumLog } from "../../../test/kit/checksum-log.ts";
import { generateKey } from "./keys.ts";
import type { BuildContext } from "./machine.ts";
import { selfSigned } from "./net/test-certificates.ts";
import { serve, type TestServer } from "./net/test-server.ts";
import { openNetwork, throughProxyOf, type Network, type ToolchainWish } from "./network.ts";

/** The network of a user whose HOME is `folder`, with no go on PATH. */
async function open(
  folder: string,
  env: Record<string, string>,
  caFiles: string[] = [],
  wish: ToolchainWish = { from: "proxy" },
): Promise<Network> {
  const context: BuildContext = {
    machine: {
      platform: "linux/amd64",
      env: { HOME: folder, PATH: join(folder, "bin"), ...env },
      cacheDir: folder,
      uid: undefined,
      now: () => new Date(),
      kill: (pid, signal) => process.kill(pid, signal),
      caFiles,
      userAgent: "test",
      runtime: "test",
    },
    workDir: folder,
    onProgress: () => undefined,
  };
  return await openNetwork(context, wish);
}

/** A server with a checksum database below `prefix`; everything else is 404. */
async function serveLog(log: ChecksumLog, prefix: string): Promise<TestServer> {
  return await serve((request, response) => {
    const path = request.url ?? "";
    const below = path.startsWith(prefix) ? path.slice(prefix.length) : "none";
    if (below === "supported") response.end();
    else
      log.fetch(below).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
  });
}

describe("openNetwork", () => {
  it("asks the checksum database through the module proxy", async () => {
    await using folder = await temporaryFolder();
    const log = checksumLog();
    await using proxy = await serveLog(log, "/sumdb/sum.example.com/");
    const network = await open(folder.path, { GOPROXY: proxy.url, GOSUMDB: log.vkey });
    expect(network.log).toMatchObject({ name: "sum.example.com", key: log.vkey });
    expect(Buffer.from(await network.log.fetch("latest")).toString()).toBe(log.head());
    expect(network.goEnv).toMatchObject({ GOPROXY: proxy.url, GOSUMDB: log.vkey });
  });

  // As go does: a database of the site's own may be unknown to the proxy, and its name no business of it.
  it("asks a database with a URL there, and tells the proxy nothing of it", async () => {
    await using folder = await temporaryFolder();
    const log = checksumLog();
    await using proxy = await serve((_, response) => response.end("anything"));
    await using database = await serveLog(log, "/db/");
    const setting = `${log.vkey} ${database.url}/db`;
    const network = await open(folder.path, { GOPROXY: proxy.url, GOSUMDB: setting });
    expect(Buffer.from(await network.log.fetch("latest")).toString()).toBe(log.head());
    expect(proxy.requests).toEqual([]);
    expect(network.goEnv["GOSUMDB"]).toBe(setting);
  });

  it("reads the go/env file, and lets the environment win over it", async () => {
    await using folder = await temporaryFolder();
    const log = checksumLog();
    const lines = ["GOPROXY=http://file.test", `GOSUMDB=${log.vkey}`, "GOPRIVATE=corp.test/*", ""];
    await writeFiles(folder.path, { ".config/go/env": lines.join("\n") });
    const fromFile = await open(folder.path, {});
    expect(fromFile.goEnv).toMatchObject({ GOPROXY: "http://file.test", GOSUMDB: log.vkey });
    expect(fromFile).toMatchObject({ privatePatterns: ["corp.test/*"], log: { key: log.vkey } });

    const env = { GOPROXY: "http://env.test", GOSUMDB: "sum.golang.org", GONOSUMDB: "own.test" };
    const fromEnv = await open(folder.path, env);
    expect(fromEnv.goEnv).toMatchObject({ GOPROXY: "http://env.test", GOSUMDB: "sum.golang.org" });
    expect(fromEnv).toMatchObject({ privatePatterns: ["own.test"], log: { key: SUM_GOLANG_ORG_KEY } });
  });

  it("logs in by a command of GOAUTH in the go/env file, which gets what fetching needs and no other secret", async () => {
    await using folder = await temporaryFolder();
    const certificate = selfSigned("localhost");
    await using proxy = await serve(({ headers }, response) => {
      response.writeHead(headers.authorization === "Bearer none" ? 200 : 401).end("list");
    }, certificate);
    const script = `printf '${proxy.url}/\\n\\nAuthorization: Bearer %s\\n\\n' "\${MY_TOKEN-none}"\n`;
    const lines = [`GOPROXY=${proxy.url}`, `GOAUTH=/bin/sh ${join(folder.path, "auth")}`, ""];
    await writeFiles(folder.path, {
      auth: script,
      "ca.pem": certificate.cert,
      ".config/go/env": lines.join("\n"),
    });
    const network = await open(folder.path, {
      MY_TOKEN: "secret",
      SSL_CERT_FILE: join(folder.path, "ca.pem"),
    });
    const bytes = await network.proxy.get("example.com/a/@v/list", { subject: "a", limit: 100 });
    expect(Buffer.from(bytes).toString()).toBe("list");
  });

  it("trusts a file of --ca-file in its own downloads, and has go and git trust it", async () => {
    await using folder = await temporaryFolder();
    const certificate = selfSigned("localhost");
    await using proxy = await serve((_, response) => response.end("list"), certificate);
    await writeFiles(folder.path, { "ca.pem": certificate.cert });
    const network = await open(folder.path, { GOPROXY: proxy.url }, [join(folder.path, "ca.pem")]);
    expect((await network.proxy.get("example.com/a/@v/list", { subject: "a", limit: 9 })).length).toBe(4);
    for (const name of ["SSL_CERT_FILE", "GIT_CONFIG_VALUE_0"]) {
      expect(await readFile(network.goEnv[name] ?? "", "utf8")).toContain(certificate.cert);
    }
    expect(await codeOf(open(folder.path, {}, ["/nowhere/ca.pem"]))).toBe("CA_FILE_INVALID");
  });

  it("goes on checking where GOSUMDB is off", async () => {
    await using folder = await temporaryFolder();
    const network = await open(folder.path, { GOPROXY: "http://env.test", GOSUMDB: "off" });
    expect(network.log.key).toBe(SUM_GOLANG_ORG_KEY);
    expect(network.goEnv["GOSUMDB"]).toBe("sum.golang.org");
  });

  it("takes the proxy of a go on PATH when nobody else names one", async () => {
    await using folder = await temporaryFolder();
    expect(await codeOf(open(folder.path, {}))).toBe("PROXY_UNKNOWN");
    await mkdir(join(folder.path, "bin"));
    const go = '#!/bin/sh\n[ "$* $GOTOOLCHAIN" = "env GOPROXY local" ] && echo http://path.test,direct\n';
    await writeFile(join(folder.path, "bin", "go"), go, { mode: 0o755 });
    expect((await open(folder.path, {})).goEnv["GOPROXY"]).toBe("http://path.test,direct");
  });

  it("needs no proxy for toolchains from go.dev/dl, until one of them says which its go uses", async () => {
    await using folder = await temporaryFolder();
    const log = checksumLog();
    await using database = await serveLog(log, "/");
    await using proxy = await serveLog(log, "/sumdb/sum.example.com/");
    const goroot = join(folder.path, "go");
    await writeFiles(goroot, { "go.env": `# GOPROXY=x\nGOPROXY=${proxy.url}\nGOPROXY=http://later.test\n` });

    const own = { GOSUMDB: `${log.vkey} ${database.url}` };
    const network = await open(folder.path, own, [], { from: "dl" });
    expect(network.toolchains.origin).toMatchObject({ from: "dl", url: "https://go.dev/dl" });
    expect(network.goEnv["GOPROXY"]).toBe("direct");
    expect(Buffer.from(await network.log.fetch("latest")).toString()).toBe(log.head());
    expect(database.requests.map(({ url }) => url)).toEqual(["/latest"]);

    const found = await throughProxyOf(goroot, network);
    expect(found.goEnv["GOPROXY"]).toBe(proxy.url);
    expect(found.toolchains).toBe(network.toolchains);
    // Without an address of its own the database is then asked through the proxies, as go does.
    const plain = await open(folder.path, { GOSUMDB: log.vkey }, [], { from: "dl" });
    const through = await throughProxyOf(goroot, plain);
    expect(Buffer.from(await through.log.fetch("latest")).toString()).toBe(log.head());

    const known = await open(folder.path, { ...own, GOPROXY: "http://env.test" }, [], { from: "dl" });
    expect((await throughProxyOf(goroot, known)).goEnv["GOPROXY"]).toBe("http://env.test");
    await writeFiles(goroot, { "go.env": "GOTOOLCHAIN=auto\n" });
    expect((await throughProxyOf(goroot, network)).goEnv["GOPROXY"]).toBe("direct");
    expect(await codeOf(throughProxyOf(folder.path, network))).toBe("IO_FAILED");
  });

  it("takes further keys of archives, beside Google's", async () => {
    await using folder = await temporaryFolder();
    const { publicKey } = await generateKey({ name: "Mirror", email: "m@example.com", now: new Date() });
    const key = await readTrustedKey(Buffer.from(publicKey));
    const wish = { from: "dl", dlUrl: "https://me:word@mirror.test/dl/", releaseKeys: [key] } as const;
    expect((await open(folder.path, {}, [], wish)).toolchains.origin).toEqual({
      from: "dl",
      url: "https://mirror.test/dl",
      keys: ["EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796", key.fingerprint],
    });
    expect((await open(folder.path, { GOPROXY: "http://env.test" })).toolchains.origin).toEqual({
      from: "proxy",
    });
  });

  // GOPRIVATE may stand in it, and a private module's name must not reach the public database.
  it("refuses a go/env file that it cannot read, even when it has a proxy", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, ".config", "go", "env"), { recursive: true });
    expect(await codeOf(open(folder.path, { GOPROXY: "http://env.test" }))).toBe("IO_FAILED");
    expect(await codeOf(open(folder.path, { GOPROXY: "http://env.test", GOENV: "off" }))).toBe("no error");
  });

  it("refuses a GOSUMDB that go would refuse", async () => {
    await using folder = await temporaryFolder();
    const env = { GOPROXY: "http://env.test", GOSUMDB: "sum.example.com" };
    expect(await codeOf(open(folder.path, env))).toBe("ARGUMENT_INVALID");
  });
});
