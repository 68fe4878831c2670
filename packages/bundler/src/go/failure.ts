// What a failing go means. Go has no error codes, so its texts are read here and in failure-server.ts, nowhere else; the texts were
// collected from go 1.26 and 1.27 (sources: cmd/go/internal/modfetch, modload, web, and golang.org/x/mod). What is
// not recognised stays GO_FAILED with the last lines that go printed. The texts come in without secrets.
import { GoferryError, proposePatterns } from "@goferry/core";
import {
  certificateRefused,
  credentialsRefused,
  hostKeyUnknown,
  proxyWantsLogin,
  unreachable,
} from "./failure-server.ts";
import {
  lastLines,
  lineWith,
  moduleAt,
  nameOfModule,
  type GoFailure,
  type Recogniser,
} from "./failure-text.ts";

/** The error for a go that failed; see GoCommand for the codes. */
export function goFailure(failure: GoFailure): GoferryError {
  const text = failure.stderr.replaceAll(/^go: downloading .*\n?/gmu, "");
  for (const recognise of RECOGNISERS) {
    const error = recognise(text, failure);
    if (error !== undefined) return error;
  }
  return new GoferryError("GO_FAILED", {
    subject: failure.subject,
    message: `the command \`${failure.command}\` failed`,
    found: lastLines(text) || failure.ended,
    next: "Run the same command in the project on this machine; what it says there is the cause.",
  });
}

/**
 * What is no matter of the modules themselves in the output of a go that may fail, or that goes on after errors (-e):
 * tampering, a full disk, a server that is out of reach or refuses a login. Each line is judged by itself, because a
 * version that is nowhere hides nothing.
 */
export function graveFailure(failure: GoFailure): GoferryError | undefined {
  // Printed only after every proxy of the list has answered that it has not got the module.
  const text = failure.stderr.replaceAll(/^.*module lookup disabled by GOPROXY=off.*$/gmu, "");
  for (const recognise of GRAVE) {
    const error = recognise(text, failure);
    if (error !== undefined) return error;
  }
  return undefined;
}

/** What a go that exits with 0 says it went without, if its output says so. */
export function recognisedFailure(failure: GoFailure): GoferryError | undefined {
  const error = goFailure(failure);
  return error.code === "GO_FAILED" ? undefined : error;
}

/** The proposal for the modules of these paths that nobody outside knows. */
export function namePrivate(paths: readonly string[]): string {
  return `For a private module, add its path to GOPRIVATE (and to GONOSUMDB, if that is set): GOPRIVATE='${proposePatterns(paths).join(",")}'`;
}

const GRAVE: readonly Recogniser[] = [
  checksumMismatch,
  diskFull,
  programMissing,
  proxyWantsLogin,
  credentialsRefused,
  hostKeyUnknown,
  certificateRefused,
  unreachable,
];

/** In this order: what must never be taken for something milder comes first. */
const RECOGNISERS: readonly Recogniser[] = [
  checksumMismatch,
  diskFull,
  goTooOld,
  replacementMissing,
  wrongModulePath,
  programMissing,
  proxyWantsLogin,
  credentialsRefused,
  hostKeyUnknown,
  certificateRefused,
  noRecord,
  notFound,
  unreachable,
  sumMissing,
  projectInvalid,
];

function checksumMismatch(text: string): GoferryError | undefined {
  const line = lineWith(text, /checksum mismatch|checksum missing|SECURITY ERROR/u);
  if (line === undefined) return undefined;
  // "verifying a.b/c@v1.0.0/go.mod: …" with go.sum, "a.b/c@v1.0.0: verifying go.mod: …" with the log.
  const named = /verifying (\S+@\S+): /u.exec(line)?.[1];
  const subject =
    named ?? `${nameOfModule(line) ?? "a module"}${/verifying go\.mod/u.test(line) ? "/go.mod" : ""}`;
  const recorded = /^\s*(\S+): +(h1:\S+)$/mu.exec(text.replace(/^\s*downloaded:.*$/mu, ""));
  const inGoSum = recorded?.[1] === "go.sum" || recorded?.[1] === "go.work.sum";
  return new GoferryError(inGoSum ? "GO_SUM_MISMATCH" : "LOG_MISMATCH", {
    subject,
    message: inGoSum
      ? "the module is not the one that go.sum of the project has recorded"
      : "the module is not the one that the checksum database has recorded",
    expected: recorded?.[2],
    found: /^\s*downloaded: *(\S+)/mu.exec(text)?.[1] ?? line,
    next: "Find out which of the two was changed, and by whom. Do not bundle this module before you know.",
  });
}

/** The error for a go that has no room to write, if that is what its output says. */
export function diskFull(text: string, { subject }: Pick<GoFailure, "subject">): GoferryError | undefined {
  if (!/no space left on device|disk quota exceeded/u.test(text)) return undefined;
  return new GoferryError("DISK_FULL", {
    subject,
    message: "the disk is full",
    found: lineWith(text, /no space left on device|disk quota exceeded/u),
    next: "Free space there, or choose a folder on another disk.",
  });
}

function goTooOld(text: string, { subject }: GoFailure): GoferryError | undefined {
  const match = /(?:(\S+@\S+) )?requires go >= (\S+) \(running go (\S+?)[;)]/u.exec(text);
  if (match === null) return undefined;
  const [, module, needed, running] = match;
  return new GoferryError("GO_TOO_OLD", {
    subject: module ?? subject,
    message: "a newer Go is needed than the bundle is made with",
    expected: `go ${needed} or newer`,
    found: `go ${running}`,
    next: `Write "${needed}" or "go.mod" under go: in goferry.yaml.`,
  });
}

function replacementMissing(text: string, { subject }: GoFailure): GoferryError | undefined {
  const match = /(\S+@\S+?):? \(?replac(?:ed by|ement directory) (\S+?)(?:\): reading| does not exist)/u.exec(
    text,
  );
  if (match === null) return undefined;
  return new GoferryError("REPLACE_OUT_OF_REACH", {
    subject,
    message: "a replace directive points to a folder that is not there",
    expected: `the module ${match[1]} in ${match[2]}`,
    found: "no module there",
    next: "Put the folder where the go.mod says, or take the replace directive out.",
  });
}

function wrongModulePath(text: string, { subject }: GoFailure): GoferryError | undefined {
  const match =
    /module declares its path as:\s*(\S+)\s*but was required as:\s*(\S+)/u.exec(text) ??
    /go\.mod has (?:non-\S+ )?module path "([^"]*)"[^\n]*/u.exec(text);
  if (match === null) return undefined;
  return new GoferryError("MODULE_INVALID", {
    subject: match[2] ?? nameOfModule(text) ?? subject,
    message: "the go.mod of the module names another path than the one it was asked for by",
    expected: match[2],
    found: match[1],
    next: "Use the path that the module names itself, or a replace directive.",
  });
}

function programMissing(text: string, { subject }: GoFailure): GoferryError | undefined {
  const found = lineWith(text, /exec: "(?:git|hg|svn|bzr|fossil)": executable file not found/u);
  if (found === undefined) return undefined;
  const program = /exec: "(\w+)"/u.exec(found)?.[1] ?? "";
  return new GoferryError("VCS_MISSING", {
    subject: nameOfModule(found) ?? subject,
    message: `the module comes from its own server, and ${program}, which fetches it from there, is not on PATH`,
    expected: `${program} on PATH`,
    found,
    next: `Install ${program}, or set GOPROXY to a module proxy that has the module, with GONOPROXY=none.`,
  });
}

/** Asked at the checksum database because no pattern says that the module is private; its name is known there now. */
function noRecord(text: string): GoferryError | undefined {
  const match = /(\S+)@(\S+?): .*\bverifying .*\/lookup\/\S+: (?:404|410) [A-Z][A-Za-z ]+/u.exec(text);
  const [line, path = "", version = ""] = match ?? [];
  if (line === undefined) return undefined;
  return new GoferryError("NOT_FOUND", {
    subject: `${path}@${version}`,
    message: "the checksum database has no record of this module, and no pattern says that it is private",
    expected: "a record of every module that is not private",
    found: line,
    next: `${namePrivate([path])}. Else check path and version.`,
  });
}

function notFound(text: string, { subject }: GoFailure): GoferryError | undefined {
  const pattern = new RegExp(
    [
      String.raw`: 4(?!08|29)\d\d [A-Z][A-Za-z ]+`,
      String.raw`reading file:\S+: (?:no such file or directory|The system cannot find)`,
      "unknown revision",
      "no matching versions for query",
      "does not contain package",
      "not a known dependency",
      "[Rr]epository .*not found",
      "The requested URL returned error: 4",
      "repository does not exist",
    ].join("|"),
    "u",
  );
  const found = lineWith(text, pattern);
  if (found === undefined) return undefined;
  const after = text.slice(text.indexOf(found) + found.length);
  const reason = /^\s*\n\tserver response: *([^\n]*)/u.exec(after)?.[1];
  return new GoferryError("NOT_FOUND", {
    subject: moduleAt(found, text) ?? subject,
    message: "the module proxy or the origin server does not have this version, or does not hand it out",
    found: reason === undefined ? found : `${found} (${reason})`,
    next: "Check the path and the version; a private module needs GOPRIVATE, a refusing proxy another GOPROXY.",
  });
}

function sumMissing(text: string, { subject }: GoFailure): GoferryError | undefined {
  const found = lineWith(text, /missing go\.sum entry|updates to go\.sum needed/u);
  if (found === undefined) return undefined;
  const module = /module providing package (\S+)|to add it:\s+go mod download (\S+)/u.exec(text);
  return new GoferryError("GO_SUM_MISSING", {
    subject,
    message: "the project's go.sum is not complete, so the project cannot be built",
    expected: `an entry for ${module?.[1] ?? module?.[2] ?? "every module that is needed"}`,
    found,
    next: "Run `go mod tidy` in the project and check in go.mod and go.sum.",
  });
}

function projectInvalid(text: string, { subject }: GoFailure): GoferryError | undefined {
  const pattern =
    /errors parsing (?:\S*)go\.(?:mod|work)|go\.(?:mod|work):\d+:|no required module provides package|updates to go\.(?:mod|work) needed|cannot find main module|go\.mod file not found|go: inconsistent vendoring|cannot load module \S+ listed in go\.work|listed in go\.work file requires go|conflicting replacements (?:found )?for|is replaced (?:at all versions )?in the go\.work|no modules were found|ambiguous import|package \S+ is not in std|malformed import path/u;
  const found = lineWith(text, pattern);
  if (found === undefined) return undefined;
  return new GoferryError("PROJECT_INVALID", {
    subject,
    message: "go does not accept the project as it is",
    found: found.endsWith(":") ? lastLines(text) : found,
    next: "Mend the project until `go build ./...` and `go mod tidy` accept it, then run the command again.",
  });
}
