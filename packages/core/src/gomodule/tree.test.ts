import { describe, expect, it } from "vitest";
import { MAX_GO_MOD_BYTES } from "../limits.ts";
import { checkModuleFile } from "./tree.ts";

describe("checkModuleFile", () => {
  it.each(["go.mod", "a/b.go", "_go.mod", "sub/_go.mod", "cargo.mod", "go.mod/x", "LICENSE"])(
    "takes %s",
    (name) => {
      expect(() => checkModuleFile(name, 10)).not.toThrow();
    },
  );

  it.each(["sub/go.mod", "GO.MOD", "Go.mod", "a/b/gO.mOd"])("refuses %s, as Go does", (name) => {
    expect(() => checkModuleFile(name, 10)).toThrow(expect.objectContaining({ code: "ENTRY_REFUSED" }));
  });

  it.each(["go.mod", "LICENSE"])("refuses a %s that Go would not read", (name) => {
    expect(() => checkModuleFile(name, MAX_GO_MOD_BYTES)).not.toThrow();
    expect(() => checkModuleFile(name, MAX_GO_MOD_BYTES + 1)).toThrow(
      expect.objectContaining({ code: "ENTRY_REFUSED" }),
    );
    expect(() => checkModuleFile(`x${name}`, MAX_GO_MOD_BYTES + 1)).not.toThrow();
  });
});
