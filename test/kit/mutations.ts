// Bundles that chance has changed: bits, cuts, more bytes, stretches that changed places or became zeros. Each comes from
// a number of its own, so that one that is not refused can be made again. A mutant of a real bundle has a hundred
// megabytes, so it is a list of the stretches that it took from the original, and no copy.

import { truncated, type ByteSource } from "../../packages/core/src/index.ts";

/** A stretch of the original, or bytes of its own. */
type Piece = { from: number; to: number } | Uint8Array;

export interface Mutant {
  seed: number;
  /** What was done, with offsets. */
  what: string;
  pieces: Piece[];
  /** Where it first differs from the original: offset. */
  from: number;
  /** The end of what differs; Infinity if everything behind is moved. */
  to: number;
}

/** Numbers below a bound, the same for the same seed (mulberry32, by Tommy Ettinger, in the public domain). */
export type Random = (below: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/**
 * The mutant of a number.
 * @param marks offsets near which half of all changes happen, because there the structure is: headers and documents
 */
export function mutantOf(bytes: Uint8Array, seed: number, marks: readonly number[]): Mutant {
  const random = randomOf(seed);
  for (;;) {
    const mutant = attempt(bytes, seed, { random, marks });
    // Zeros over zeros are no change.
    if (mutant !== undefined && !isSame(bytes, mutant)) return mutant;
  }
}

interface Chance {
  random: Random;
  marks: readonly number[];
}

function attempt(bytes: Uint8Array, seed: number, { random, marks }: Chance): Mutant | undefined {
  const size = bytes.length;
  const place = (): number => {
    const mark = random(2) === 0 ? marks[random(marks.length)] : undefined;
    const at = mark === undefined ? random(size) : mark - 1024 + random(2048);
    return Math.min(Math.max(at, 0), size - 1);
  };
  /** Mostly short: a long one is found at its beginning. */
  const length = (): number => 1 + random(2 ** (1 + random(16)));
  const at = place();
  const end = Math.min(at + length(), size);
  const replaced = (what: string, to: number, by: Uint8Array): Mutant => ({
    seed,
    what: `${what} at ${at}, to ${to}`,
    pieces: [{ from: 0, to: at }, by, { from: to, to: size }],
    from: at,
    to: by.length === to - at ? to : Infinity,
  });
  switch (random(8)) {
    case 0:
    case 1: {
      const bit = random(8);
      return replaced(`bit ${bit}`, at + 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << bit)));
    }
    case 2:
      return replaced("random bytes", end, randomBytes(end - at, random));
    case 3:
      return replaced("zeros", end, new Uint8Array(end - at));
    case 4:
      return replaced("removed", end, new Uint8Array());
    case 5:
      return replaced("inserted", at, random(2) === 0 ? randomBytes(end - at, random) : bytes.slice(at, end));
    case 6:
      return random(2) === 0 ? cutAt(seed, at) : appended(seed, size, randomBytes(end - at, random));
    default:
      return swapped(seed, size, [at, place()], end - at);
  }
}

function cutAt(seed: number, at: number): Mutant {
  return { seed, what: `cut at ${at}`, pieces: [{ from: 0, to: at }], from: at, to: Infinity };
}

function appended(seed: number, size: number, more: Uint8Array): Mutant {
  const what = `${more.length} bytes appended`;
  return { seed, what, pieces: [{ from: 0, to: size }, more], from: size, to: Infinity };
}

/** Two stretches of one length that change places; undefined if they overlap. */
function swapped(seed: number, size: number, places: [number, number], length: number): Mutant | undefined {
  const [a = 0, b = 0] = places.toSorted((x, y) => x - y);
  if (a + length > b || b + length > size) return undefined;
  const pieces = [
    { from: 0, to: a },
    { from: b, to: b + length },
    { from: a + length, to: b },
    { from: a, to: a + length },
    { from: b + length, to: size },
  ];
  return { seed, what: `${length} bytes at ${a} and ${b} swapped`, pieces, from: a, to: b + length };
}

function randomBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

function isSame(bytes: Uint8Array, { pieces, from, to }: Mutant): boolean {
  if (sizeOf(pieces) !== bytes.length) return false;
  const end = Math.min(to, bytes.length);
  return Buffer.compare(readFrom(bytes, pieces, { from, to: end }), bytes.subarray(from, end)) === 0;
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + pieceSize(piece), 0);
}

function pieceSize(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.to - piece.from;
}

/** The bytes of a mutant between two offsets. */
function readFrom(
  bytes: Uint8Array,
  pieces: readonly Piece[],
  { from, to }: { from: number; to: number },
): Buffer {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const piece of pieces) {
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, pieceSize(piece))];
    if (start < end) {
      const whole = piece instanceof Uint8Array ? piece : bytes.subarray(piece.from, piece.to);
      parts.push(whole.subarray(start, end));
    }
    at += pieceSize(piece);
  }
  return Buffer.concat(parts);
}

/** A mutant as a bundle's file. */
export function mutantSource(bytes: Uint8Array, { pieces }: Mutant): ByteSource {
  const size = sizeOf(pieces);
  return {
    name: "mutant.tar",
    size,
    file: () => undefined,
    async read(offset, length) {
      if (offset + length > size) throw truncated("mutant.tar", offset + length, size);
      return await Promise.resolve(readFrom(bytes, pieces, { from: offset, to: offset + length }));
    },
  };
}
