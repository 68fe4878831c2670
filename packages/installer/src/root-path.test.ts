import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveRoot } from "./root-path.ts";

let at: string;
beforeAll(async () => {
  at = await realpath(await mkdtemp(join(tmpdir(), "goferry-root-path-")));
  await mkdir(join(at, "real"));
  await symlink("real", join(at, "link"));
});
afterAll(() => rm(at, { recursive: true }));

describe("resolveRoot", () => {
  it.each([
    ["a folder", "real", "real"],
    ["a link to it", "link", "real"],
    ["what is not there yet, behind a link", "link/a/b", "real/a/b"],
    ["what is not there yet", "none/a", "none/a"],
  ])("gives %s one name", async (_, path, expected) => {
    expect(await resolveRoot(join(at, path))).toBe(join(at, expected));
  });
});
