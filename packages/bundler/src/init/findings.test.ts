// What each kind of file says of Go: the readers of init, on files as people write them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDockerfile } from "./dockerfile.ts";
import { readWorkflow } from "./github.ts";
import { readGitlab } from "./gitlab.ts";
import { goEntry, goImageEntry, type GoFindings } from "./go-hint.ts";
import { readVersionFile } from "./version-file.ts";

/** `entry where`, an alternative with a question mark. */
function brief({ hints }: GoFindings): string[] {
  return hints.map(({ entry, where, isAlternative }) => `${entry} ${where}${isAlternative ? "?" : ""}`);
}

describe("goEntry", () => {
  it.each([
    ["1.27.1", "1.27.1"],
    ["go1.27.1", "1.27.1"],
    [" v1.27.1\t", "1.27.1"],
    ["1.27", "1.27"],
    ["1.27.x", "1.27"],
    ["~1.27.3", "1.27"],
    ["^1.26", "stable"],
    [">=1.26.0", "stable"],
    ["1.x", "stable"],
    ["latest", "stable"],
    ["stable", "stable"],
    ["oldstable", "oldstable"],
    ["1.28rc1", "1.28rc1"],
    ["1.28.0-rc.1", "1.28rc1"],
    ["1.20", "1.20"],
    ["1.28.1-rc.1", undefined],
    ["<1.27", undefined],
    ["1.26 || 1.27", undefined],
    ["tip", undefined],
    ["system", undefined],
    ["1.027", undefined],
    ["", undefined],
  ])("takes %j for %j", (text, entry) => expect(goEntry(text)).toBe(entry));

  it("gives what a spec takes, or nothing", () => {
    const part = fc.constantFrom("1", ".", "27", "x", "rc", "-", "^", "~", ">=", "go", "v", "0", "beta", " ");
    const pattern =
      /^(?:stable|oldstable|[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)|(?:beta|rc)[1-9][0-9]*)?)$/u;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join("")),
        ),
        (text) => {
          expect(goEntry(text) ?? "stable").toMatch(pattern);
        },
      ),
    );
  });
});

describe("goImageEntry", () => {
  it.each([
    ["golang:1.27.1-alpine", "1.27.1"],
    ["golang:1.27.1-alpine3.22", "1.27.1"],
    ["docker.io/library/golang:1.27", "1.27"],
    ["registry.example.com:5000/mirror/golang:1.28rc1-bookworm@sha256:00", "1.28rc1"],
    ["golang:1", "stable"],
    ["golang", "stable"],
    ["golang:alpine", "stable"],
    ["golang:windowsservercore-ltsc2022", "stable"],
    ["golang@sha256:00", undefined],
    ["golang:${TAG}", undefined],
    ["golang:tip-bookworm", undefined],
    ["golangci/golangci-lint:v2", "other"],
    ["debian:bookworm", "other"],
    ["scratch", "other"],
  ])("takes %j for %j", (image, entry) => expect(goImageEntry(image)).toBe(entry));
});

describe("readVersionFile", () => {
  it.each([
    [".go-version", "1.27.1\n", ["1.27.1 .go-version:1"]],
    [".go-version", "\n# pinned\r\ngo1.27.1\r\n", ["1.27.1 .go-version:3"]],
    [".go-version", "", []],
    [".tool-versions", "nodejs 24.1.0\ngolang 1.27.1 1.26.8 # both\n", ["1.27.1 .tool-versions:2"]],
    ["sub/.tool-versions", "go 1.27\n", ["1.27 sub/.tool-versions:1"]],
    [".tool-versions", "gopls 0.24\n", []],
  ])("of %s %j finds %j", (file, text, expected) => {
    expect(brief(readVersionFile(text, file))).toEqual(expected);
  });

  it("says what it cannot use", () => {
    expect(readVersionFile("golang system\n", ".tool-versions")).toEqual({
      hints: [],
      notes: [".tool-versions:1: no Go version can be told from system"],
    });
  });
});

describe("readDockerfile", () => {
  it("finds images of every stage, with arguments put in", () => {
    const text = [
      "# syntax=docker/dockerfile:1",
      "ARG GO_VERSION=1.27.1",
      'ARG TAG="${GO_VERSION}-alpine"',
      "from --platform=$BUILDPLATFORM golang:${TAG} \\",
      "  # a remark in between",
      "  AS build",
      "FROM build AS test",
      "FROM golang:${OTHER:-1.26} AS old",
      "RUN echo FROM golang:1.1",
      "FROM scratch",
    ].join("\r\n");
    const found = readDockerfile(text, "Dockerfile");
    expect(brief(found)).toEqual(["1.27.1 Dockerfile:2", "1.27.1 Dockerfile:4", "1.26 Dockerfile:8"]);
    expect(found.notes).toEqual([]);
  });

  it.each([
    ["ENV GO_VERSION 1.27.1", ["1.27.1 f:1"]],
    ["ENV A=b GOLANG_VERSION='1.27.1' C=d", ["1.27.1 f:1"]],
    ["ARG GO_VERSION", []],
    ["FROM", []],
  ])("of %j finds %j", (text, expected) => expect(brief(readDockerfile(text, "f"))).toEqual(expected));

  it("says which image it cannot tell the version of", () => {
    const found = readDockerfile("ARG V\nFROM golang:${V}\n", "Dockerfile");
    expect(found).toEqual({
      hints: [],
      notes: ["Dockerfile:2: no Go version can be told from golang:${V}"],
    });
  });
});

describe("readWorkflow", () => {
  const FILE = ".github/workflows/ci.yml";

  it("finds the versions of setup-go as they are written, and those of a matrix", () => {
    const found = readWorkflow(
      `env:
  GO_VERSION: 1.30
jobs:
  test:
    strategy:
      matrix:
        go: [1.20, "1.26", '1.27']
        include:
          - go: 1.28rc1
          - os: macos-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-go@v6
        with:
          go-version: \${{ matrix.go }}
  lint:
    steps:
      - uses: actions/setup-go@0123456789abcdef
        with: { go-version: "\${{ env.GO_VERSION }}.x" }
      - uses: actions/setup-go@v6
        with: { go-version-file: ./app/go.mod }
      - uses: actions/setup-go@v6
        with: { go-version-file: .go-version }
  box:
    container: { image: "golang:1.25.1" }
`,
      FILE,
    );
    expect(brief(found)).toEqual([
      `1.20 ${FILE}:7?`,
      `1.26 ${FILE}:7?`,
      `1.27 ${FILE}:7?`,
      `1.28rc1 ${FILE}:9`,
      `1.30 ${FILE}:2`,
      `go.mod ${FILE}:21`,
      `1.25.1 ${FILE}:25`,
    ]);
    expect(found.notes).toEqual([]);
  });

  it("says what it cannot follow", () => {
    const step = (version: string): string =>
      `jobs: {a: {steps: [{uses: actions/setup-go@v6, with: {go-version: "${version}"}}]}}`;
    for (const version of [
      "${{ inputs.go }}",
      "${{ matrix.none }}",
      "${{ fromJSON(needs.x.outputs.go)[0] }}",
    ]) {
      expect(readWorkflow(step(version), FILE)).toMatchObject({ hints: [], notes: [expect.any(String)] });
    }
    expect(readWorkflow("a: [", FILE)).toMatchObject({ hints: [], notes: [expect.any(String)] });
    expect(readWorkflow("", FILE)).toEqual({ hints: [], notes: [], platforms: [] });
  });

  it("takes platforms from a plain matrix only", () => {
    const matrix = (more: string): string =>
      `jobs:\n  b:\n    strategy:\n      matrix:\n        goos: [linux, windows, plan10]\n        GOARCH: [amd64]\n${more}`;
    const plain = readWorkflow(matrix("        include: [{go: 1.2}]\n"), FILE);
    expect(plain.platforms).toEqual([
      { platform: "linux/amd64", where: `${FILE}:5` },
      { platform: "windows/amd64", where: `${FILE}:5` },
    ]);
    const special = readWorkflow(matrix("        exclude: [{goos: linux}]\n"), FILE);
    expect(special).toMatchObject({ platforms: [], notes: [expect.any(String)] });
  });

  it("takes whatever it is given", () => {
    const word = fc.constantFrom(
      "jobs",
      "a",
      ":",
      " ",
      "\n",
      "  ",
      "- ",
      "steps",
      "&x",
      "*x",
      "[",
      "]",
      "{",
      "}",
      "<<",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (words) => {
        expect(readWorkflow(words.join(""), FILE).hints).toEqual([]);
      }),
    );
  });
});

describe("readGitlab", () => {
  it("finds images, with variables put in", () => {
    const found = readGitlab(
      `variables:
  GO: "1.27.1"
  FULL: { value: 1.26.3, description: x }
default: { image: "golang:$GO-alpine" }
test:
  image:
    name: registry.example.com/golang:\${FULL}
lint:
  image: golangci/golangci-lint:v2
old:
  variables: { GO: 1.25 }
  image: golang:\${GO}
lost:
  image: golang:$NOBODY
`,
      ".gitlab-ci.yml",
    );
    expect(brief(found)).toEqual([
      "1.27.1 .gitlab-ci.yml:4",
      "1.26.3 .gitlab-ci.yml:7",
      "1.25 .gitlab-ci.yml:12",
    ]);
    expect(found.notes).toEqual([".gitlab-ci.yml:14: no Go version can be told from golang:$NOBODY"]);
  });
});
