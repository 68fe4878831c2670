import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { beforeAll, describe, expect, it } from "vitest";

import { readAuthorities } from "./authorities.ts";
import { CA_FILE_MAX_BYTES } from "./limits.ts";
import { selfSigned } from "./test-certificates.ts";

const [one, two, three, four] = ["one.test", "two.test", "three.test", "four.test"].map(selfSigned);
const [a = "", b = "", c = "", d = ""] = [one, two, three, four].map((each) => each?.cert);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "goferry-authorities-"));
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe("readAuthorities", () => {
  it("puts together what the flag and the variables name, each once, beside those of the system", async () => {
    await mkdir(join(folder, "dir"));
    await file("dir/d.0", d);
    await file("dir/README", "no certificate");
    const found = await readAuthorities({
      env: {
        SSL_CERT_FILE: await file("b.pem", `Bag attributes\r\n${b.replaceAll("\n", "\r\n")}${a}`),
        NODE_EXTRA_CA_CERTS: await file("c.pem", `# c\n${c}`),
        SSL_CERT_DIR: `${join(folder, "dir")}:`,
      },
      caFiles: [await file("a.pem", a)],
      systemFiles: ["/nowhere/ca.crt", await file("system.crt", a + b), await file("unused.crt", c)],
    });
    expect(found).toEqual({ extra: [a, b, c, d], system: [a, b], note: undefined });
  });

  it("finds the authorities of a system that has them", async () => {
    const { system, extra } = await readAuthorities({ env: {} });
    expect(extra).toEqual([]);
    for (const each of system) expect(each).toMatch(/^-----BEGIN CERTIFICATE-----\n/u);
  });

  it.each<[string, string | Uint8Array | undefined, string]>([
    ["is not there", undefined, "ENOENT"],
    ["is empty", "\n", "an empty file"],
    ["is DER", Buffer.from(a.replaceAll(/-----[A-Z ]+-----|\n/gu, ""), "base64"), "no PEM"],
    ["holds a key", one?.key ?? "", "PEM of another kind: PRIVATE KEY"],
    ["was cut", a.slice(0, -40), "a certificate that is damaged"],
    ["was cut after a whole one", b + a.slice(0, -40), "a certificate that is damaged"],
    ["holds something else in the right words", a.replaceAll("M", "N"), "a certificate that is damaged"],
    ["is far too large", Buffer.alloc(CA_FILE_MAX_BYTES + 1, "x"), "a file of 16777217 bytes"],
  ])("refuses a file of --ca-file that %s", async (_, content, found) => {
    const path = content === undefined ? join(folder, "none.pem") : await file("bad.pem", content);
    await expect(readAuthorities({ env: {}, caFiles: [path] })).rejects.toMatchObject({
      code: "CA_FILE_INVALID",
      exitCode: 2,
      subject: path,
      found: expect.stringContaining(found),
      next: expect.stringContaining("openssl"),
    });
  });

  it("refuses a folder and a device, which may have no end", async () => {
    for (const path of [folder, "/dev/zero"]) {
      await expect(readAuthorities({ env: {}, caFiles: [path] })).rejects.toMatchObject({
        code: "CA_FILE_INVALID",
      });
    }
  });

  it("notes a variable whose file is gone, and refuses one whose file is none", async () => {
    const { note } = await readAuthorities({
      env: { SSL_CERT_FILE: "/nowhere/ca.pem", SSL_CERT_DIR: "/nowhere/certs" },
    });
    expect(note).toContain("/nowhere/ca.pem (SSL_CERT_FILE), /nowhere/certs (SSL_CERT_DIR)");
    for (const name of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]) {
      await expect(readAuthorities({ env: { [name]: await file("key.pem", "x") } })).rejects.toMatchObject({
        code: "CA_FILE_INVALID",
        subject: name,
      });
    }
  });

  it("is told how to convert a DER file by a command that works", async () => {
    const der = await file("corp.der", Buffer.from(a.replaceAll(/-----[A-Z ]+-----|\n/gu, ""), "base64"));
    const pem = join(folder, "corp.pem");
    await promisify(execFile)("openssl", ["x509", "-inform", "der", "-in", der, "-out", pem]);
    expect((await readAuthorities({ env: {}, caFiles: [pem] })).extra).toEqual([a]);
  });
});
