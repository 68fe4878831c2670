import process from "node:process";
import { blobPath } from "@goferry/core";
import { afterEach, describe, expect, it } from "vitest";
import { smallBundle } from "../../../../test/kit/small-bundle.ts";
import { renderReadme } from "./readme.ts";

const { packed } = await smallBundle({ platforms: ["linux/amd64", "windows/amd64"] });
const { contents } = packed;
const text = (of = contents): string => Buffer.from(renderReadme(of)).toString("utf8");

describe("renderReadme", () => {
  const { TZ, LANG, LC_ALL } = process.env;
  afterEach(() => {
    Object.assign(process.env, { TZ, LANG, LC_ALL });
    for (const [name, value] of Object.entries({ TZ, LANG, LC_ALL })) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
    }
  });

  it("is a function of the contents, wherever and whenever it runs", () => {
    const first = text();
    Object.assign(process.env, { TZ: "Pacific/Kiritimati", LANG: "ar_EG.UTF-8", LC_ALL: "ar_EG.UTF-8" });
    expect(new Date(0).getHours()).not.toBe(0);
    expect(text(structuredClone(contents))).toBe(first);
  });

  it("is what the index has the digest of, and changes with what it says", () => {
    expect(Buffer.compare(packed.readme, renderReadme(contents))).toBe(0);
    expect(text({ ...contents, expires: "2027-01-01T00:00:00Z" })).toContain("2027-01-01T00:00:00Z");
    expect(text({ ...contents, name: "other" })).not.toBe(text());
  });

  it("is plain text that any pager and any shell can take", () => {
    expect(text()).toMatch(/^[\n\x20-\x7e]+\n$/u);
    expect(text()).not.toMatch(/ \n|\n\n\n/u);
  });

  it("has the commands of Windows, each in a line of its own, where the bundle is for Windows", () => {
    for (const line of ["certutil -hashfile THIS-FILE SHA256", "tar -xf THIS-FILE -C bundle"])
      expect(text()).toContain(`\n  ${line}\n`);
    expect(text({ ...contents, platforms: ["linux/amd64"] })).not.toContain("ON WINDOWS");
  });

  it("lists for each platform the layers of that platform, in order, but for that of the log", () => {
    const { layers } = contents;
    const listed = [...text().matchAll(/^ {2}zstd -dc (?<blob>\S+) /gmu)].map(
      ({ groups }) => groups?.["blob"],
    );
    const wanted = contents.platforms.flatMap((platform) =>
      layers.filter(
        (layer) => layer.kind !== "log" && (layer.platform === undefined || layer.platform === platform),
      ),
    );
    expect(listed).toEqual(wanted.map(({ digest }) => blobPath(digest)));
    expect(text()).toContain("# linux/amd64\n");
    expect(text()).toContain("# windows/amd64\n");
  });
});
