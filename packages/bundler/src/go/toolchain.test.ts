import { createHash } from "node:crypto";
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GoferryError, dirhash, goModHash } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { fetchToolchain, unpackToolchain } from "./toolchain.ts";
import { LARGE_ENTRY_BYTES } from "./zip.ts";
import type { FetchToolchainOptions } from "./toolchain.ts";

const VERSION = "v0.0.1-go1.27.1.linux-amd64";
const PREFIX = `golang.org/toolchain@${VERSION}/`;

/** A small toolchain, with the names that its module has. */
const TREE: Record<string, string | Uint8Array> = {
  VERSION: "go1.27.1\n",
  "bin/go": new Uint8Array(LARGE_ENTRY_BYTES + 1).fill(7),
  "lib/wasm/go_js_wasm_exec": "#!/bin/sh\n",
  "pkg/tool/linux_amd64/compile": "compile",
  "src/_go.mod": "module std\n",
  "src/all.bash": "#!/bin/bash\n",
  "src/fmt/print.go": "package fmt\n",
};

function zipOf(tree: Record<string, string | Uint8Array>): Uint8Array {
  return makeZip(Object.entries(tree).map(([name, content]) => ({ name: PREFIX + name, content })));
}

const EXPECTED = {
  h1: dirhash(
    Object.entries(TREE).map(([name, content]) => ({
      name: PREFIX + name,
      sha256: createHash("sha256").update(content).digest("hex"),
    })),
  ),
  modH1: goModHash(new TextEncoder().encode("module golang.org/toolchain\n")),
};

/** A module proxy that answers with `zip`, and what it was asked. */
function makeProxy(zip: Uint8Array): Pick<FetchToolchainOptions, "proxy"> & { asked: string[] } {
  const asked: string[] = [];
  const proxy: FetchToolchainOptions["proxy"] = {
    async download(path, file, { subject, limit }) {
      asked.push(path);
      if (zip.length > limit) throw new GoferryError("RESPONSE_INVALID", { subject, message: "too large" });
      await writeFile(file, zip);
    },
  };
  return { proxy, asked };
}

function request(cacheDir: string, proxy: FetchToolchainOptions["proxy"]): FetchToolchainOptions {
  return { version: "1.27.1", platform: "linux/amd64", proxy, cacheDir, expected: EXPECTED };
}

describe("fetchToolchain", () => {
  it("fetches a toolchain once, and finds it in the cache the next time", async () => {
    await using folder = await temporaryFolder();
    const cache = join(folder.path, "cache");
    const { proxy, asked } = makeProxy(zipOf(TREE));
    const first = await fetchToolchain(request(cache, proxy));
    const second = await fetchToolchain(request(cache, proxy));
    expect(asked).toEqual([`golang.org/toolchain/@v/${VERSION}.zip`]);
    expect(first).toMatchObject({
      path: "golang.org/toolchain",
      version: VERSION,
      ...EXPECTED,
      downloaded: true,
    });
    expect(second).toEqual({ ...first, downloaded: false });
    expect(await readdir(cache)).toEqual([`${VERSION}.zip`]);
  });

  it("refuses a toolchain with one changed file, and keeps nothing of it", async () => {
    await using folder = await temporaryFolder();
    const { proxy } = makeProxy(zipOf({ ...TREE, "src/fmt/print.go": "package fmt // and more\n" }));
    const error = await fetchToolchain(request(folder.path, proxy)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "LOG_MISMATCH",
      exitCode: 3,
      subject: `golang.org/toolchain@${VERSION}`,
      expected: EXPECTED.h1,
    });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("refuses a file that is no zip, and keeps nothing of it", async () => {
    await using folder = await temporaryFolder();
    const { proxy } = makeProxy(new TextEncoder().encode("<html>sign in, please</html>"));
    expect(await codeOf(fetchToolchain(request(folder.path, proxy)))).toBe("MODULE_ZIP_INVALID");
    expect(await readdir(folder.path)).toEqual([]);
  });

  it("replaces a cached file that was damaged", async () => {
    await using folder = await temporaryFolder();
    const zip = zipOf(TREE);
    for (const damaged of [zip.subarray(0, 1_000), zipOf({ VERSION: "go1.27.1\n" })]) {
      await writeFile(join(folder.path, `${VERSION}.zip`), damaged);
      const { proxy, asked } = makeProxy(zip);
      const { downloaded } = await fetchToolchain(request(folder.path, proxy));
      expect(downloaded).toBe(true);
      expect(asked).toHaveLength(1);
      expect((await readFile(join(folder.path, `${VERSION}.zip`))).equals(zip)).toBe(true);
    }
  });

  it("asks for nothing when the log has another go.mod", async () => {
    await using folder = await temporaryFolder();
    const { proxy, asked } = makeProxy(zipOf(TREE));
    const options = { ...request(folder.path, proxy), expected: { ...EXPECTED, modH1: EXPECTED.h1 } };
    expect(await codeOf(fetchToolchain(options))).toBe("LOG_MISMATCH");
    expect(asked).toEqual([]);
  });
});

describe("unpackToolchain", () => {
  it("makes a GOROOT with go.mod files and executable bits", async () => {
    await using folder = await temporaryFolder();
    const zip = join(folder.path, "t.zip");
    await writeFile(zip, zipOf(TREE));
    const goroot = join(folder.path, "sdk", "go");
    await unpackToolchain(zip, goroot, VERSION);

    const modes: Record<string, string> = {};
    for (const [name, content] of Object.entries(TREE)) {
      const file = join(goroot, name.replace("_go.mod", "go.mod"));
      expect(Buffer.from(content).equals(await readFile(file))).toBe(true);
      modes[name] = ((await stat(file)).mode & 0o777).toString(8);
    }
    expect(modes).toEqual({
      VERSION: "644",
      "bin/go": "755",
      "lib/wasm/go_js_wasm_exec": "755",
      "pkg/tool/linux_amd64/compile": "755",
      "src/_go.mod": "644",
      "src/all.bash": "755",
      "src/fmt/print.go": "644",
    });
    expect(await codeOf(unpackToolchain(zip, goroot, VERSION))).toBe("IO_FAILED");
  });
});
