import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkEntryName } from "../archive/names.ts";
import { infoFile, modulePlace, sdkPlace, zipHashFile } from "./place.ts";

const REFUSED = expect.objectContaining({ code: "MODULE_INVALID" });

describe("modulePlace", () => {
  it("is the layout of Go's module cache, in which upper case is escaped", () => {
    expect(modulePlace({ path: "github.com/BurntSushi/toml", version: "v1.6.0-RC1" })).toEqual({
      tree: "mod/github.com/!burnt!sushi/toml@v1.6.0-!r!c1/",
      info: "mod/cache/download/github.com/!burnt!sushi/toml/@v/v1.6.0-!r!c1.info",
      mod: "mod/cache/download/github.com/!burnt!sushi/toml/@v/v1.6.0-!r!c1.mod",
      ziphash: "mod/cache/download/github.com/!burnt!sushi/toml/@v/v1.6.0-!r!c1.ziphash",
    });
  });

  it("keeps +incompatible and major versions", () => {
    const place = modulePlace({ path: "example.com/a", version: "v2.0.0+incompatible" });
    expect(place.tree).toBe("mod/example.com/a@v2.0.0+incompatible/");
    expect(modulePlace({ path: "example.com/a/v2", version: "v2.0.0" }).tree).toBe(
      "mod/example.com/a/v2@v2.0.0/",
    );
  });

  it("gives different modules different places, also where case does not count, and names that layers may have", () => {
    const part = fc.stringMatching(/^[A-Za-z]{1,3}$/);
    const module = fc.record({
      path: fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => `x.io/${parts.join("/")}`),
      version: fc.stringMatching(/^v[01]\.[0-9]\.[0-9](-[A-Za-z]{1,2})?$/),
    });
    fc.assert(
      fc.property(module, module, (a, b) => {
        fc.pre(!/\/(con|prn|aux|nul|com[1-9]|lpt[1-9])(\/|$)/i.test(`${a.path}/${b.path}`));
        const [places, others] = [a, b].map((each) =>
          Object.values(modulePlace(each)).map((name) => name.toLowerCase()),
        );
        for (const name of places ?? []) checkEntryName(name.replace(/\/$/, ""));
        const isSame = a.path === b.path && a.version === b.version;
        expect(places?.some((name) => others?.includes(name))).toBe(isSame);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    { path: "../../etc", version: "v1.0.0" },
    { path: "example.com/a", version: "v1.0.0/../../x" },
    { path: "example.com/a", version: "latest" },
    { path: "example.com/a@v1", version: "v1.0.0" },
    { path: "example.com/a/v2", version: "v1.0.0" },
  ])("refuses %j", (module) => expect(() => modulePlace(module)).toThrow(REFUSED));
});

describe("the files beside a module", () => {
  it("are a .info of the version alone, and a .ziphash without a newline", () => {
    expect(Buffer.from(infoFile({ path: "example.com/a", version: "v1.0.0" })).toString()).toBe(
      '{"Version":"v1.0.0"}',
    );
    expect(Buffer.from(zipHashFile("h1:x=")).toString()).toBe("h1:x=");
  });
});

describe("sdkPlace", () => {
  it("is a folder for each version", () => expect(sdkPlace("1.28rc1")).toBe("sdk/go1.28rc1/"));
});
