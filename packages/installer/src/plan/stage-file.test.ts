import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testFolder } from "../../../../test/kit/host-root.ts";
import { stageFile } from "./stage-file.ts";

it("writes a file and the folders that it is in, and never over another", async () => {
  await using folder = await testFolder();
  const file = join(folder.path, "mod", "cache", "list");
  stageFile(file, "first");
  stageFile(join(folder.path, "mod", "cache", "empty"), new Uint8Array());
  const refused = expect.objectContaining({ code: "IO_FAILED", subject: file });
  expect(() => stageFile(file, "second")).toThrow(refused);
  expect(await readFile(file, "utf8")).toBe("first");
});

it("says which file it was where a file is in the place of a folder", async () => {
  await using folder = await testFolder();
  await writeFile(join(folder.path, "mod"), "");
  const file = join(folder.path, "mod", "cache", "list");
  expect(() => stageFile(file, "x")).toThrow(expect.objectContaining({ code: "IO_FAILED", subject: file }));
});
