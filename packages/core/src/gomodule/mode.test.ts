import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileMode, toolchainHashName, toolchainTreeName } from "./mode.ts";

const refused = expect.objectContaining({ code: "ENTRY_REFUSED" });

describe("fileMode", () => {
  it.each([
    "bin/go",
    "bin/gofmt.exe",
    "pkg/tool/linux_amd64/compile",
    "src/all.bash",
    "src/cmd/go/mkalldocs.sh",
    "src/runtime/x.pl",
    "src/all.rc",
    "lib/wasm/go_js_wasm_exec",
    "misc/ios/go_ios_exec/go_android_arm64_exec",
    "go_a_b_c_exec",
    ".sh",
  ])("makes %s executable", (name) => expect(fileMode(name)).toBe(0o755));

  it.each([
    "VERSION",
    "go.env",
    "src/make.bat",
    "src/bin/go",
    "pkg/include/textflag.h",
    "pkg/tool",
    "bin",
    "xbin/go",
    "misc/go_android_exec/main.go",
    "misc/go_android_exec/README",
    "misc/go_android_exec",
    "lib/wasm/go__exec",
    "lib/wasm/go_a__exec",
    "lib/wasm/go__a_exec",
    "lib/wasm/xgo_js_wasm_exec",
    "lib/wasm/go_js_wasm_exec.go",
    "src/x.sh/y",
    "src/go_a_b_exec/README",
    "src/x_sh",
    "src/x.bash.txt",
  ])("leaves %s as a plain file", (name) => expect(fileMode(name)).toBe(0o644));
});

describe("the names of a toolchain", () => {
  it.each([
    ["go.mod", "_go.mod"],
    ["src/go.mod", "src/_go.mod"],
    ["src/cmd/go/testdata/x/go.mod", "src/cmd/go/testdata/x/_go.mod"],
    ["src/go.mod/x", "src/go.mod/x"],
    ["src/xgo.mod", "src/xgo.mod"],
    ["src/x_go.mod", "src/x_go.mod"],
    ["src/go.mod.txt", "src/go.mod.txt"],
    ["src/go.sum", "src/go.sum"],
    ["src/_go.mod/x", "src/_go.mod/x"],
  ])("%s is hashed as %s", (tree, hashed) => {
    expect(toolchainHashName(tree)).toBe(hashed);
    expect(toolchainTreeName(hashed)).toBe(tree);
  });

  it("cannot say two things", () => {
    for (const name of ["_go.mod", "src/_go.mod"]) expect(() => toolchainHashName(name)).toThrow(refused);
    for (const name of ["go.mod", "src/go.mod"]) expect(() => toolchainTreeName(name)).toThrow(refused);
  });

  it("come back from the hash as they were", () => {
    const parts = fc.array(fc.constantFrom("go.mod", "_go.mod", "_", "go", "x"), { minLength: 1 });
    const path = parts.map((all) => all.join("/")).filter((name) => !/(^|\/)_go\.mod$/.test(name));
    fc.assert(
      fc.property(path, (name) => {
        expect(toolchainTreeName(toolchainHashName(name))).toBe(name);
      }),
    );
  });
});
