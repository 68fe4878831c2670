import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addBlock, removeBlock } from "./profile-block.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (of: Uint8Array | undefined): string => Buffer.from(of ?? []).toString();
const request = (root: string) => ({ root, syntax: "sh" }) as const;
const add = (before: Uint8Array | undefined, root = "/opt/goferry") =>
  addBlock(before, request(root), "/h/.profile");
const remove = (before: Uint8Array | undefined, root = "/opt/goferry") =>
  removeBlock(before, request(root), "/h/.profile");
const count = (of: Uint8Array) => text(of).split("# >>> goferry").length - 1;

const anyBytes = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: fc.constantFrom("\n", "\r", "#", ">>> goferry", " ", "x", "ü") }).map(bytes),
);
const roots = fc
  .string({ unit: fc.constantFrom("a", "/", "'", "$", "\\", " ", "ü", "*") })
  .map((name) => `/${name}x`);

describe("the block", () => {
  it("is taken away again byte for byte, whatever the file", () => {
    fc.assert(
      fc.property(anyBytes, roots, (before, root) => {
        const after = add(before, root);
        expect(count(after)).toBe(count(before) + 1);
        expect(Buffer.compare(remove(after, root) ?? bytes("gone"), before)).toBe(0);
      }),
    );
    expect(remove(add(undefined))).toBeUndefined();
  });

  it("is there once, however often it is added, and for the root that was last", () => {
    fc.assert(
      fc.property(fc.option(anyBytes, { nil: undefined }), roots, roots, (before, first, second) => {
        const once = add(before, first);
        expect(Buffer.compare(add(once, first), once)).toBe(0);
        expect(Buffer.compare(add(once, second), add(before, second))).toBe(0);
      }),
    );
  });

  it("leaves the block of another root alone, and a file that has none", () => {
    const other = add(bytes("x\n"), "/other");
    expect(remove(other)).toEqual(other);
    expect(text(remove(bytes("x")))).toBe("x");
    expect(remove(undefined)).toBeUndefined();
  });

  it("keeps what was written below it, and the lines apart", () => {
    const grown = bytes(`${text(add(bytes("export A=1")))}export B=2\n`);
    expect(text(remove(grown))).toBe("export A=1\nexport B=2\n");
    const made = bytes(`${text(add(undefined))}export B=2\n`);
    expect(text(remove(made))).toBe("export B=2\n");
  });

  it("becomes one where a file was pasted together out of several", () => {
    const twice = bytes(`a\n${text(add(bytes("b")))}c\n${text(add(undefined))}`);
    const once = add(twice, "/new");
    expect(count(once)).toBe(1);
    expect(text(remove(once, "/new"))).toBe("a\nb\nc\n");
  });

  it.each([
    ["a last line is missing", (whole: string) => whole.replace("# <<< goferry <<<\n", "")],
    ["a first line is missing", (whole: string) => whole.replace("# >>> goferry >>>\n", "")],
    ["the lines got other ends", (whole: string) => whole.replaceAll("\n", "\r\n")],
    ["a block begins in a block", (whole: string) => whole.replace("esac\n", "# >>> goferry >>>\n")],
  ])("is not guessed at when %s", (_, damage) => {
    const broken = bytes(damage(text(add(bytes("x\n")))));
    const error = expect.objectContaining({ code: "PROFILE_BROKEN", subject: "/h/.profile" });
    expect(() => add(broken)).toThrow(error);
    expect(() => remove(broken)).toThrow(error);
  });

  it.each(["/a:b", "/a\nb"])("refuses the root %j, which PATH or a line cannot hold", (root) => {
    expect(() => add(bytes(""), root)).toThrow(expect.objectContaining({ code: "ROOT_NAME_REFUSED" }));
  });

  it("is another one for fish", () => {
    const after = text(addBlock(undefined, { root: String.raw`/it's\a`, syntax: "fish" }, "x.fish"));
    const quoted = String.raw`'/it\'s\\a/bin'`;
    expect(after).toContain(`\ncontains -- ${quoted} $PATH; or set -gx PATH ${quoted} $PATH\n`);
  });
});

describe("a real shell", () => {
  let scratch = "";
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "goferry-profile-"));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  const pathAfter = async (root: string, path: string, times = 1) => {
    const profile = join(scratch, "profile");
    await writeFile(profile, add(bytes("set -eu"), root));
    const source = `. ${profile}; `.repeat(times);
    const env = { ...(path === "" ? {} : { PATH: path }), LC_ALL: "C" };
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", `${source} printf %s "$PATH"`], { env });
    return stdout;
  };

  it.each(["/opt/goferry", '/it\'s a `root` "$HOME" $(false) \\ * ? [a] ! ü'])(
    "gets %s/bin first, once",
    async (root) => {
      expect(await pathAfter(root, "/usr/bin:/bin", 2)).toBe(`${root}/bin:/usr/bin:/bin`);
    },
  );

  it("keeps a PATH that has the folder at any place, and is not fooled by a longer name", async () => {
    expect(await pathAfter("/r", "/usr/bin:/r/bin")).toBe("/usr/bin:/r/bin");
    expect(await pathAfter("/r", "/usr/bin:/r/bin2:/x/r/bin")).toBe("/r/bin:/usr/bin:/r/bin2:/x/r/bin");
    expect(await pathAfter("/*", "/r/bin")).toBe("/*/bin:/r/bin");
  });
});
