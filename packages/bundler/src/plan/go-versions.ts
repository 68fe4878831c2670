// The entries of `go:` resolved to exact Go versions. A line, stable and oldstable take the newest release that
// exists for every platform of the bundle: a version that one host can have and another cannot would only fail
// later. What a project asks for is checked here too, before a byte is fetched.

import {
  compareGoVersions,
  GoferryError,
  goLineOf,
  isFinishedGo,
  isGoLine,
  isSupportedGo,
  newerGoVersion,
  newestGoFirst,
  OLDEST_GO,
  toolchainModule,
  unitName,
} from "@goferry/core";
import type { GoMod } from "../spec/go-mod.ts";
import { parseToolchainList } from "./toolchain-list.ts";

/** What the source of toolchains says when it is asked for one that its list does not have. */
export type ToolchainAnswer = { served: true } | { served: false; answer: string };

export interface GoSource {
  /** What messages call it; "the module proxy" if left out. */
  readonly sourceName?: string;
  /** Lines of `golang.org/toolchain/@v/list`; empty if the source has no such list. Throws if unreachable. */
  listGoVersions(): Promise<readonly string[]>;
  /**
   * Whether `golang.org/toolchain@moduleVersion` is served though the list lacks it; `answer` is the refusal in a
   * line, such as "403 Forbidden". Ask for the .mod: .info is answered for versions that are not available.
   */
  askToolchain(moduleVersion: string): Promise<ToolchainAnswer>;
}

/** A project's demand: the go.mod or go.work that it stands in, as messages name it, and its lines. */
export interface GoDemand {
  subject: string;
  goMod: Pick<GoMod, "go" | "toolchain">;
}

export interface GoRequest {
  /** Entries of `go:`. */
  entries: readonly string[];
  /** Position of an entry in the spec, for subjects. */
  where(index: number): string;
  demands: readonly GoDemand[];
  /** Every platform that must have each version. */
  platforms: readonly string[];
  /** The platform that builds the bundle; where there is a choice of versions, it must have it too. */
  buildPlatform: string;
}

/** Exact versions, newest first, and remarks for the user on what was passed over. */
export interface ResolvedGo {
  versions: string[];
  notes: string[];
}

/**
 * Resolves the entries of `go:`.
 *
 * - exact: that version.
 * - a line such as 1.27; stable; oldstable: its newest finished release that every platform has.
 * - go.mod: the newest that a go or toolchain line of the projects asks for ({@link neededGo}). If that is older
 *   than Go 1.21, another entry must cover it, because a newer Go builds an older go.mod; alone it is refused.
 *
 * Throws GO_VERSION_UNSUPPORTED (before 1.21), NOT_FOUND (no such version, or not for a platform), GO_TOO_OLD
 * (a project needs a newer Go than the newest of the result).
 */
export async function resolveGoVersions(request: GoRequest, source: GoSource): Promise<ResolvedGo> {
  const releases = new Releases(source, parseToolchainList(await source.listGoVersions()));
  const versions = new Set<string>();
  const notes: string[] = [];
  for (const [index, entry] of request.entries.entries()) {
    const exact = exactVersion(entry, request, index);
    if (exact === "covered") continue;
    if (exact === undefined) {
      const newest = await releases.newestOf(entry, request, index);
      versions.add(newest.version);
      notes.push(...newest.notes);
    } else {
      await releases.requireAll(exact, request, index);
      versions.add(exact);
    }
  }
  const sorted = [...versions].toSorted(newestGoFirst);
  refuseTooOld(sorted, request.demands);
  return { versions: sorted, notes };
}

/**
 * The Go version that a go.mod or go.work needs at least: the newer of its go and toolchain lines. A toolchain line counts
 * because on the host, with GOTOOLCHAIN=path, go refuses to work where the toolchain named there is newer than
 * itself and missing. `go 1.27` is returned as 1.27.0, the first release of the line, which go would look for.
 */
export function neededGo(goMod: GoDemand["goMod"]): string {
  const demanded = demandedGo(goMod);
  return isGoLine(demanded) && isSupportedGo(demanded) ? `${demanded}.0` : demanded;
}

function demandedGo({ go = "1.16", toolchain = "default" }: GoDemand["goMod"]): string {
  // A suffix such as -bigcorp names somebody's own build of that version (gover.FromToolchain).
  const named = /^go([0-9a-z.]+)(?:[ \t-]|$)/u.exec(toolchain)?.[1];
  return named === undefined ? go : newerGoVersion(go, named);
}

/** Refuses projects that need a newer Go than the newest of `versions` (newest first). Throws GO_TOO_OLD. */
export function refuseTooOld(versions: readonly string[], demands: readonly GoDemand[]): void {
  const [newest = "none"] = versions;
  for (const { subject, goMod } of demands) {
    // Not neededGo: 1.27rc1 satisfies `go 1.27`, though it is older than 1.27.0.
    if (compareGoVersions(demandedGo(goMod), newest) <= 0) continue;
    throw new GoferryError("GO_TOO_OLD", {
      subject,
      message: "the project needs a newer Go than the bundle carries",
      expected: `Go ${neededGo(goMod)} or newer, by the go and toolchain lines of this file`,
      found: `Go ${newest}`,
      next: "write `go: [go.mod]` in the spec, beside other versions if you like",
    });
  }
}

function exactVersion(entry: string, request: GoRequest, index: number): string | "covered" | undefined {
  if (entry === "stable" || entry === "oldstable") return undefined;
  const subject = request.where(index);
  if (entry !== "go.mod") {
    if (isSupportedGo(entry)) return isGoLine(entry) ? undefined : entry;
    throw unsupported(subject, entry, "name a newer Go: it builds older projects too");
  }
  const needed = request.demands.map(({ goMod }) => neededGo(goMod)).reduce(newerGoVersion, "1.0");
  if (isSupportedGo(needed)) return needed;
  if (request.entries.some((other) => other !== "go.mod")) return "covered";
  throw unsupported(subject, needed, 'write `go: ["stable"]`: a newer Go builds an older go.mod');
}

function unsupported(subject: string, found: string, next: string): GoferryError {
  return new GoferryError("GO_VERSION_UNSUPPORTED", {
    subject,
    message: "this Go is too old to be carried: it has neither go.env nor toolchain modules",
    expected: `Go ${OLDEST_GO} or newer`,
    found: `Go ${found}`,
    next,
  });
}

/** What a source of toolchains offers, each question asked once. */
class Releases {
  readonly #source: GoSource;
  readonly #listed: Map<string, Set<string>>;
  readonly #asked = new Map<string, Promise<ToolchainAnswer>>();

  constructor(source: GoSource, listed: Map<string, Set<string>>) {
    this.#source = source;
    this.#listed = listed;
  }

  /** Refuses an exact version that one of the platforms lacks. Throws NOT_FOUND. */
  async requireAll(version: string, request: GoRequest, index: number): Promise<void> {
    const lack = await this.#firstLack(version, request.platforms);
    if (lack === undefined) return;
    const nearest = this.#nearestTo(version, request.platforms);
    throw new GoferryError("NOT_FOUND", {
      subject: lack.module,
      message: `there is no Go ${version} for ${lack.platform}`,
      expected:
        nearest.length > 0
          ? `a version that is there, such as ${nearest.join(", ")}`
          : "a version that is there",
      found: lack.answer,
      next: `change ${request.where(index)} or the platforms, or use another ${this.#source.sourceName === undefined ? "module proxy" : "source"}`,
    });
  }

  /** The newest finished release of a line, of stable or of oldstable that all platforms have. */
  async newestOf(
    entry: string,
    request: GoRequest,
    index: number,
  ): Promise<{ version: string; notes: string[] }> {
    const finished = [...this.#listed.keys()].filter(isFinishedGo);
    const lines = [...new Set(finished.map(goLineOf))];
    const line = entry === "stable" ? lines[0] : entry === "oldstable" ? lines[1] : entry;
    const platforms = new Set([...request.platforms, request.buildPlatform]);
    const notes: string[] = [];
    for (const version of finished.filter((release) => goLineOf(release) === line)) {
      const lack = await this.#firstLack(version, [...platforms]);
      if (lack === undefined) return { version, notes };
      notes.push(`go ${entry}: ${version} passed over, there is none for ${lack.platform} (${lack.answer})`);
    }
    throw new GoferryError("NOT_FOUND", {
      subject: `golang.org/toolchain, go: ${entry}`,
      message: "no release of Go fits this entry on every platform",
      expected: `a finished release of Go ${line ?? entry} for ${[...platforms].join(", ")}`,
      found:
        notes.at(-1) ??
        `lines ${lines.join(", ") || "none"} in the list of ${this.#source.sourceName ?? "the module proxy"}`,
      next: `name an exact version at ${request.where(index)}, or change the platforms`,
    });
  }

  async #firstLack(
    version: string,
    platforms: readonly string[],
  ): Promise<{ platform: string; module: string; answer: string } | undefined> {
    for (const platform of platforms) {
      if (this.#listed.get(version)?.has(platform) === true) continue;
      const module = toolchainModule(version, platform);
      const asked = this.#asked.get(module.version) ?? this.#source.askToolchain(module.version);
      this.#asked.set(module.version, asked);
      const answer = await asked;
      if (!answer.served) return { platform, module: unitName(module), answer: answer.answer };
    }
    return undefined;
  }

  /** Up to three listed releases around `version` that all platforms have, newest first. */
  #nearestTo(version: string, platforms: readonly string[]): string[] {
    const complete = [...this.#listed]
      .filter(([, has]) => platforms.every((platform) => has.has(platform)))
      .map(([listed]) => listed)
      .filter((listed) => isFinishedGo(listed) || !isFinishedGo(version));
    const older = complete.findIndex((listed) => compareGoVersions(listed, version) < 0);
    const start = older === -1 ? complete.length - 3 : Math.min(older - 1, complete.length - 3);
    return complete.slice(Math.max(start, 0)).slice(0, 3);
  }
}
