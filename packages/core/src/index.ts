// What the other packages may use of core. Everything else is internal and may change.

export { compareNames, EntryNames, checkEntryName, visibleName } from "./archive/names.ts";
export { paddingAfter, paddingBytes, trailer } from "./archive/tar-writer.ts";
export { encodeHeader, MAX_FILE_BYTES, type TarEntry, type TarMode } from "./archive/ustar.ts";
export {
  ZIP_DEFLATED,
  ZIP_LOCAL_BYTES,
  ZIP_STORED,
  zipDirectoryHeader,
  zipEnd,
  zipLocalHeader,
  type ZipRecord,
} from "./archive/zip-records.ts";
export {
  checkEvidence,
  patternUses,
  type EvidencePolicy,
  type EvidenceReport,
  type PatternUse,
} from "./bundle/evidence.ts";
export { blobPath } from "./bundle/frame.ts";
export type { LayerSink, LayerSums, TreeSums } from "./bundle/layer-files.ts";
export { readLayer, type LayerJob } from "./bundle/layer.ts";
export {
  inspectBundle,
  openBundle,
  type BundleParts,
  type ClaimedBundle,
  type OpenedBundle,
  type Trust,
} from "./bundle/open.ts";
export { logTiles, type PlacedTile } from "./bundle/log-files.ts";
export { infoFile, logPlace, modulePlace, sdkPlace, zipHashFile, type ModulePlace } from "./bundle/place.ts";
export {
  reviewBundle,
  reviewChunks,
  type BundleReview,
  type Findings,
  type ReviewOptions,
  type VerifyOptions,
} from "./bundle/review.ts";
export { openBundleFile, programSize, selfContainedTrailer } from "./bundle/self-contained.ts";
export { openFileSource, truncated, type ByteSource, type FileSource } from "./bundle/source.ts";
export { checkToolchain } from "./bundle/toolchain.ts";
export { verifyBundle } from "./bundle/verify.ts";
export { countText } from "./count-text.ts";
export { digestHex, digestOf, sha256Hex, type Digest } from "./digest.ts";
export { dirhash, dirhashLines, goModHash, hashLines, type HashedFile } from "./dirhash.ts";
export { CODES, EXIT, GoferryError, type ErrorCode, type ErrorDetail, type ExitName } from "./errors.ts";
export {
  CONTENTS_SCHEMA,
  LAYER_SCHEMA,
  type Contents,
  type Layer,
  type ToolchainUnit,
  type Unit,
} from "./format/contents.ts";
export { CHUNK_BYTES } from "./format/consistency.ts";
export { isLookedUp, layersFor, unitName, unitsFor, unitsOfLayer } from "./format/units.ts";
export {
  blob,
  EMPTY_CONFIG,
  layoutIndex,
  OCI_LAYOUT,
  signatureManifest,
  signedDocuments,
  type Blob,
  type Signed,
} from "./format/documents.ts";
export { BUNDLE_NAME, DIGEST, FINGERPRINT, GO_RELEASE, H1, PLATFORM, TIME } from "./format/fields.ts";
export { canonicalJson, parseCanonicalJson, type Json, type Schema } from "./format/json.ts";
export { REQUEST_SCHEMA, type Request } from "./format/request.ts";
export { fileMode, toolchainHashName, toolchainTreeName } from "./gomodule/mode.ts";
export {
  compareGoVersions,
  GO_SYNTAX,
  goLineOf,
  isFinishedGo,
  isGoLine,
  isGoRelease,
  isSupportedGo,
  newerGoVersion,
  newestGoFirst,
  OLDEST_GO,
  parseToolchainVersion,
  TOOLCHAIN_PATH,
  toolchainModule,
  type Toolchain,
} from "./gomodule/go-version.ts";
export {
  checkModule,
  checkModulePath,
  checkVersion,
  compareVersions,
  encodedZipPrefix,
  escapePath,
  escapeVersion,
  isModule,
  unescapePath,
  unescapeVersion,
  zipPrefix,
  type ModuleVersion,
} from "./gomodule/path.ts";
export { checkModuleFile } from "./gomodule/tree.ts";
export { isPattern, matchingPattern, proposePatterns, splitPatterns } from "./gomodule/patterns.ts";
export {
  CLOCK_TOLERANCE,
  MAX_EARLIER_HEADS,
  MAX_GO_MOD_BYTES,
  MAX_SIGNATURE_BYTES,
  MAX_SIGNATURES,
  MAX_TILES,
  WINDOW_LOG,
} from "./limits.ts";
export { nearest } from "./nearest.ts";
export { redactUrls } from "./redact.ts";
export { secretRemover } from "./secrets.ts";
export {
  readTrustedKey,
  verifyDetached,
  type DetachedCheck,
  type TrustedKey,
  type VerifiedSignature,
} from "./signature/verify.ts";
export { armoredKey, mergeTrustedKeys } from "./signature/merge-key.ts";
export { signerFacts, type KeyFacts, type SignerFacts } from "./signature/key-facts.ts";
export { printableUserId, refuseRevoked } from "./signature/trusted-key.ts";
export {
  encodeProof,
  openTreeHead,
  verifyEvidence,
  type LogEvidence,
  type LoggedUnit,
} from "./sumdb/evidence.ts";
export {
  isSameHead,
  openHistory,
  relateHistory,
  type EarlierHead,
  type HeadRelation,
  type LogHistory,
} from "./sumdb/history.ts";
export {
  noteText,
  openNote,
  parseTreeHead,
  parseVerifier,
  SUM_GOLANG_ORG_KEY,
  type Verifier,
} from "./sumdb/note.ts";
export { parseLookup, recordText, type Lookup, type LogRecord } from "./sumdb/record.ts";
export {
  proveTiles,
  TILE_WIDTH,
  tileHashReader,
  tilePath,
  tilesFor,
  tilesForLookups,
  type Tile,
  type TileSource,
} from "./sumdb/tile.ts";
export {
  checkConsistency,
  checkInclusion,
  HASH_SIZE,
  logMismatch,
  nodeHash,
  proveConsistency,
  proveInclusion,
  recordHash,
  treeHash,
  type HashReader,
  type TreeHead,
} from "./sumdb/tlog.ts";
export {
  parseUpdateFile,
  readAddedKeys,
  renderUpdateFile,
  updateBytes,
  UPDATE_TYPE,
  verifyTrustUpdate,
  type TrustUpdate,
  type TrustUpdateFile,
  type VerifiedUpdate,
} from "./trust-update.ts";
export { zlibHere, type ZlibHere } from "./zlib-here.ts";
