// A checksum database for tests: a real log with a fresh key, real signatures and the real layout of lookups and
// tiles. It shares no code with packages/core/src/sumdb: hashes follow the recursive definition of RFC 6962,
// section 2.1, so that an error there cannot hide here.

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { GoferryError } from "../../packages/core/src/errors.ts";

export interface ChecksumLog {
  /** Verifier key in the syntax of GOSUMDB. */
  vkey: string;
  /** Adds the record of a module, with hashes made from its name unless given, and returns its number. */
  add(module: { path: string; version: string; h1?: string; modH1?: string }): number;
  /** The number of records. */
  size(): number;
  /** SHA-256 root of the first `size` records. */
  root(size: number): Uint8Array;
  /** The hash of the complete subtree `n` at `level`. */
  node(level: number, n: number): Uint8Array;
  /** The signed note of the tree with the first `size` records, by default all. */
  head(size?: number): string;
  /** Signs any text as this database. */
  note(text: string): string;
  /** Answers `latest`, `lookup/…` and `tile/…`; throws NOT_FOUND. */
  fetch(path: string): Promise<Uint8Array>;
  /** The size of the tree whose head is in the answer to the lookup of a record; by default all records. */
  headOf: (id: number) => number;
  /** Every path that fetch was asked for. */
  requests: string[];
}

export function checksumLog(name = "sum.example.com"): ChecksumLog {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = Buffer.concat([
    Buffer.of(1),
    Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"),
  ]);
  const keyHash = sha256(Buffer.from(`${name}\n`), key).subarray(0, 4);
  const records: string[] = [];
  const names = new Map<string, number>();
  const memo = new Map<string, Buffer>();

  /** MTH(D[lo:hi]) of RFC 6962. */
  function root(lo: number, hi: number): Buffer {
    if (hi === lo) return sha256();
    const known = memo.get(`${lo}-${hi}`);
    if (known !== undefined) return known;
    let half = 1;
    while (half * 2 < hi - lo) half *= 2;
    const found =
      hi - lo === 1
        ? sha256(Buffer.of(0), Buffer.from(records[lo] ?? ""))
        : sha256(Buffer.of(1), root(lo, lo + half), root(lo + half, hi));
    memo.set(`${lo}-${hi}`, found);
    return found;
  }

  const log: ChecksumLog = {
    vkey: `${name}+${keyHash.toString("hex")}+${key.toString("base64")}`,
    requests: [],
    headOf: () => records.length,
    size: () => records.length,
    root: (size) => root(0, size),
    node: (level, n) => root(n * 2 ** level, (n + 1) * 2 ** level),
    add({ path, version, h1 = dirhash(`${path} ${version}`), modH1 = dirhash(`${path} ${version} mod`) }) {
      records.push(`${path} ${version} ${h1}\n${path} ${version}/go.mod ${modH1}\n`);
      const escaped = path.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
      names.set(`${escaped}@${version}`, records.length - 1);
      return records.length - 1;
    },
    note(text) {
      const signature = Buffer.concat([keyHash, sign(null, Buffer.from(text), privateKey)]);
      return `${text}\n— ${name} ${signature.toString("base64")}\n`;
    },
    head: (size = records.length) =>
      log.note(`go.sum database tree\n${size}\n${root(0, size).toString("base64")}\n`),
    async fetch(path) {
      log.requests.push(path);
      const [, asked] = /^lookup\/(.+)$/.exec(path) ?? [];
      const id = names.get(asked ?? "");
      if (path === "latest") return Buffer.from(log.head());
      if (id !== undefined) return Buffer.from(`${id}\n${records[id]}\n${log.head(log.headOf(id))}`);
      const tile = tileData(path);
      if (tile !== undefined) return tile;
      throw new GoferryError("NOT_FOUND", { subject: path, message: "the test's database has no such file" });
    },
  };

  function tileData(path: string): Uint8Array | undefined {
    const [, level = "", number = "", part = "256"] =
      /^tile\/8\/(\d+)\/([x\d/]+)(?:\.p\/(\d+))?$/.exec(path) ?? [];
    const first = Number(number.replaceAll(/[x/]/g, "")) * 256;
    const last = first + Number(part);
    const step = 256 ** Number(level);
    if (number === "" || last * step > records.length) return undefined;
    return Buffer.concat(
      Array.from({ length: last - first }, (_, i) => root((first + i) * step, (first + i + 1) * step)),
    );
  }

  return log;
}

/** A hash in the form of Go's dirhash, made from a text. */
export function dirhash(text: string): string {
  return `h1:${sha256(Buffer.from(text)).toString("base64")}`;
}

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}
