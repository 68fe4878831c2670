// The frame of an OpenPGP packet. Readers skip marker, padding and unknown packets, so that one signature has any
// number of spellings; reading the frame ourselves leaves it one.

export interface Packet {
  /** Packet type ID, 2 for a signature (RFC 9580 section 5). */
  tag: number;
  body: Uint8Array;
}

/**
 * The packet that `bytes` consist of, or undefined when they are anything but exactly one packet of known length
 * (RFC 9580 sections 4.2.1 and 4.2.2, without partial and indeterminate lengths).
 */
export function onlyPacket(bytes: Uint8Array): Packet | undefined {
  const first = bytes[0] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  const isNewFormat = (first & 0x40) !== 0;
  const length = isNewFormat ? newLength(bytes) : oldLength(bytes, first & 0x03);
  if (length === undefined || length.end + length.body !== bytes.length) return undefined;
  return { tag: isNewFormat ? first & 0x3f : (first >> 2) & 0x0f, body: bytes.subarray(length.end) };
}

/** Where a header ends, and how many bytes of body follow. */
interface Length {
  end: number;
  body: number;
}

function newLength(bytes: Uint8Array): Length | undefined {
  const first = bytes[1] ?? 0xe0;
  if (first < 192) return { end: 2, body: first };
  if (first < 224) return { end: 3, body: ((first - 192) << 8) + (bytes[2] ?? 0) + 192 };
  return first === 255 ? { end: 6, body: bigEndian(bytes.subarray(2, 6)) } : undefined;
}

function oldLength(bytes: Uint8Array, kind: number): Length | undefined {
  if (kind === 3) return undefined;
  const end = 1 + (1 << kind);
  return { end, body: bigEndian(bytes.subarray(1, end)) };
}

function bigEndian(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
