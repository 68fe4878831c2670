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

/** The contents, bytes: about 1.5 KiB for each module, so some 20,000 modules. Parsed and compared they take ten times that. */
export const MAX_CONTENTS_BYTES = 32 * MIB;

/** Levels of lists and objects in a document. The contents have 6. */
export const MAX_JSON_DEPTH = 16;

/** Members of one object in a document. The contents have none with more than 17. */
export const MAX_JSON_MEMBERS = 64;

/** Values in a document: a unit has some 20, so this is room for 25,000. The smallest take 3 bytes as text and 60 parsed. */
export const MAX_JSON_VALUES = 500_000;

/** Files of one layer: their names and hashes are held in memory until the layer has been proven, 300 bytes for each. */
export const MAX_LAYER_ENTRIES = 500_000;

/** Layers of one toolchain: goferry makes at most five, one of them the platform's own; each is bounded by the unit's size. */
export const MAX_TOOLCHAIN_LAYERS = 8;

/** What unpacks of one unit, bytes: the 500 MiB of content that Go accepts (x/mod zip MaxZipFile), and the .mod beside it. */
export const MAX_UNIT_BYTES = 520 * MIB;

/** Bytes that unpack from a byte of the layers of a bundle, together: real ones have 4 to 11. */
export const MAX_RATIO = 100;

/** What may unpack beyond that ratio, bytes: four modules of nothing but zeros. */
export const RATIO_ALLOWANCE_BYTES = 2048 * MIB;

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
