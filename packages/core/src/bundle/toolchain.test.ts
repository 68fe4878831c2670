import { describe, expect, it } from "vitest";
import { dirhash as hashOfText } from "../../../../test/kit/checksum-log.ts";
import { sha256Hex } from "../digest.ts";
import { dirhash, hashLines } from "../dirhash.ts";
import type { ToolchainUnit } from "../format/contents.ts";
import type { LayerSums, SizedFile } from "./layer-files.ts";
import { checkToolchain } from "./toolchain.ts";

const file = (name: string, text = name): SizedFile => ({
  name,
  sha256: sha256Hex(Buffer.from(text)),
  size: text.length,
});

const PREFIX = "golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64/";
const COMMON: LayerSums = {
  files: [file("VERSION"), file("src/_go.mod"), file("src/fmt/print.go")],
  size: 300,
};
const OWN: LayerSums = { files: [file("bin/go"), file("pkg/tool/linux_amd64/compile")], size: 20 };

const UNIT: ToolchainUnit = {
  kind: "toolchain",
  go: "1.27.1",
  platform: "linux/amd64",
  path: "golang.org/toolchain",
  version: "v0.0.1-go1.27.1.linux-amd64",
  h1: dirhash([...COMMON.files, ...OWN.files].map(({ name, sha256 }) => ({ name: PREFIX + name, sha256 }))),
  modH1: hashOfText("go.mod"),
  size: 320,
  files: 5,
  layers: [0, 1],
  evidence: "private",
};

const expectRefused = (layers: LayerSums[], unit = UNIT, code = "HASH_MISMATCH"): void =>
  expect(() => checkToolchain(unit, layers)).toThrow(expect.objectContaining({ code }));

describe("checkToolchain", () => {
  it("puts the layers together, in whatever order, and gives the text that the h1 is of", () => {
    const tree = checkToolchain(UNIT, [COMMON, OWN]);
    const { lines, sizes } = tree;
    expect(hashLines(lines)).toBe(UNIT.h1);
    expect(
      lines
        .split("\n")
        .slice(0, -1)
        .map((line) => line.slice(66 + PREFIX.length)),
    ).toEqual(["VERSION", "bin/go", "pkg/tool/linux_amd64/compile", "src/_go.mod", "src/fmt/print.go"]);
    expect(sizes).toEqual([7, 6, 28, 11, 16]);
    expect(checkToolchain(UNIT, [OWN, COMMON])).toEqual(tree);
  });

  it("refuses a layer too few or too many", () => {
    expectRefused([COMMON]);
    expectRefused([OWN]);
    expectRefused([]);
    expectRefused([COMMON, OWN, { files: [file("src/evil.go")], size: 0 }]);
  });

  it("refuses a file that stands in two layers", () => {
    expectRefused(
      [COMMON, { files: [...OWN.files, file("VERSION", "other")], size: 20 }],
      UNIT,
      "ENTRY_REFUSED",
    );
  });

  it("refuses a file that is other, has another name, or was moved", () => {
    expectRefused([COMMON, { files: [file("bin/go", "other"), ...OWN.files.slice(1)], size: 20 }]);
    expectRefused([COMMON, { files: [file("bin/go2", "bin/go"), ...OWN.files.slice(1)], size: 20 }]);
  });

  it("refuses another number of files or bytes than preflight was told", () => {
    expectRefused([COMMON, OWN], { ...UNIT, files: 4 });
    expectRefused([COMMON, OWN], { ...UNIT, size: 321 });
  });

  it("refuses the files of one toolchain as those of another", () => {
    expectRefused([COMMON, OWN], { ...UNIT, version: "v0.0.1-go1.27.2.linux-amd64" });
  });
});
