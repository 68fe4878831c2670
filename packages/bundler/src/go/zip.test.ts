import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dirhash } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import type { TestEntry } from "../../../../test/kit/make-zip.ts";
import { LARGE_ENTRY_BYTES, hashModuleZip, openModuleZip } from "./zip.ts";

const PREFIX = "example.com/m@v1.0.0/";

/** Writes a zip of the entries, whose names get the prefix, and calls `use` with its path. */
async function withZip<T>(entries: readonly TestEntry[], use: (file: string) => Promise<T>): Promise<T> {
  return withBytes(
    makeZip(entries.map((e) => (typeof e.name === "string" ? { ...e, name: PREFIX + e.name } : e))),
    use,
  );
}

async function withBytes<T>(bytes: Uint8Array, use: (file: string) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "m.zip");
  await writeFile(file, bytes);
  return await use(file);
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

describe("openModuleZip", () => {
  it("hands out the contents in the byte order of the names, whatever the order in the file", async () => {
    // In UTF-16 the first of the two letters comes first, in UTF-8 the second.
    const entries: TestEntry[] = [
      { name: "z/\u{10428}", content: "astral" },
      { name: "z/\ua771", content: "in the BMP" },
      { name: "go.mod", content: "module example.com/m\n", stored: true },
      { name: "a.go", content: "package m\n", localExtra: 300 },
      { name: "empty", content: "" },
    ];
    await withZip(entries, async (file) => {
      const zip = await openModuleZip(file, PREFIX);
      const contents: [string, string][] = [];
      for (const entry of zip.entries) {
        contents.push([entry.path, new TextDecoder().decode(await zip.read(entry))]);
      }
      await zip.close();
      expect(contents).toEqual([
        ["a.go", "package m\n"],
        ["empty", ""],
        ["go.mod", "module example.com/m\n"],
        ["z/\ua771", "in the BMP"],
        ["z/\u{10428}", "astral"],
      ]);
    });
  });

  it("reads a large entry in pieces, deflated and stored", async () => {
    const content = randomBytes(LARGE_ENTRY_BYTES + 12_345);
    for (const stored of [true, false]) {
      await withZip([{ name: "large", content, stored }], async (file) => {
        const zip = await openModuleZip(file, PREFIX);
        const hash = createHash("sha256");
        let pieces = 0;
        for (const entry of zip.entries) {
          for await (const chunk of zip.chunks(entry)) {
            hash.update(chunk);
            pieces += 1;
          }
        }
        await zip.close();
        expect(hash.digest("hex")).toBe(sha256(content));
        expect(pieces).toBeGreaterThan(10);
        expect(await hashModuleZip(file, PREFIX)).toBe(
          dirhash([{ name: `${PREFIX}large`, sha256: sha256(content) }]),
        );
      });
    }
  });

  const HOSTILE: Record<string, TestEntry[]> = {
    "a name of another module": [
      { name: new TextEncoder().encode("example.com/other@v1.0.0/a.go"), content: "" },
    ],
    "an entry for a folder": [{ name: "folder/", content: "" }],
    "a symbolic link": [{ name: "link", content: "/etc/passwd", mode: 0o120777 }],
    "a device": [{ name: "device", content: "", mode: 0o020666 }],
    "an encrypted file": [{ name: "a.go", content: "x", flags: 0x801 }],
    "a method that Go cannot read": [{ name: "a.go", content: "x", method: 12 }],
    "a name that is not UTF-8": [{ name: Buffer.from(`${PREFIX}\xff`, "latin1"), content: "x" }],
    "a stored size that is wrong": [{ name: "a.go", content: "abc", stored: true, size: 5 }],
    "contents that would fill the disk": [{ name: "a.go", content: "x", size: 600 * 1024 * 1024 }],
  };
  for (const [what, entries] of Object.entries(HOSTILE)) {
    it(`refuses ${what}`, async () => {
      const code = await withZip(entries, (file) => codeOf(openModuleZip(file, PREFIX)));
      expect(code).toBe("MODULE_ZIP_INVALID");
    });
  }

  it.each([["../up"], ["a//b"], ["/abs"], ["a\\b"], ["CON.go"]])("refuses the name %s", async (name) => {
    const code = await withZip([{ name, content: "x" }], (file) => codeOf(openModuleZip(file, PREFIX)));
    expect(code).toBe("ENTRY_REFUSED");
  });

  it("refuses names that are there twice or differ in case only", async () => {
    for (const names of [
      ["a.go", "a.go"],
      ["a.go", "A.go"],
      ["a", "a/b"],
    ]) {
      const entries = names.map((name) => ({ name, content: "x" }));
      expect(await withZip(entries, (file) => codeOf(openModuleZip(file, PREFIX)))).toBe("ENTRY_REFUSED");
    }
  });

  const DAMAGED: Record<string, Partial<TestEntry>> = {
    "another CRC": { crc: 1 },
    "more bytes than recorded": { size: 3 },
    "fewer bytes than recorded": { size: 30 },
    "data that is not deflated": { compressed: Buffer.from("ffffffffffff", "hex") },
    "data that is cut": { compressed: Buffer.from("4b", "hex") },
  };
  for (const [what, detail] of Object.entries(DAMAGED)) {
    it(`refuses a content with ${what}, in one piece and in many`, async () => {
      await withZip([{ name: "a.go", content: "package m\n", ...detail }], async (file) => {
        const zip = await openModuleZip(file, PREFIX);
        const [entry] = zip.entries;
        if (entry === undefined) throw new Error("no entry");
        expect(await codeOf(zip.read(entry))).toBe("MODULE_ZIP_INVALID");
        expect(await codeOf(drain(zip.chunks(entry)))).toBe("MODULE_ZIP_INVALID");
        await zip.close();
      });
    });
  }

  it("refuses every file that is cut, and ends in a hash or a refusal whichever byte is changed", async () => {
    const whole = makeZip([
      { name: `${PREFIX}a.go`, content: "package m\n" },
      { name: `${PREFIX}go.mod`, content: "module example.com/m\n", stored: true },
    ]);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const cut = await withBytes(whole.subarray(0, at), (file) => codeOf(hashModuleZip(file, PREFIX)));
        expect(cut).toBe("MODULE_ZIP_INVALID");
        const changed = Uint8Array.from(whole, (byte, index) => (index === at ? byte ^ bits : byte));
        const code = await withBytes(changed, (file) => codeOf(hashModuleZip(file, PREFIX)));
        expect(["no error", "MODULE_ZIP_INVALID", "ENTRY_REFUSED"]).toContain(code);
      }),
      { numRuns: 40 },
    );
  });

  it("names a file that is not there", async () => {
    expect(await codeOf(openModuleZip("/nonexistent/m.zip", PREFIX))).toBe("IO_FAILED");
  });
});

describe("hashModuleZip", () => {
  it("is the dirhash of the names and contents", async () => {
    const entries = [
      { name: "b/_go.mod", content: "module b\n" },
      { name: "a.go", content: "package a\n" },
    ];
    const files = entries.map(({ name, content }) => ({ name: PREFIX + name, sha256: sha256(content) }));
    expect(await withZip(entries, (file) => hashModuleZip(file, PREFIX))).toBe(dirhash(files));
  });
});
