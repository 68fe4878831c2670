// The limits of the network layer in one place, each with its unit and its reason. They are enforced while
// the bytes stream, so that a server that never ends costs no more than the limit in memory or on disk.

/** Bytes of a module zip, and so of a toolchain: what cmd/go accepts (golang/mod zip.MaxZipFile). */
export const MODULE_ZIP_MAX_BYTES = 500 * 1024 * 1024;

/** Bytes of an official archive of Go: that of go1.27 for Windows has 79 MB. */
export const ARCHIVE_MAX_BYTES = 500 * 1024 * 1024;

/** Bytes of all files in an official archive of Go, with the tests and documents that a module leaves out, and how many
 * entries it may have: go1.27 unpacks to 290 MB in 17,000. */
export const ARCHIVE_CONTENT_MAX_BYTES = 1024 * 1024 * 1024;
export const ARCHIVE_MAX_ENTRIES = 100_000;

/** Bytes of the list of all Go releases: some 200 for each of 60 archives of each release. */
export const RELEASE_LIST_MAX_BYTES = 32 * 1024 * 1024;

/** Bytes of one answer of the checksum database. A full tile of hashes has 8 KiB and a record a few hundred bytes;
 * a full tile of records (256 of them) stays below 64 KiB, so 1 MiB leaves room and still bounds a hostile server. */
export const SUMDB_ANSWER_MAX_BYTES = 1024 * 1024;

/** Milliseconds after which a connection counts as dead that brought no answer, or of a body fewer than the bytes below.
 * Long enough for a module proxy that first has to fetch what it is asked for. */
export const STALL_MS = 30_000;

/** Bytes of a body that must come in each stretch of STALL_MS, unless it ends sooner. Without such a number a server that
 * sends one byte every 29 seconds holds a build for years. */
export const STALL_MIN_BYTES = 1024;

/** Attempts for one request, the first included, as long as no attempt gets further than the ones before it. With the
 * delays below that is up to 15 seconds of waiting: long enough for a restarting server, short enough to watch. */
export const ATTEMPTS = 6;

/** Milliseconds before the second attempt; doubled for each later one, then jittered down to between half and all. */
export const BACKOFF_FIRST_MS = 500;

/** Milliseconds that a back-off never exceeds. */
export const BACKOFF_MAX_MS = 10_000;

/** Milliseconds of Retry-After that are waited for. A server that asks for more is taken at its word: the request
 * fails at once and says how long to wait, instead of asking earlier than the server allows. */
export const RETRY_AFTER_MAX_MS = 120_000;

/** Bytes of new ground that make an attempt count as progress: a download over a link that breaks every few
 * megabytes goes on for as long as it gets further, without using up its attempts. */
export const PROGRESS_MIN_BYTES = 1024 * 1024;

/** Redirects that are followed for one request. Module proxies redirect once, to their storage. */
export const REDIRECTS_MAX = 5;

/** Bytes of the text of a refusal that are read to be quoted; module proxies put the reason there. */
export const REFUSAL_TEXT_MAX_BYTES = 4096;

/** Bytes of a file of certificate authorities. All that Mozilla trusts are 220 KB. */
export const CA_FILE_MAX_BYTES = 16 * 1024 * 1024;

/** Milliseconds after which a temporary file in the download cache belongs to no running build any more. */
export const CACHE_LEFTOVER_MS = 24 * 60 * 60 * 1000;
