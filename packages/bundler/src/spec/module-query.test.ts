import { describe, expect, it } from "vitest";
import { moduleQueryText, parseModuleQuery } from "./module-query.ts";

describe("parseModuleQuery", () => {
  it.each([
    "golang.org/x/sync@v0.15.0",
    "golang.org/x/tools/gopls@latest",
    "github.com/Azure/azure-sdk-for-go@v68.0.0+incompatible",
    "gopkg.in/yaml.v3@v3",
    "k8s.io/client-go@release-1.30",
    "example.com/c++/x@feature/one",
    "example.com/x@8fa46927fb4f",
    "example.com/x@v0.0.0-20240704092420-5e6b7d5b2d0f",
  ])("takes %s apart and puts it together", (text) => {
    const query = parseModuleQuery(text);
    expect(query).toEqual({ path: text.split("@")[0], query: text.split("@")[1] });
    expect("path" in query && moduleQueryText(query)).toBe(text);
  });

  it.each([
    "fmt@latest",
    "Example.com/x@latest",
    "-x.y/z@latest",
    "https://example.com/x@latest",
    "example.com//x@latest",
    "example.com/x/@latest",
    "example.com/../x@latest",
    "example.com/.git@latest",
    "example.com/x y@latest",
    "example.com/caf\u00e9@latest",
    "example.com/aux/x@latest",
    "example.com/Con.txt@latest",
    "example.com/progra~1@latest",
    "example.com/x@",
    "example.com/x@none",
    "example.com/x@upgrade",
    "example.com/x@>=v1.2.0",
    "example.com/x@-rf",
  ])("says what %s should be", (text) => {
    expect(parseModuleQuery(text)).toEqual({ expected: expect.stringMatching(/^a /u) });
  });
});
