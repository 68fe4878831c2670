// The environment that go runs in while a bundle is made. It is built from nothing, so that a GOFLAGS, GOROOT or
// CGO_CFLAGS of the user cannot change what is bundled, and so that secrets of the user (the passphrase of the
// signing key among them) do not reach git, compilers and credential helpers. What fetching private modules needs
// is let through: the settings of Go for that, also those in the user's go/env file, git, netrc, ssh, proxies, CAs.
import { isAbsolute, join } from "node:path";
import { isPattern, splitPatterns } from "@goferry/core";

/** An environment as it comes from outside: a variable may be absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Settings of Go that say where and how modules are fetched. An empty value counts as absent, as in Go. */
const GO_SETTINGS = ["GOAUTH", "GOINSECURE", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOVCS"] as const;

/** What programs need to find themselves, their temporary folder, certificates, proxies and credentials. */
const PASSED = new Set([
  ..."HOME PATH USER LOGNAME TMPDIR TMP TEMP NETRC XDG_CONFIG_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR".split(" "),
  ..."SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE HOMEDRIVE HOMEPATH APPDATA".split(" "),
  ..."LOCALAPPDATA PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432".split(" "),
  ..."HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE".split(" "),
  ..."SSH_AUTH_SOCK SSH_AGENT_PID SSH_ASKPASS SSH_ASKPASS_REQUIRE GNUPGHOME KRB5CCNAME KRB5_CONFIG".split(
    " ",
  ),
  ..."HGRCPATH SVN_SSH".split(" "),
]);

/** What a git hook sets for its own repository; it would point Go's git at the wrong one. */
const GIT_REPOSITORY =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|NAMESPACE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES)$/u;

export interface GoEnvironmentOptions {
  /** The environment of the user. */
  user: Environment;
  /** The user's go/env file (parseGoEnvFile); `user` wins over it. */
  userFile: Environment;
  /** Folder for everything that go writes: `gopath`, `modcache` and `gocache` in it. */
  workDir: string;
  /** GOPROXY, a list as Go reads it. */
  goproxy: string;
  /** GOSUMDB: the name of the checksum database or "off". */
  gosumdb: string;
}

/** The folders of goEnvironment: GOMODCACHE and the part of it that is laid out as a module proxy. */
export function goFolders(workDir: string): {
  gopath: string;
  modCache: string;
  download: string;
  buildCache: string;
} {
  const modCache = join(workDir, "modcache");
  return {
    gopath: join(workDir, "gopath"),
    modCache,
    download: join(modCache, "cache", "download"),
    buildCache: join(workDir, "gocache"),
  };
}

/**
 * The environment for createGo: the user's settings for fetching, ours for everything else. GOROOT is unset (go
 * finds it from its own path), GOENV is off because the useful part of the user's file is already here, GOWORK is
 * off and set by each call that works in a workspace, module folders are writable so that they can be removed.
 */
export function goEnvironment(options: GoEnvironmentOptions): Record<string, string> {
  const { user, userFile, workDir, goproxy, gosumdb } = options;
  const folders = goFolders(workDir);
  return {
    ...passedOn(user),
    ...fetchSettings(user, userFile),
    GOPROXY: goproxy,
    GOSUMDB: gosumdb,
    GOENV: "off",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GOFLAGS: "-modcacherw",
    GOPATH: folders.gopath,
    GOMODCACHE: folders.modCache,
    GOCACHE: folders.buildCache,
    GOTELEMETRY: "off",
    LC_ALL: "C",
  };
}

/** What programs that fetch get of the user's environment: no secrets but those that are made for them. */
export function passedOn(user: Environment): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(user)) {
    if (value === undefined) continue;
    // Proxies are written in either case, Path and SystemRoot on Windows in both.
    const upper = name.toUpperCase();
    const git = upper.startsWith("GIT_") && !GIT_REPOSITORY.test(upper);
    if (git || PASSED.has(upper)) passed[name] = value;
  }
  // A git that asks for a password on the terminal would wait for ever.
  passed["GIT_TERMINAL_PROMPT"] ??= "0";
  return passed;
}

/** GOPRIVATE and the other settings for fetching, the environment before the go/env file, as Go decides. */
export function fetchSettings(user: Environment, userFile: Environment): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const name of GO_SETTINGS) {
    const value = user[name] || userFile[name];
    if (value !== undefined && value !== "") settings[name] = value;
  }
  return settings;
}

/**
 * The patterns of modules that the checksum database is not asked about: GONOSUMDB, or GOPRIVATE when that is
 * unset or empty. Source: go/src/cmd/go/internal/cfg/cfg.go.
 */
export function privatePatterns(settings: Environment): string[] {
  return splitPatterns(settings["GONOSUMDB"] || settings["GOPRIVATE"] || "");
}

/**
 * Those of the patterns that match no module path: one with a space before it, after a comma, or a URL. The modules that
 * they are meant for are looked up in the public database, by name.
 */
export function uselessPatterns(patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => /\s/u.test(pattern) || !isPattern(pattern));
}

/**
 * Where Go keeps the user's settings: GOENV, or go/env in the user's configuration folder; undefined when GOENV is
 * off or no folder is known. `os` as in GOOS. Source: go/src/os/file.go UserConfigDir.
 */
export function goEnvFilePath(user: Environment, os: string): string | undefined {
  const goenv = user["GOENV"];
  if (goenv === "off") return undefined;
  if (goenv !== undefined && goenv !== "") return goenv;
  const folder = configFolder(user, os);
  return folder === undefined ? undefined : join(folder, "go", "env");
}

function configFolder(user: Environment, os: string): string | undefined {
  if (os === "windows") return user["AppData"] || user["APPDATA"] || undefined;
  const home = user["HOME"] || undefined;
  if (os === "darwin") return home && join(home, "Library", "Application Support");
  // A relative one is an error to Go, which then has no file.
  const xdg = user["XDG_CONFIG_HOME"] || undefined;
  if (xdg !== undefined) return isAbsolute(xdg) ? xdg : undefined;
  return home && join(home, ".config");
}

/**
 * The settings in the text of a go/env file or of GOROOT/go.env: a line NAME=value each, not unquoted, the last of
 * a name wins (in a GOROOT/go.env the first one does, so that one is not for this function); other lines are
 * ignored. Source: go/src/cmd/go/internal/cfg/cfg.go readEnvFile.
 */
export function parseGoEnvFile(text: string): Record<string, string> {
  const settings: Record<string, string> = Object.create(null);
  for (const line of text.split("\n")) {
    const match = /^([A-Z][^=]*)=(.*)$/su.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) settings[match[1]] = match[2];
  }
  return settings;
}
