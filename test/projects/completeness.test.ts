// Every command about modules that people use in a project, on a host without a network: with a tool directive, tests of
// dependencies, and a package for one platform only.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBundlerGo, goIn, writeFiles } from "../kit/bundler-go.ts";
import { buildLarge, installLarge, largeSite, useLarge, type LargeSite } from "../kit/large-project.ts";
import { canUnshare } from "../kit/offline.ts";

const offline = await canUnshare();
const found = await findBundlerGo();

const FILES = {
  "go.mod": "module example.com/app\n\ngo 1.26.0\n",
  "app.go":
    'package main\n\nimport (\n\t"fmt"\n\n\t"github.com/spf13/cobra"\n\t"golang.org/x/text/language"\n)\n\n' +
    "//go:generate go tool stringer -type=Pill\n\ntype Pill int\n\nconst Placebo Pill = 0\n\n" +
    'func main() { fmt.Println((&cobra.Command{Use: "app"}).Name(), language.English, int(Placebo)) }\n',
  "app_windows.go": 'package main\n\nimport _ "golang.org/x/sys/windows"\n',
  "app_test.go":
    'package main\n\nimport (\n\t"testing"\n\n\t"github.com/stretchr/testify/require"\n)\n\n' +
    'func TestApp(t *testing.T) { require.NotEmpty(t, "x") }\n',
};

const WITH = [
  "github.com/spf13/cobra@v1.9.1",
  "golang.org/x/text@v0.25.0",
  "golang.org/x/sys@v0.33.0",
  "github.com/stretchr/testify@v1.10.0",
];

describe.skipIf(!offline || found === undefined)("a project on a host without a network", () => {
  let site: LargeSite;
  let app: string;
  beforeAll(async () => {
    if (found === undefined) return;
    site = await largeSite(
      'name: app\ngo: ["1.27.1"]\nplatforms: [linux/amd64, linux/arm64]\nprojects: [{path: ./app, platforms: [linux/amd64, linux/arm64, windows/amd64]}]\n',
    );
    app = join(site.folder, "app");
    await writeFiles(app, FILES);
    const setUp = join(site.folder, "set-up");
    const go = goIn(setUp, found);
    await go.run(["get", ...WITH], { cwd: app });
    await go.run(["get", "-tool", "golang.org/x/tools/cmd/stringer@v0.49.0"], { cwd: app });
    await go.run(["mod", "tidy"], { cwd: app });
    await rm(setUp, { recursive: true });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it("is carried without a note, and installed", async () => {
    const built = await buildLarge(site);
    expect(built.code, built.stdout).toBe(0);
    expect(built.json["notes"]).toEqual([]);
    await installLarge(site);
  });

  it.each([
    "go generate ./...",
    "go build -o app .",
    "go vet ./...",
    "go test ./...",
    "env GOOS=windows GOARCH=amd64 go build -o app.exe .",
    "go list -m -json all",
    "go mod download",
    "go mod tidy -diff",
    "go mod tidy",
    "go mod graph",
    "go mod why -m all",
    "go mod verify",
    // Newer versions of which only the go.mod is there are asked for in the checksum database.
    "go list -m -u all",
    "go mod vendor",
    "go build -mod=vendor -o app .",
    "go work init .",
    "go work sync",
  ])("%s", async (line) => {
    await expect(useLarge(site, app, line)).resolves.toEqual(expect.any(String));
  });
});
