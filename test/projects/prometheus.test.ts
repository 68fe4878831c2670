// Prometheus v0.315.0 for two platforms: 249 modules, and a server that is built, vetted and whose tests are compiled
// before the bundle is signed. Without its go.work.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  buildLarge,
  installLarge,
  largeSite,
  sourcesOf,
  useLarge,
  type LargeSite,
} from "../kit/large-project.ts";
import { canUnshare } from "../kit/offline.ts";

const offline = await canUnshare();

/** With the dependencies of the whole server, in a tenth of the time that all programs would take. */
const PACKAGES = "./cmd/promtool";

describe.skipIf(!offline)("Prometheus", () => {
  let site: LargeSite;
  let app: string;
  beforeAll(async () => {
    site = await largeSite(
      `name: prometheus\ngo: [go.mod]\nplatforms: [linux/amd64, linux/arm64]\nprojects: [{path: ./app, packages: [${PACKAGES}]}]\n`,
    );
    app = join(site.folder, "app");
    await sourcesOf("github.com/prometheus/prometheus@v0.315.0", app);
    for (const name of ["go.work", "go.work.sum"]) await rm(join(app, name), { force: true });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it("is built, rehearsed for both platforms, and installed, in less than 512 MB", async () => {
    const built = await buildLarge(site);
    expect(built.code, built.stdout).toBe(0);
    expect(built.json["counts"]).toMatchObject({ toolchains: 2, private: 0 });
    expect(built.json["rehearsals"]).toMatchObject([
      {
        platform: "linux/amd64",
        build: "ok",
        vet: "ok",
        tests: "compiled",
        crossBuilt: false,
        reused: false,
      },
      { platform: "linux/arm64", build: "ok", vet: "ok", tests: "compiled", crossBuilt: true, reused: false },
    ]);
    await installLarge(site);
  });

  it("builds there, and every command about modules works", async () => {
    await useLarge(site, app, `go build -buildvcs=false -o promtool ${PACKAGES}`);
    expect(await useLarge(site, app, "./promtool --version")).toMatch(/promtool/u);
    expect((await useLarge(site, app, "go list -m all")).split("\n").length).toBeGreaterThan(240);
    for (const command of ["download", "verify", "tidy -diff", "graph", "why -m github.com/oklog/run"]) {
      await useLarge(site, app, `go mod ${command}`);
    }
  });
});
