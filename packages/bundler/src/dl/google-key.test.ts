import { readTrustedKey } from "@goferry/core";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { GOOGLE_FINGERPRINT, googleKey } from "./google-key.ts";

const realData = process.env["GOFERRY_REALDATA"];
if (realData === undefined) {
  console.warn("GOFERRY_REALDATA names no folder with Google's files: the key is not compared with the file");
}

describe("googleKey", () => {
  it("is the key that signs Go, with the signing subkeys of all its years", async () => {
    const { fingerprint, userIds, expires, key } = await googleKey();
    expect(fingerprint).toBe("EB4C1BFD4F042F6DDDCCEC917721F63BD38B4796");
    expect(fingerprint).toBe(GOOGLE_FINGERPRINT);
    expect(userIds).toEqual([
      "Google Inc. (Linux Packages Signing Authority) <linux-packages-keymaster@google.com>",
    ]);
    expect(expires).toBeUndefined();
    // Of 2016 to 2025, two of them bound by SHA-1: those vouch for nothing here, and have signed no Go from 1.21 on.
    expect(key.getSubkeys().map((subkey) => subkey.getFingerprint().toUpperCase())).toEqual([
      "3B068FB4789ABE4AEFA3BB491397BC53640DB551",
      "3E50F6D3EC278FDEB655C8CA6494C6D6997C215E",
      "2F528D36D67B69EDF998D85778BD65473CB3BD13",
      "8461EFA0E74ABAE010DE66994EB27DB2A3B88B8B",
      "A5F483CD733A4EBAEA378B2AE88979FB9B30ACF2",
      "0F06FF86BEEAF4E71866EE5232EE5355A6BC6E42",
      "0E225917414670F4442C250DFD533C07C264648F",
    ]);
  });

  it.runIf(realData !== undefined)("is what Google publishes, byte for byte", async () => {
    const published = await readFile(join(realData ?? "", "google-linux-signing-key.asc"));
    const { key } = await readTrustedKey(published);
    expect(Buffer.from((await googleKey()).key.write())).toEqual(Buffer.from(key.write()));
  });
});
