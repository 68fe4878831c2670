import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { releaseSigner } from "../../../../test/kit/go-mirror.ts";
import { makeZip } from "../../../../test/kit/make-zip.ts";
import {
  archive,
  attempt,
  good,
  MODULE,
  own,
  recordOf,
  tarGz,
  TAR,
  TREE,
  WINDOWS,
  ZIP,
  zipOf,
} from "../../../../test/kit/release-archives.ts";

const stranger = await releaseSigner(new Date(Date.now() - 3_600_000));

describe("what a mirror may not do", () => {
  it("refuses an archive without a signature before it downloads it", async () => {
    const { error, asked } = await attempt([{ filename: TAR, content: archive }]);
    expect(error).toMatchObject({
      code: "SIGNATURE_MISSING",
      subject: TAR,
      expected: expect.stringMatching(
        /\.asc, by EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796 \(Google .*\), or /u,
      ),
      found: "404",
      next: expect.stringContaining("https://go.dev/dl"),
    });
    expect(asked).not.toContain(TAR);
  });

  it("refuses a signature by another key", async () => {
    const { error, kept } = await attempt([{ ...good, signature: await stranger.sign(archive) }]);
    expect(error).toMatchObject({
      code: "SIGNATURE_UNTRUSTED",
      subject: TAR,
      expected: expect.stringContaining("EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796"),
      found: expect.stringContaining(stranger.trusted.fingerprint),
      next: expect.stringContaining("--release-key FILE"),
    });
    expect(kept).toEqual([]);
  });

  it("refuses a signature from the future", async () => {
    const tomorrow = new Date(Date.now() + 3 * 24 * 3_600_000);
    const { error, kept } = await attempt([{ ...good, signature: await own.sign(archive, tomorrow) }]);
    expect(error).toMatchObject({ code: "CLOCK_BEHIND", subject: TAR });
    expect(kept).toEqual([]);
  });

  const other = tarGz({ ...TREE, "bin/go": "something else" });

  it("refuses an archive that is not what the list says", async () => {
    const sha256 = createHash("sha256").update(archive).digest("hex");
    const { error, kept } = await attempt([{ ...good, content: other, listed: { sha256 } }]);
    expect(error).toMatchObject({
      code: "HASH_MISMATCH",
      subject: TAR,
      expected: `SHA-256 ${sha256}, ${other.length} bytes`,
      found: expect.stringContaining("SHA-256 "),
      next: expect.stringContaining("mirror"),
    });
    expect(kept).toEqual([]);
  });

  it("refuses an archive of another size than the list says", async () => {
    for (const size of [archive.length - 1, archive.length + 1]) {
      const { error, kept } = await attempt([{ ...good, listed: { size } }]);
      expect(error).toMatchObject({ code: "RESPONSE_INVALID", subject: TAR });
      expect(kept).toEqual([]);
    }
  });

  it("refuses an archive that was changed along with the list", async () => {
    const { error, kept } = await attempt([{ ...good, content: other }]);
    expect(error).toMatchObject({
      code: "SIGNATURE_INVALID",
      subject: TAR,
      expected: expect.stringContaining(own.trusted.fingerprint),
      next: expect.stringContaining("mirror"),
    });
    expect(kept).toEqual([]);
  });

  // Whoever has the key of the mirror, or Google's, has not changed the log.
  it("refuses an archive that a trusted key has signed and the checksum database does not know", async () => {
    const { error } = await attempt([{ ...good, content: other, signature: await own.sign(other) }]);
    expect(error).toMatchObject({
      code: "LOG_MISMATCH",
      subject: `golang.org/toolchain@${MODULE.version}`,
      expected: recordOf(TREE).h1,
      found: recordOf({ ...TREE, "bin/go": "something else" }).h1,
    });
    const record = { ...recordOf(TREE), modH1: recordOf(TREE).h1 };
    expect((await attempt([good], { record })).error).toMatchObject({ code: "LOG_MISMATCH" });
  });

  it.each<[string, Uint8Array, string]>([
    [
      "a zip with a link",
      makeZip([{ name: "go/x", content: "/etc/passwd", mode: 0o120777 }]),
      "MODULE_ZIP_INVALID",
    ],
    ["a zip whose name climbs", makeZip([{ name: "go/../x", content: "" }]), "ENTRY_REFUSED"],
    ["a zip that is none", Buffer.from("<html>"), "MODULE_ZIP_INVALID"],
    ["a zip of another folder", makeZip([{ name: "gone/x", content: "" }]), "MODULE_ZIP_INVALID"],
    [
      "a zip with a file twice",
      makeZip(["go/x", "go/x"].map((name) => ({ name, content: "" }))),
      "ENTRY_REFUSED",
    ],
    [
      "a zip that inflates to more",
      makeZip([{ name: "go/x", content: "xx", size: 1 }]),
      "MODULE_ZIP_INVALID",
    ],
    ["a file that hashes like go.mod", zipOf({ ...TREE, "src/_go.mod": "" }), "ENTRY_REFUSED"],
  ])("refuses %s, though it is signed", async (_name, content, code) => {
    const mirrored = { filename: ZIP, content, signature: await own.sign(content) };
    expect((await attempt([mirrored], { module: WINDOWS })).error).toMatchObject({ code });
  });

  it("refuses a list that names a path to climb, and asks for nothing more", async () => {
    const { error, asked } = await attempt([{ ...good, listed: { filename: `../${TAR}` } }]);
    expect(error).toMatchObject({ code: "RESPONSE_INVALID", subject: "the list of Go releases" });
    expect(asked).toHaveLength(1);
  });
});
