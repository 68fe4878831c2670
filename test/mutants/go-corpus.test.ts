// What Go refuses, we refuse: the test data of Go's own archive/tar, archive/zip and of golang.org/x/mod/zip, archives
// that chance has changed, and names by the thousand, each put to Go and to us. And what Go accepts as a module, we accept.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openModuleZip } from "../../packages/bundler/src/go/zip.ts";
import { checkEntryName, EntryNames, NAME_RULES } from "../../packages/core/src/archive/names.ts";
import { TarReader } from "../../packages/core/src/archive/tar-reader.ts";
import { GoferryError, isModule, zipPrefix } from "../../packages/core/src/index.ts";
import { testTar } from "../kit/changed-bundle.ts";
import { goVerdicts, type GoVerdicts } from "../kit/go-verdicts.ts";
import { makeZip } from "../kit/make-zip.ts";
import { mutantOf, mutantSource } from "../kit/mutations.ts";
import { findRealGo } from "../kit/real-go.ts";
import { scratchFolder, type Scratch } from "../kit/scratch.ts";

const go = await findRealGo();

let folder: Scratch;
let verdicts: GoVerdicts;

beforeAll(async () => {
  folder = await scratchFolder("goferry-corpus");
  if (go !== undefined) verdicts = await goVerdicts(folder.path);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** The code of our refusal, or undefined. */
async function ours(action: () => unknown): Promise<string | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof GoferryError && error.code !== "INTERNAL") return error.code;
    throw error;
  }
}

/** Every file of a folder of Go's test data, decoded where it is packed, as a file of its own. */
async function corpus(name: string): Promise<string[]> {
  const from = join(go?.goroot ?? "", "src", name, "testdata");
  const to = join(folder.path, name.replace("/", "-"));
  await mkdir(to);
  const files = (await readdir(from)).filter((file) =>
    /\.(?:tar|zip|notzip)(?:\.(?:base64|bz2))?$/u.test(file),
  );
  const packed = files.filter((file) => /\.(?:base64|bz2)$/u.test(file));
  const decoded = await verdicts.ask(packed.map((file) => ({ kind: "decode", file: join(from, file) })));
  const bytes = new Map(packed.map((file, i) => [file, Buffer.from(decoded[i]?.data ?? "", "base64")]));
  for (const file of files)
    await writeFile(join(to, file), bytes.get(file) ?? (await readFile(join(from, file))));
  return files.map((file) => join(to, file));
}

function readTar(bytes: Uint8Array): { name: string; size: number; mode: number }[] {
  const entries: { name: string; size: number; mode: number }[] = [];
  const handler = {
    begin: ({ path, size, mode }: { path: string; size: number; mode: number }) =>
      void entries.push({ name: path, size, mode }),
    data: () => undefined,
    end: () => undefined,
  };
  const reader = new TarReader(handler, {
    subject: "tar",
    maxEntries: Infinity,
    maxBytes: Infinity,
    names: new EntryNames(),
  });
  reader.write(bytes);
  reader.finish();
  return entries;
}

describe.skipIf(go === undefined)("tar", () => {
  it("what Go's test data has for Go to refuse is refused, and little else is taken", async () => {
    const files = await corpus("archive/tar");
    const found = await verdicts.ask(files.map((file) => ({ kind: "tar", file })));
    const taken: string[] = [];
    for (const [i, file] of files.entries()) {
      const bytes = await readFile(file);
      const code = await ours(() => readTar(bytes));
      if (code === undefined) taken.push(file);
      expect(code === undefined && found[i]?.error !== "", file).toBe(false);
    }
    const refused = found.filter(({ error }) => error !== "").length;
    process.stdout.write(
      `  archive/tar: ${files.length} files, Go refuses ${refused}, we all but ${taken.length}\n`,
    );
    expect(refused).toBeGreaterThan(5);
  });

  const tree = fc.uniqueArray(
    fc.record({
      path: fc
        .array(fc.constantFrom("a", "b", "é", "deep".repeat(20), "文", "x-y", "n".repeat(120)), {
          minLength: 1,
          maxLength: 4,
        })
        .map((parts) => `t/${parts.join("/")}.go`),
      mode: fc.constantFrom<0o644 | 0o755>(0o644, 0o755),
      content: fc.uint8Array({ maxLength: 1500 }),
    }),
    { selector: ({ path }) => path, minLength: 1, maxLength: 6 },
  );

  it("Go reads from our archives what we wrote", async () => {
    const trees = fc.sample(tree, { numRuns: 60, seed: 6 });
    const files: string[] = [];
    for (const [i, each] of trees.entries()) {
      files.push(join(folder.path, `ours-${i}.tar`));
      await writeFile(files.at(-1) ?? "", testTar(each));
    }
    const found = await verdicts.ask(files.map((file) => ({ kind: "tar", file })));
    for (const [i, each] of trees.entries()) {
      expect(found[i]?.error).toBe("");
      expect(found[i]?.entries).toEqual(
        each.map(({ path, mode, content }) => ({ name: path, size: content.length, mode })),
      );
    }
  });

  it("an archive that chance has changed is refused, or read by both as the same", async () => {
    const [small = []] = fc.sample(tree, { numRuns: 1, seed: 11 });
    const bytes = testTar(small);
    const files: string[] = [];
    for (let seed = 0; seed < 300; seed++) {
      const source = mutantSource(bytes, mutantOf(bytes, seed, [0, 124, 148, 512]));
      files.push(join(folder.path, `mutant-${seed}.tar`));
      await writeFile(files.at(-1) ?? "", await source.read(0, source.size));
    }
    const found = await verdicts.ask(files.map((file) => ({ kind: "tar", file })));
    for (const [i, file] of files.entries()) {
      const changed = await readFile(file);
      if ((await ours(() => readTar(changed))) !== undefined) continue;
      expect(found[i]?.entries, file).toEqual(readTar(changed));
    }
  });
});

describe.skipIf(go === undefined)("zip", () => {
  async function openZip(file: string, prefix: string): Promise<void> {
    const zip = await openModuleZip(file, prefix);
    try {
      for (const entry of zip.entries) for await (const _ of zip.chunks(entry));
    } finally {
      await zip.close();
    }
  }

  it("what Go's test data has for Go to refuse is refused", async () => {
    const files = await corpus("archive/zip");
    const found = await verdicts.ask(files.map((file) => ({ kind: "zip", file })));
    let taken = 0;
    for (const [i, file] of files.entries()) {
      const code = await ours(() => openZip(file, ""));
      if (code === undefined) taken += 1;
      expect(code === undefined && found[i]?.error !== "", file).toBe(false);
    }
    const refused = found.filter(({ error }) => error !== "").length;
    process.stdout.write(`  archive/zip: ${files.length} files, Go refuses ${refused}, we take ${taken}\n`);
    expect(refused).toBeGreaterThan(1);
    expect(taken).toBeGreaterThan(5);
  });

  it("the module zips in the test data of x/mod are judged as Go judges them", async () => {
    const cases = [...(await moduleZips("check_zip")), ...(await moduleZips("unzip"))];
    const found = await verdicts.ask(
      cases.map(({ file, path, version }) => ({ kind: "module zip", file, path, version })),
    );
    const differing: unknown[] = [];
    for (const [i, { file, path, version }] of cases.entries()) {
      const code = isModule({ path, version })
        ? await ours(() => openZip(file, zipPrefix({ path, version })))
        : "MODULE_INVALID";
      const verdict = found[i]?.error ?? "";
      if ((code === undefined) !== (verdict === "")) differing.push({ file, code, verdict });
    }
    process.stdout.write(
      `  x/mod/zip: ${cases.length} zips, Go refuses ${found.filter(({ error }) => error !== "").length}\n`,
    );
    expect(cases.length).toBeGreaterThan(10);
    expect(differing).toEqual([]);
  });

  /** The cases of x/mod are txtar: settings, then the files. */
  async function moduleZips(kind: string): Promise<{ file: string; path: string; version: string }[]> {
    const from = join(verdicts.modSources, "zip", "testdata", kind);
    const made: { file: string; path: string; version: string }[] = [];
    for (const name of await readdir(from)) {
      const text = await readFile(join(from, name), "latin1");
      const [head = "", ...parts] = text.split(/^-- (.*) --\n/mu);
      const setting = (key: string): string => new RegExp(`^${key}=(.*)$`, "mu").exec(head)?.[1] ?? "";
      const entries = parts.flatMap((part, i) =>
        i % 2 === 0 && part !== "want"
          ? [{ name: Buffer.from(part, "latin1"), content: Buffer.from(parts[i + 1] ?? "", "latin1") }]
          : [],
      );
      const file = join(folder.path, `${kind}-${name}.zip`);
      await writeFile(file, makeZip(entries));
      made.push({
        file,
        path: Buffer.from(setting("path"), "latin1").toString(),
        version: setting("version"),
      });
    }
    return made;
  }

  it.each([
    ["a go.mod in a folder", "sub/go.mod"],
    ["a GO.MOD in a folder", "sub/GO.mod"],
    ["a Go.mod at the top", "Go.mod"],
  ])("%s is refused by both", async (what, name) => {
    const file = join(folder.path, `${what}.zip`);
    await writeFile(file, makeZip([{ name: `example.com/m@v1.0.0/${name}`, content: "module x\n" }]));
    const module = { path: "example.com/m", version: "v1.0.0" };
    const [verdict] = await verdicts.ask([{ kind: "module zip", file, ...module }]);
    expect(verdict?.error).not.toBe("");
    expect(await ours(() => openZip(file, zipPrefix(module)))).toBe("ENTRY_REFUSED");
  });
});

describe.skipIf(go === undefined)("names", () => {
  /** Rules that Go does not have: what is only ours may be refused by these alone. */
  const OWN_RULES = new Set<string>(
    ["length", "unicode", "device", "ending"].map((rule) => NAME_RULES[rule as never]),
  );

  it("that Go refuses in a module are refused, and others only by rules that Go has not", async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "a",
        "B",
        ".",
        "..",
        "/",
        "\\",
        " ",
        "~1",
        "con",
        "NUL",
        "com1",
        "é",
        "e\u0301",
        "\u212a",
        ":",
        "*",
        "'",
      ),
      fc.constantFrom(
        "\u0000",
        "\n",
        "\u007f",
        "\u00a0",
        "\u202e",
        "文",
        "\u{1f600}",
        "\u{20000}",
        "#",
        "$",
        "@",
        "^",
        "{",
        ";",
      ),
      fc.string({ unit: "binary", minLength: 1, maxLength: 3 }),
    );
    const names = fc.sample(
      fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join("")),
      { numRuns: 5000, seed: 20_261_126 },
    );
    const wellFormed = names.filter((name) => name.isWellFormed());
    const found = await verdicts.ask(wellFormed.map((name) => ({ kind: "name", name })));
    const differing: unknown[] = [];
    let refused = 0;
    for (const [i, name] of wellFormed.entries()) {
      const verdict = found[i]?.error ?? "";
      if (verdict !== "") refused += 1;
      const rule = ruleOf(name);
      const agree = verdict === "" ? rule === undefined || OWN_RULES.has(rule) : rule !== undefined;
      if (!agree) differing.push({ name, verdict, rule });
    }
    process.stdout.write(`  names: ${wellFormed.length}, Go refuses ${refused}\n`);
    expect(refused).toBeGreaterThan(500);
    expect(wellFormed.length - refused).toBeGreaterThan(100);
    expect(differing).toEqual([]);
  });

  it("of every letter that we take are taken by Go too, whatever its Unicode", async () => {
    const letters: string[] = [];
    for (let point = 0x80; point < 0x110000; point++) {
      const letter = point >= 0xd800 && point < 0xe000 ? "" : String.fromCodePoint(point);
      if (letter !== "" && ruleOf(letter) === undefined) letters.push(letter);
    }
    const batches = Array.from({ length: Math.ceil(letters.length / 60) }, (_, i) =>
      letters.slice(i * 60, i * 60 + 60).join(""),
    );
    const found = await verdicts.ask(batches.map((name) => ({ kind: "name", name })));
    expect(letters.length).toBeGreaterThan(130_000);
    expect(found.flatMap(({ error }) => (error === "" ? [] : [error]))).toEqual([]);
  });

  function ruleOf(name: string): string | undefined {
    try {
      checkEntryName(name);
      return undefined;
    } catch (error) {
      if (!(error instanceof GoferryError)) throw error;
      return error.expected;
    }
  }
});
