// golangci-lint and gopls as entries of tools:, installed by `go install` on a host without a network, and used there.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFiles } from "../kit/bundler-go.ts";
import { buildLarge, installLarge, largeSite, useLarge, type LargeSite } from "../kit/large-project.ts";
import { canUnshare } from "../kit/offline.ts";
import { testPlatform } from "../kit/real-go.ts";

const offline = await canUnshare();

const TOOLS = [
  "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0",
  "golang.org/x/tools/gopls@v0.24.0",
];

describe.skipIf(!offline)("large tools", () => {
  let site: LargeSite;
  let app: string;
  beforeAll(async () => {
    site = await largeSite(
      `name: tools\ngo: ["1.27.1"]\nplatforms: [${testPlatform()}]\ntools: [${TOOLS.join(", ")}]\n`,
    );
    app = join(site.folder, "app");
    await writeFiles(app, {
      "go.mod": "module example.com/app\n\ngo 1.27\n",
      "app.go": "package main\n\nfunc main() { println(1) }\n",
    });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it("are installed in the rehearsal", async () => {
    const built = await buildLarge(site);
    expect(built.code, built.stdout).toBe(0);
    const fine = { kind: "tool", install: "ok", crossBuilt: false };
    expect(built.json["rehearsals"]).toMatchObject(TOOLS.map((tool) => ({ tool, ...fine })));
    await installLarge(site);
  });

  it("are installed on the host, and work", async () => {
    for (const tool of TOOLS) await useLarge(site, app, `go install ${tool}`);
    expect(await useLarge(site, app, "golangci-lint version")).toContain("2.15.0");
    await useLarge(site, app, "gopls check app.go");
    await writeFile(join(app, "app.go"), "package main\n\nfunc main() { println(missing) }\n");
    expect(await useLarge(site, app, "gopls check app.go")).toContain("undefined: missing");
  });
});
