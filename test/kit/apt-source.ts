// Where this machine gets its Debian from: the first archive in apt's own settings, so that tests use the mirror that
// the machine is meant to use. Both forms are read: one line an entry, and deb822 (sources.list(5)).

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface AptSource {
  url: string;
  /** Such as "bookworm". */
  suite: string;
  /** The keys that the archive is signed by, if apt's settings name a file. */
  keyring: string | undefined;
}

/** undefined where there is none, on a machine without apt above all. */
export async function aptSource(folder = "/etc/apt"): Promise<AptSource | undefined> {
  const parts = await readdir(join(folder, "sources.list.d")).catch((): string[] => []);
  const files = ["sources.list", ...parts.toSorted().map((name) => join("sources.list.d", name))];
  for (const file of files) {
    const text = await readFile(join(folder, file), "utf8").catch(() => "");
    const found = file.endsWith(".sources") ? parseStanzas(text) : parseLines(text);
    const archive = found.find(isArchive);
    if (archive !== undefined) return archive;
  }
  return undefined;
}

interface Entry extends AptSource {
  components: readonly string[];
}

/** Of the distribution itself: not its updates, and not other people's packages, which come without a base system. */
function isArchive({ suite, components, url }: Entry): boolean {
  return components.includes("main") && /^[a-z]+$/u.test(suite) && /\/(?:debian|ubuntu)\/?$/u.test(url);
}

function parseLines(text: string): Entry[] {
  return text.split("\n").flatMap((line) => {
    const [, options = "", url, suite, rest = ""] =
      /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/u.exec(line.trim()) ?? [];
    if (url === undefined || suite === undefined) return [];
    const [, keyring] = /\bsigned-by=(\/\S+)/u.exec(options) ?? [];
    return [{ url, suite, keyring, components: words(rest) }];
  });
}

function parseStanzas(text: string): Entry[] {
  return text.split(/\n\s*\n/u).flatMap((stanza) => {
    const field = (name: string): string =>
      new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, "imu").exec(stanza)?.[1] ?? "";
    if (!words(field("Types")).includes("deb") || field("Enabled").trim() === "no") return [];
    const [keyring] = words(field("Signed-By")).filter((word) => word.startsWith("/"));
    const components = words(field("Components"));
    return words(field("URIs")).flatMap((url) =>
      words(field("Suites")).map((suite) => ({ url, suite, keyring, components })),
    );
  });
}

function words(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== "" && word !== "#");
}
