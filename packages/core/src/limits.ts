// What a reader accepts before it knows whom to believe, and the bounds on memory afterwards. Each is far above what
// real bundles have and far below what would hurt.

const KIB = 1 << 10;
const MIB = 1 << 20;

/** README.txt, bytes: a page of text and a line for each layer. */
export const MAX_README_BYTES = 256 * KIB;

/** index.json, the bundle index, and a manifest, bytes: a descriptor of some 300 bytes for each layer or signer. */
export const MAX_DOCUMENT_BYTES = MIB;

/** One armored signature, bytes: RSA 16384 takes 3 KiB. */
export const MAX_SIGNATURE_BYTES = 64 * KIB;

/** Signers of one bundle. */
export const MAX_SIGNATURES = 32;

/** A trust update with its signatures, bytes. */
export const MAX_UPDATE_BYTES = MIB;

/** The contents, bytes: about 1.5 KiB for each module, so some 40,000 modules. */
export const MAX_CONTENTS_BYTES = 64 * MIB;

/** zstd window of a layer as a power of two: 32 MiB for each decoder. FORMAT.md section 5. */
export const WINDOW_LOG = 25;

/** A .mod file, bytes: the limit of Go itself (x/mod zip MaxGoMod). */
export const MAX_GO_MOD_BYTES = 16 * MIB;

/** Heads of the checksum database that earlier bundles used: a year of weekly bundles. Each takes about 1.5 KiB. */
export const MAX_EARLIER_HEADS = 52;

/** Tiles of the checksum database in one bundle, 8 KiB each and held in memory while they are proven: 128 MiB. */
export const MAX_TILES = 16_384;

/** How far, in ms, the clock of whoever builds and signs bundles may be ahead of the clock of a host. */
export const CLOCK_TOLERANCE = 24 * 60 * 60 * 1000;
