import { GoferryError } from "@goferry/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseNetrc } from "./netrc.ts";

const entry = (text: string, host: string): [string, string] | undefined => {
  const found = parseNetrc(text, "netrc").get(host);
  return found && [found.login, found.password];
};

/** What parseNetrc throws, if anything. */
function refusal(text: string): unknown {
  try {
    parseNetrc(text, "netrc");
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("parseNetrc", () => {
  it("reads entries on one line and over several", () => {
    expect(entry("machine a.test login me password one", "a.test")).toEqual(["me", "one"]);
    expect(entry("machine\n a.test\n\tlogin me\r\n\tpassword\r\n one\n", "a.test")).toEqual(["me", "one"]);
    expect(entry("machine A.test login me password one", "a.test")).toEqual(["me", "one"]);
  });

  it("keeps each machine's own password", () => {
    const text = "machine a.test login me password one\nmachine b.test password two login you account x";
    expect(entry(text, "a.test")).toEqual(["me", "one"]);
    expect(entry(text, "b.test")).toEqual(["you", "two"]);
    expect(entry(text, "test")).toBeUndefined();
    expect(entry(text, "x.a.test")).toBeUndefined();
  });

  it("takes the first of several entries, and none that is incomplete", () => {
    const text =
      "machine a.test login me\nmachine a.test login me password one\nmachine a.test login me password two";
    expect(entry(text, "a.test")).toEqual(["me", "one"]);
  });

  it("gives the login of `default` to nobody", () => {
    const text = "machine a.test login me password one default login all password two";
    expect([...parseNetrc(text, "netrc").keys()]).toEqual(["a.test"]);
    expect(entry(text, "a.test")).toEqual(["me", "one"]);
  });

  it("skips comments, but not a password that begins like one", () => {
    const text = "# machine a.test\nmachine a.test # mine\n login me password #one # yes\n";
    expect(entry(text, "a.test")).toEqual(["me", "#one"]);
  });

  it("skips macros up to their blank line", () => {
    const text =
      "machine a.test login me password one\nmacdef init\nmachine b.test login x password y\n\nmachine c.test login u password v";
    expect([...parseNetrc(text, "netrc").keys()]).toEqual(["a.test", "c.test"]);
    expect([...parseNetrc("macdef init\ncd /", "netrc").keys()]).toEqual([]);
  });

  it.each([
    ["a quoted password with a space", 'machine a.test login me password "se cret"', "netrc:1"],
    ["an unknown keyword", "machine a.test login me\n  pasword secret", "netrc:2"],
    ["a keyword without a value", "machine a.test login me password", "netrc:1"],
    ["a login of no machine", "login me password secret", "netrc:1"],
    ["the name of a property of every object", "machine a.test constructor secret", "netrc:1"],
  ])("refuses %s", (_, text, subject) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(GoferryError);
    expect(error).toMatchObject({ code: "ARGUMENT_INVALID", subject });
    expect(JSON.stringify(error)).not.toContain("cret");
  });

  it("reads back what it was given, and else throws nothing but ARGUMENT_INVALID", () => {
    const word = fc.stringMatching(/^[!-~]+$/u).filter((text) => !text.startsWith("#"));
    fc.assert(
      fc.property(fc.array(fc.record({ host: word, login: word, password: word })), (list) => {
        const lines = list.map((one) => `machine ${one.host} login ${one.login} password ${one.password}`);
        const read = parseNetrc(lines.join("\n"), "netrc");
        for (const one of list.toReversed()) {
          const first = list.find((other) => other.host.toLowerCase() === one.host.toLowerCase());
          expect(read.get(one.host.toLowerCase())).toEqual({
            login: first?.login,
            password: first?.password,
          });
        }
      }),
      { numRuns: 50 },
    );
    const token = fc.constantFrom("machine", "default", "macdef", "login", "password", "#", "\n", "x", "\0");
    fc.assert(
      fc.property(fc.array(token), (tokens) => {
        const error = refusal(tokens.join(" "));
        expect(
          error === undefined || (error instanceof GoferryError && error.code === "ARGUMENT_INVALID"),
        ).toBe(true);
      }),
    );
  });
});
