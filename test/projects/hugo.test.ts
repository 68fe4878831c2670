// hugo v0.169.0, which needs Go 1.27, with `go: [go.mod]`. A module proxy that refuses one of its modules must be named
// with its answer; any other serves them all, and then hugo is built on a host without a network.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  askProxy,
  buildLarge,
  installLarge,
  largeSite,
  sourcesOf,
  useLarge,
  type LargeSite,
} from "../kit/large-project.ts";
import { canUnshare } from "../kit/offline.ts";
import { testPlatform } from "../kit/real-go.ts";
import type { GoferryResult } from "../kit/run-goferry.ts";

const offline = await canUnshare();

/** Modules of hugo that some proxies do not hand out. */
const REFUSED = ["github.com/bep/imagemeta@v1.1.0", "github.com/spf13/fsync@v0.10.2"];

describe.skipIf(!offline)("hugo", () => {
  let site: LargeSite;
  let app: string;
  beforeAll(async () => {
    site = await largeSite(
      `name: hugo\ngo: [go.mod]\nplatforms: [${testPlatform()}]\nprojects: [{path: ./app, packages: ["."], cgo: false}]\n`,
    );
    app = join(site.folder, "app");
    await sourcesOf("github.com/gohugoio/hugo@v0.169.0", app);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  async function useHugo(built: GoferryResult): Promise<void> {
    process.stdout.write("  the proxy serves every module: built for real\n");
    expect(built.code, built.stdout).toBe(0);
    await installLarge(site);
    await useLarge(site, app, "go build -buildvcs=false -o hugo .", { CGO_ENABLED: "0" });
    expect(await useLarge(site, app, "./hugo version")).toContain("v0.169.0");
  }

  it("is built for real, or the module that the proxy refuses is named with its answer", async () => {
    const answers = await Promise.all(
      REFUSED.map(async (module) => {
        const status = await askProxy(`${module.replace("@", "/@v/")}.zip`);
        return { module, status };
      }),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    const built = await buildLarge(site);
    await (refused.length > 0 ? expectRefusal(built, refused) : useHugo(built));
  });
});

/** A module and the status that the proxy gives for its zip. */
interface Refused {
  module: string;
  status: number;
}

function expectRefusal({ code, json, stdout }: GoferryResult, refused: Refused[]): void {
  const { error } = json;
  process.stdout.write(`  refused: ${error?.subject ?? ""} ${error?.found ?? ""}\n`);
  expect(code, stdout).toBe(7);
  expect(error?.code).toBe("NOT_FOUND");
  const named = refused.find(({ module }) => module === error?.subject);
  expect(named, error?.subject).toBeDefined();
  expect(error?.found).toContain(`: ${named?.status} `);
}
