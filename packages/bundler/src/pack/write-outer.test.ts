import { join } from "node:path";
import { readFile, stat } from "node:fs/promises";
import { encodeHeader, paddingAfter, trailer } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFolder } from "../../../../test/kit/bundler-go.ts";
import { draftOf } from "../output.ts";
import { pieceSize, type Piece } from "./outer.ts";
import { writeOuter } from "./write-outer.ts";

const content = Buffer.from("content of the one entry");

function piecesWith(header: Uint8Array): Piece[] {
  return [header, content, paddingAfter(content.length), trailer()];
}

const header = encodeHeader({ path: "README.txt", size: content.length, mode: 0o644 });

async function write(pieces: readonly Piece[], folder: string): Promise<number> {
  const out = join(folder, "site.tar");
  await using draft = draftOf(out);
  const size = await writeOuter(pieces, { draft, out });
  await draft.place();
  return size;
}

describe("writeOuter", () => {
  it("writes the pieces one after the other", async () => {
    await using folder = await temporaryFolder();
    const pieces = piecesWith(header);
    expect(await write(pieces, folder.path)).toBe(pieces.reduce((sum, piece) => sum + pieceSize(piece), 0));
    const file = join(folder.path, "site.tar");
    expect(await stat(file)).toMatchObject({ size: 512 + 512 + 1024 });
    expect((await readFile(file)).subarray(512, 512 + content.length)).toEqual(content);
  });

  it.each([
    ["a name with another checksum", () => header.with(0, 0x58)],
    ["an entry of another size", () => encodeHeader({ path: "README.txt", size: 7, mode: 0o644 })],
    ["no header at all", () => Buffer.alloc(512, "x")],
  ])("refuses to hand out what another reader finds otherwise: %s", async (_what, damaged) => {
    await using folder = await temporaryFolder();
    expect(await codeOf(write(piecesWith(damaged()), folder.path))).toBe("INTERNAL");
    await expect(stat(join(folder.path, "site.tar"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
