import { describe, expect, it } from "vitest";

import { followRedirect } from "./redirect.ts";

describe("followRedirect", () => {
  it.each([
    ["https://a.test/x/y", "z?sig=1", "https://a.test/x/z?sig=1"],
    ["https://a.test/x", "//b.test/", "https://b.test/"],
    ["http://a.test/x", "http://b.test/", "http://b.test/"],
    ["http://a.test/x", "https://a.test/x", "https://a.test/x"],
    ["https://a.test/x", "https://user:word@b.test/y", "https://b.test/y"],
  ])("%s to %s", (from, location, to) => {
    expect(followRedirect(new URL(from), location)).toMatchObject({ to: new URL(to) });
  });

  it.each([
    ["https://a.test/x", "http://a.test/x"],
    ["https://a.test/x", "file:///etc/passwd"],
    ["https://a.test/x", "data:text/plain,x"],
    ["https://a.test/x", "https://"],
    ["https://a.test/x", undefined],
  ])("not from %s to %s", (from, location) => {
    expect(followRedirect(new URL(from), location)).toHaveProperty("refused");
  });
});
