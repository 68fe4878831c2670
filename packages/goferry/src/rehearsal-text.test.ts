import { expect, it } from "vitest";
import { rehearsalLines } from "./rehearsal-text.ts";

it("names what vet found and tests that do not compile", () => {
  const lines = rehearsalLines({
    project: "app",
    platform: "linux/arm64",
    build: "ok",
    vet: "findings",
    tests: "failed",
    crossBuilt: true,
    network: "none (namespace)",
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
