// ASCII armor, read strictly: one block and nothing else. Lenient readers look for the first block and ignore
// what stands around it, so a second signature, a second key or a signed text would go unnoticed; here they are
// seen. The CRC-24 line is skipped, as RFC 9580 section 6.1 demands; the OpenPGP check itself is stronger.

export type Armor = { label: string; bytes: Uint8Array } | { problem: string };

/**
 * The label and the binary content of a file that holds exactly one armored block (RFC 9580 section 6.2), or the
 * reason why it does not. White space around the block and at the end of lines is allowed.
 */
export function readArmor(file: Uint8Array): Armor {
  const lines = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
    .toString("latin1")
    .trim()
    .split("\n")
    .map((line) => line.trimEnd());
  const label = /^-----BEGIN ([A-Z ,/0-9]+)-----$/.exec(lines[0] ?? "")?.[1];
  if (label === undefined) return { problem: "does not begin with an armor line" };
  if (label === "PGP SIGNED MESSAGE") return { problem: "is a signed text, not a detached signature" };
  if (lines.at(-1) !== `-----END ${label}-----`) return { problem: `does not end with the end of ${label}` };
  if (lines.filter((line) => line.startsWith("-----")).length !== 2) {
    return { problem: "holds more than one armored block" };
  }
  const headersEnd = lines.indexOf("");
  if (headersEnd < 0) return { problem: "has no empty line after its armor headers" };
  if (!lines.slice(1, headersEnd).every((line) => /^[A-Za-z]+: /.test(line))) {
    return { problem: "has armor headers that are none" };
  }
  const bytes = decodeBody(lines.slice(headersEnd + 1, -1));
  return bytes === undefined ? { problem: "is not base64 between its armor lines" } : { label, bytes };
}

/**
 * Whether this is how openpgp.js or gpg write an armored block: no headers, lines of 60 or 64 characters, a right CRC-24
 * if there is one, and one newline at the end. A block that is none at all is none of another spelling either.
 */
export function isPlainArmor(file: Uint8Array): boolean {
  const armor = readArmor(file);
  if ("problem" in armor) return true;
  const { label, bytes } = armor;
  const text = Buffer.from(file).toString("latin1");
  const base64 = Buffer.from(bytes).toString("base64");
  const checksum = /\n=....\n-/.test(text) ? `=${crc24(bytes).toString("base64")}\n` : "";
  return [/.{60}(?=.)/g, /.{64}(?=.)/g].some((line) => {
    const body = base64.replace(line, "$&\n");
    return text === `-----BEGIN ${label}-----\n\n${body}\n${checksum}-----END ${label}-----\n`;
  });
}

/** RFC 9580 section 6.1.1. */
function crc24(bytes: Uint8Array): Buffer {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x800000) === 0 ? 0 : 0x1864cfb);
  }
  const out = Buffer.alloc(3);
  out.writeUIntBE(crc & 0xffffff, 0, 3);
  return out;
}

/** True when the file starts like an armored one; binary OpenPGP starts with a byte above 127. */
export function looksArmored(file: Uint8Array): boolean {
  return (file[0] ?? 0) < 0x80;
}

function decodeBody(lines: string[]): Uint8Array | undefined {
  const hasChecksum = /^=[A-Za-z0-9+/]{4}$/.test(lines.at(-1) ?? "");
  const body = (hasChecksum ? lines.slice(0, -1) : lines).join("");
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(body);
  return isBase64 && body !== "" ? new Uint8Array(Buffer.from(body, "base64")) : undefined;
}
