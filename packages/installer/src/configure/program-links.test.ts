import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { planLinks } from "./program-links.ts";

let scratch = "";
beforeEach(async () => {
  scratch = await realpath(await mkdtemp(join(tmpdir(), "goferry-links-")));
  await mkdir(join(scratch, "local"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const plan = (names: string[] = ["go"]) =>
  planLinks({ root: join(scratch, "root"), names, folder: join(scratch, "local") });
const link = (target: string, name = "go") => symlink(target, join(scratch, "local", name));
const made = (name = "go") => ({
  path: join(scratch, "local", name),
  link: join(scratch, "root", "bin", name),
});

describe("planLinks", () => {
  it("makes what is missing, and only plans it", async () => {
    expect(await plan(["go", "gofmt"])).toEqual({ edits: [made(), made("gofmt")], findings: [] });
    expect(await readdir(join(scratch, "local"))).toEqual([]);
    await rm(join(scratch, "local"), { recursive: true });
    expect((await plan()).edits).toEqual([made()]);
  });

  it("has nothing to do for links that lead to the root, whatever their spelling, and whether it is there", async () => {
    await link(join(scratch, "root", "bin", "go"));
    expect(await plan()).toEqual({ edits: [], findings: [] });
    await mkdir(join(scratch, "root"));
    await symlink("root", join(scratch, "alias"));
    await link("../alias/bin/gofmt", "gofmt");
    expect(await plan(["go", "gofmt"])).toEqual({ edits: [], findings: [] });
  });

  it("turns a link to another root of goferry", async () => {
    await mkdir(join(scratch, "old", "state"), { recursive: true });
    await writeFile(join(scratch, "old", "state", "state.json"), '{"stateVersion":1}');
    await link(join(scratch, "old", "bin", "go"));
    expect(await plan()).toEqual({ edits: [made()], findings: [] });
  });

  it.each<[string, () => Promise<unknown>]>([
    ["a program", () => writeFile(join(scratch, "local", "go"), "#!/bin/sh\n", { mode: 0o755 })],
    ["a folder", () => mkdir(join(scratch, "local", "go"))],
    ["a link to another Go", () => link("/usr/local/go/bin/go")],
    ["a link that leads nowhere", () => link("/nonexistent/bin/go")],
    ["a link to one version of the root, which somebody chose", () => link("../root/sdk/go1.26.8/bin/go")],
    ["a link to another program of the root", () => link("../root/bin/gofmt")],
  ])("leaves %s alone, and names it", async (_, plant) => {
    await plant();
    const { edits, findings } = await plan();
    expect(edits).toEqual([]);
    expect(findings).toMatchObject([
      { code: "PATH_OCCUPIED", level: "warn", subject: join(scratch, "local", "go") },
    ]);
  });
});
