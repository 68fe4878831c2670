import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { writeModuleZip, type NewEntry } from "./write-module-zip.ts";
import { hashModuleZip, LARGE_ENTRY_BYTES, openModuleZip } from "./zip.ts";

const PREFIX = "example.com/m@v1.0.0/";

async function* entriesOf(files: Record<string, Uint8Array>): AsyncGenerator<NewEntry> {
  for (const [name, content] of Object.entries(files)) {
    yield {
      name: PREFIX + name,
      size: content.length,
      async *content() {
        for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000);
      },
    };
  }
}

describe("writeModuleZip", () => {
  it("writes what the reader of zips takes, large and small, and gives its h1", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "m.zip");
    const files = {
      "b/large": Buffer.alloc(LARGE_ENTRY_BYTES + 1, "abc"),
      "a.go": Buffer.from("package a\n"),
      empty: Buffer.of(),
      "Þ.go": Buffer.from("package b\n"),
    };
    const h1 = await writeModuleZip(file, entriesOf(files));
    expect(await hashModuleZip(file, PREFIX)).toBe(h1);
    const zip = await openModuleZip(file, PREFIX);
    for (const entry of zip.entries) {
      expect(Buffer.from(await zip.read(entry)).equals(files[entry.path as keyof typeof files])).toBe(true);
    }
    await zip.close();
    expect(zip.entries).toHaveLength(4);
  });

  it("refuses a content of another size, and a file that is there", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "m.zip");
    const wrong = async function* (): AsyncGenerator<NewEntry> {
      yield {
        name: `${PREFIX}a`,
        size: 2,
        content: async function* () {
          yield Buffer.of(1);
        },
      };
    };
    expect(await codeOf(writeModuleZip(file, wrong()))).toBe("INTERNAL");
    const other = join(folder.path, "other.zip");
    await writeFile(other, "mine");
    expect(await codeOf(writeModuleZip(other, entriesOf({})))).toBe("IO_FAILED");
    expect(await readFile(other, "utf8")).toBe("mine");
    await mkdir(join(folder.path, "folder"));
    expect(await codeOf(writeModuleZip(join(folder.path, "folder"), entriesOf({})))).toBe("IO_FAILED");
  });
});
