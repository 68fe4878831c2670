import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checksumLog } from "../../../../test/kit/checksum-log.ts";
import { GoferryError } from "../errors.ts";
import { parseLookup, recordText, type LogRecord } from "./record.ts";

const REFUSED = expect.objectContaining({ code: "LOG_MISMATCH" });
const text03 = {
  path: "golang.org/x/text",
  version: "v0.3.0",
  h1: "h1:g61tztE5qeGQ89tm6NTjjM9VPIm088od1l6aSorWRWg=",
  modH1: "h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=",
};
const answer = `0
golang.org/x/text v0.3.0 h1:g61tztE5qeGQ89tm6NTjjM9VPIm088od1l6aSorWRWg=
golang.org/x/text v0.3.0/go.mod h1:NqM8EUOU14njkJ3fqMW+pc6Ldnwhi/IjpwHt7yyuwOQ=

any note
`;

/** What stands in the text of a record, or the code of its refusal. */
function fieldsOf(record: LogRecord): unknown {
  try {
    return recordText(record).split(/[ \n]/);
  } catch (error) {
    return error instanceof GoferryError ? error.code : error;
  }
}

describe("recordText", () => {
  it("is the two lines of go.sum", () => {
    expect(recordText(text03)).toBe(answer.split("\n").slice(1, 3).join("\n") + "\n");
  });

  it.each([
    ["an empty path", { path: "" }],
    ["a space in the path", { path: "golang.org/x/text v0.3.0" }],
    ["a newline in the path", { path: "golang.org/x/text\n" }],
    ["a letter beyond ASCII", { path: "golang.org/x/täxt" }],
    ["no version", { version: "" }],
    ["a slash in the version", { version: "v0.3.0/go.mod" }],
    ["a newline in the version", { version: "v0.3.0\n" }],
    ["an empty hash", { h1: "" }],
    ["a hash of another kind", { h1: text03.h1.replace("h1:", "h2:") }],
    ["a short hash", { h1: "h1:AAAA" }],
    ["a newline after a hash", { modH1: `${text03.modH1}\n` }],
    ["another spelling of a hash", { h1: text03.h1.replace("g=", "h=") }],
  ])("refuses %s", (_, change) => {
    expect(() => recordText({ ...text03, ...change })).toThrow(REFUSED);
  });

  it("is of one record only: what it accepts can be told from the text again", () => {
    const piece = fc.constantFrom("a", "A", " ", "\n", "/", "go.mod", " v1 ", text03.h1);
    const name = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(name, name, (path, version) => {
        const isName = /^\S+$/.test(path) && /^[^\s/]+$/.test(version);
        const fields = [path, version, text03.h1, path, `${version}/go.mod`, text03.modH1, ""];
        expect(fieldsOf({ ...text03, path, version })).toEqual(isName ? fields : "LOG_MISMATCH");
      }),
    );
  });
});

describe("parseLookup", () => {
  it("reads an answer", () => {
    expect(parseLookup(Buffer.from(answer), text03)).toEqual({ id: 0, record: text03, note: "any note\n" });
  });

  it("reads what a database answers, with the path as it is", async () => {
    const log = checksumLog();
    const id = log.add({ path: "github.com/Example/Mixed", version: "v2.0.0+incompatible" });
    const served = await log.fetch("lookup/github.com/!example/!mixed@v2.0.0+incompatible");
    const found = parseLookup(served, { path: "github.com/Example/Mixed", version: "v2.0.0+incompatible" });
    expect(found).toMatchObject({ id, record: { path: "github.com/Example/Mixed" }, note: log.head() });
  });

  it.each([
    ["another version", answer.replaceAll("v0.3.0", "v0.3.1")],
    ["another path", answer.replaceAll("x/text", "x/test")],
    ["one line of another version", answer.replace("v0.3.0/go.mod", "v0.3.1/go.mod")],
    ["the lines exchanged", answer.replace(/(.*h1:g.*\n)(.*\n)/, "$2$1")],
    ["a third line", answer.replace("\n\n", "\ngolang.org/x/text v0.3.0 h1:other\n\n")],
    ["no record", "0\n\nany note\n"],
    ["no note", answer.replace("any note\n", "")],
    ["no number", answer.slice(2)],
    ["a number with a leading zero", `0${answer}`],
    ["a negative number", `-${answer}`],
    ["a number of 2^53", answer.replace(/^0/, "9007199254740992")],
    ["a page of HTML", "<html>\n<p>Not here</p>\n</html>\n"],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(() => parseLookup(Buffer.from(text), text03)).toThrow(REFUSED);
  });
});
