// trust allow-private, remove-private and list, and what list says of a root that has only patterns; the commands about
// keys, and which keys install, verify and diff go by.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { goferry, testFolder } from "../testing/terminal.ts";

it("allows several patterns, lists them, and takes one back", async () => {
  await using host = await testFolder();
  const root = join(host.path, "root");
  const env = { GOFERRY_ROOT: root };
  const run = (...words: string[]) => goferry(words, { cwd: host.path, env });

  const tried = await run("trust", "allow-private", "a.example/*", "--dry-run");
  expect(tried).toMatchObject({ code: 0, stderr: "" });
  expect(tried.stdout).toContain(`Would be so: ${root} accepts private modules of a.example/*`);
  await expect(stat(root)).rejects.toMatchObject({ code: "ENOENT" });

  const allowed = await run("trust", "allow-private", "b.example", "a.example/*");
  expect(allowed).toMatchObject({ code: 0, stderr: "" });
  expect(allowed.stdout).toBe(
    `${root} accepts private modules of b.example, a.example/*\n  private  a.example/*\n           b.example\n`,
  );
  expect((await run("trust", "allow-private", "b.example")).stdout).toContain("Nothing to do");
  expect((await run("list")).stdout).toBe(
    `Nothing is installed in ${root}; it accepts private modules of a.example/*, b.example\n`,
  );
  expect((await run("trust", "list")).stdout).toBe(
    `${root}\n  keys     none; those of goferry trust list --user count, or --key\n  private  a.example/*: 0 units\n           b.example: 0 units\n`,
  );
  const removed = await run("trust", "remove-private", "b.example", "--json");
  expect(removed.json()).toEqual({
    changed: true,
    dryRun: false,
    root,
    privatePatterns: ["a.example/*"],
    uncovered: [],
  });
  expect((await run("trust", "list", "--json")).json()).toEqual({
    root,
    keys: [],
    minSignatures: 1,
    revoked: [],
    update: null,
    privatePatterns: [{ pattern: "a.example/*", units: [] }],
  });
});

it("needs a pattern, and one that is there to remove", async () => {
  await using host = await testFolder();
  const root = join(host.path, "root");
  const run = async (...words: string[]) =>
    (await goferry([...words, "--root", root, "--json"], { cwd: host.path })).json();
  expect(await run("trust", "allow-private")).toMatchObject({
    error: { code: "ARGUMENT_INVALID", subject: "PATTERN" },
  });
  expect(await run("trust", "allow-private", "https://git.corp.example")).toMatchObject({
    error: { code: "ARGUMENT_INVALID", subject: "https://git.corp.example" },
  });
  expect(await run("trust", "remove-private", "a.example")).toMatchObject({
    error: { code: "NOT_FOUND", expected: "no pattern is" },
  });
  await expect(stat(join(root, "state/state.json"))).rejects.toMatchObject({ code: "ENOENT" });
});
