import { createHash } from "node:crypto";
import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { GoferryError, dirhash, goModHash } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder, writeFiles } from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import { createCache } from "../net/cache.ts";
import { fetchToolchain, unpackToolchain } from "./toolchain.ts";
import { LARGE_ENTRY_BYTES } from "./zip.ts";
import type { FetchToolchainOptions } from "./toolchain.ts";

const VERSION = "v0.0.1-go1.27.1.linux-amd64";
const KEY = `golang.org/toolchain/@v/${VERSION}.zip`;
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
      return { resumed: false };
    },
  };
  return { proxy, asked };
}

/** A proxy that sends a file in two pieces, so that downloads of several builds overlap. */
function makeSlowProxy(zip: Uint8Array): FetchToolchainOptions["proxy"] {
  return {
    async download(_, file) {
      await writeFile(file, zip.subarray(0, 100));
      await wait(20);
      await writeFile(file, zip.subarray(100), { flag: "a" });
      return { resumed: false };
    },
  };
}

function request(cacheDir: string, proxy: FetchToolchainOptions["proxy"]): FetchToolchainOptions {
  const cache = createCache(cacheDir);
  return { version: "1.27.1", platform: "linux/amd64", proxy, cache, expected: EXPECTED };
}

/** The files in the cache. */
async function kept(cacheDir: string): Promise<string[]> {
  const entries = await readdir(cacheDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe("fetchToolchain", () => {
  it("fetches a toolchain once, and finds it in the cache the next time", async () => {
    await using folder = await temporaryFolder();
    const cache = join(folder.path, "cache");
    const { proxy, asked } = makeProxy(zipOf(TREE));
    const first = await fetchToolchain(request(cache, proxy));
    const second = await fetchToolchain(request(cache, proxy));
    expect(asked).toEqual([`golang.org/toolchain/@v/${VERSION}.zip`]);
    expect(first).toMatchObject({ path: "golang.org/toolchain", version: VERSION, ...EXPECTED });
    expect(second).toEqual(first);
    expect(await kept(cache)).toEqual([`${VERSION}.zip`]);
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
    expect(await kept(folder.path)).toEqual([]);
  });

  it("takes the file from one answer where what several gave is not it, and believes no other hash then either", async () => {
    for (const [second, outcome] of [
      [zipOf(TREE), "no error"],
      [zipOf({ ...TREE, VERSION: "go1.27.2\n" }), "LOG_MISMATCH"],
    ] as const) {
      await using folder = await temporaryFolder();
      const asked: (boolean | undefined)[] = [];
      const proxy: FetchToolchainOptions["proxy"] = {
        async download(_, file, { whole }) {
          asked.push(whole);
          await writeFile(file, whole === true ? second : zipOf(TREE).subarray(9));
          return { resumed: whole !== true };
        },
      };
      expect(await codeOf(fetchToolchain(request(folder.path, proxy)))).toBe(outcome);
      expect(asked).toEqual([undefined, true]);
    }
  });

  it("refuses a file that is no zip, and keeps nothing of it", async () => {
    await using folder = await temporaryFolder();
    const { proxy } = makeProxy(new TextEncoder().encode("<html>sign in, please</html>"));
    expect(await codeOf(fetchToolchain(request(folder.path, proxy)))).toBe("MODULE_ZIP_INVALID");
    expect(await kept(folder.path)).toEqual([]);
  });

  it("replaces a cached file that was damaged", async () => {
    await using folder = await temporaryFolder();
    const zip = zipOf(TREE);
    for (const damaged of [zip.subarray(0, 1_000), zipOf({ VERSION: "go1.27.1\n" })]) {
      const { proxy, asked } = makeProxy(zip);
      const options = request(folder.path, proxy);
      await writeFiles(folder.path, { [relative(folder.path, options.cache.file(KEY))]: damaged });
      await fetchToolchain(options);
      expect(asked).toHaveLength(1);
      expect((await readFile(options.cache.file(KEY))).equals(zip)).toBe(true);
    }
  });

  // Both builds once wrote the same temporary file, and each removed the other's.
  it("may be called by several builds with one cache at the same time", async () => {
    await using folder = await temporaryFolder();
    const zip = zipOf(TREE);
    const slow = makeSlowProxy(zip);
    const builds = Array.from({ length: 4 }, () => fetchToolchain(request(folder.path, slow)));
    const fetched = await Promise.all(builds);
    expect(new Set(fetched.map((each) => each.zip)).size).toBe(1);
    expect((await readFile(fetched[0]?.zip ?? "")).equals(zip)).toBe(true);
    expect(await kept(folder.path)).toEqual([`${VERSION}.zip`]);
  });

  it("believes a file that another build put there no more than one from the proxy", async () => {
    await using folder = await temporaryFolder();
    const { proxy, asked } = makeProxy(zipOf(TREE));
    const options = request(folder.path, proxy);
    const { cache } = options;
    const other: FetchToolchainOptions = {
      ...options,
      cache: {
        ...cache,
        fetchInto: async (key) =>
          cache.fetchInto(key, (file) => writeFile(file, zipOf({ VERSION: "go1.27.1\n" }))),
      },
    };
    expect(await codeOf(fetchToolchain(other))).toBe("LOG_MISMATCH");
    expect(await fetchToolchain(options)).toMatchObject(EXPECTED);
    expect(asked).toHaveLength(1);
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
  const { h1 } = EXPECTED;

  // Somebody may have put another zip there after it was compared.
  it.each(["bin/go", "src/fmt/print.go"])(
    "refuses a zip with another %s, and keeps nothing of it",
    async (name) => {
      await using folder = await temporaryFolder();
      const zip = join(folder.path, "t.zip");
      await writeFile(zip, zipOf({ ...TREE, [name]: new Uint8Array(LARGE_ENTRY_BYTES + 1).fill(8) }));
      const dir = join(folder.path, "go");
      const error = await unpackToolchain({ zip, dir, version: VERSION, h1 }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: "LOG_MISMATCH", expected: h1 });
      expect(await readdir(folder.path)).toEqual(["t.zip"]);
    },
  );

  it("makes a GOROOT with go.mod files and executable bits", async () => {
    await using folder = await temporaryFolder();
    const zip = join(folder.path, "t.zip");
    await writeFile(zip, zipOf(TREE));
    const goroot = join(folder.path, "sdk", "go");
    await unpackToolchain({ zip, dir: goroot, version: VERSION, h1 });

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
    expect(await codeOf(unpackToolchain({ zip, dir: goroot, version: VERSION, h1 }))).toBe("IO_FAILED");
  });

  it("stops when it is interrupted", async () => {
    await using folder = await temporaryFolder();
    const zip = join(folder.path, "t.zip");
    const tree = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`src/${i}.go`, "package p\n"]));
    await writeFile(zip, zipOf(tree));
    const dir = join(folder.path, "go");
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(unpackToolchain({ zip, dir, version: VERSION, h1, signal })).rejects.toThrow("Ctrl-C");
    expect((await kept(dir)).length).toBeLessThan(100);
  });
});
