import { expect, it } from "vitest";
import { rehearsalLines } from "./rehearsal-text.ts";

it("names what vet found and tests that do not compile", () => {
  const lines = rehearsalLines({
    kind: "project",
    project: "app",
    platform: "linux/arm64",
    build: "ok",
    vet: "findings",
    tests: "failed",
    crossBuilt: true,
    network: "none (namespace)",
    reused: false,
    findings: [
      "./app.go:3:2: self-assignment of n",
      "# app [app.test]\n./app_test.go:3:2: undefined: missing",
    ],
  });
  expect(lines).toEqual([
    "app for linux/arm64: build ok, vet findings, tests failed, cross-built; network: none (namespace)",
    "  ./app.go:3:2: self-assignment of n",
    "  # app [app.test]",
    "  ./app_test.go:3:2: undefined: missing",
  ]);
});

it("names tools and modules with their versions, and says what an earlier build tried", () => {
  const network = "none (namespace)" as const;
  const common = { platform: "linux/amd64", crossBuilt: false, network, findings: [] };
  const tool = { kind: "tool", tool: "example.com/x/cmd/y@v1.0.0", install: "ok", reused: true } as const;
  const module = {
    kind: "module",
    module: "example.com/x@v1.0.0",
    get: "incomplete",
    reused: false,
  } as const;
  expect([tool, module].flatMap((each) => rehearsalLines({ ...common, ...each }))).toEqual([
    "example.com/x/cmd/y@v1.0.0 for linux/amd64: install ok; network: none (namespace); reused: an earlier build tried the same",
    "example.com/x@v1.0.0 for linux/amd64: get incomplete; network: none (namespace)",
  ]);
});
