// What a root should have after any sequence of commands, as plain sets.

import fc from "fast-check";

export type RootCommand =
  | { kind: "install"; bundle: number }
  | { kind: "use"; version: string }
  | { kind: "rollback"; generation: number | undefined }
  | { kind: "uninstall"; what: { version: string } | { bundle: number } }
  /** Something is damaged first; see `damage`. */
  | { kind: "repair"; damaged: "links" | "module" | "toolchain" }
  | { kind: "gc"; keep: number };

/** Go versions, and versions of the one module of each bundle. */
export const BUNDLES = [
  { go: ["1.26.8"], modules: ["v1.0.0"] },
  { go: ["1.27.1", "1.26.8"], modules: ["v1.0.0", "v1.1.0"] },
  { go: ["1.28.0"], modules: ["v1.2.0"] },
];
const VERSIONS = ["1.26.8", "1.27.1", "1.28.0"];

export const rootCommand: fc.Arbitrary<RootCommand> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("install" as const), bundle: fc.nat(BUNDLES.length - 1) }),
  },
  fc.record({ kind: fc.constant("use" as const), version: fc.constantFrom(...VERSIONS) }),
  fc.record({
    kind: fc.constant("rollback" as const),
    generation: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant("uninstall" as const),
    what: fc.oneof(
      fc.record({ version: fc.constantFrom(...VERSIONS) }),
      fc.record({ bundle: fc.nat(BUNDLES.length - 1) }),
    ),
  }),
  fc.record({
    kind: fc.constant("repair" as const),
    damaged: fc.constantFrom("links" as const, "module" as const, "toolchain" as const),
  }),
  fc.record({ kind: fc.constant("gc" as const), keep: fc.integer({ min: 1, max: 3 }) }),
);

/** Plain, and in one order, so that two of them can be compared as texts. */
interface Contents {
  /** With the generation that brought each: one that was uninstalled and comes again is another installation. */
  bundles: { index: number; since: number; complete: boolean }[];
  /** What each is there for, by the indexes of bundles. */
  go: Holding[];
  modules: Holding[];
  current: string | null;
}

interface Holding {
  version: string;
  bundles: number[];
}

const EMPTY: Contents = { bundles: [], go: [], modules: [], current: null };

/** What each generation that is kept has, and what lies on the disk for all of them. */
export class RootModel {
  readonly kept = new Map<number, Contents>();
  now = 0;
  #go = new Set<string>();
  #modules = new Set<string>();

  get current(): Contents {
    return this.kept.get(this.now) ?? EMPTY;
  }

  get disk(): { go: string[]; modules: string[] } {
    return { go: [...this.#go].toSorted(), modules: [...this.#modules].toSorted() };
  }

  /** Whether the command changes something; undefined where it is refused. */
  run(command: RootCommand): boolean | undefined {
    const { current, now } = this;
    switch (command.kind) {
      case "install": {
        const after = withBundle(current, command.bundle, now + 1);
        return after !== null && this.#change(after);
      }
      case "use":
        if (!versionsOf(current.go).includes(command.version)) return undefined;
        return current.current !== command.version && this.#change({ ...current, current: command.version });
      case "rollback": {
        const earlier = [...this.kept.keys()].filter((each) => each < now).toSorted((a, b) => a - b);
        const target = this.kept.get(command.generation ?? earlier.at(-1) ?? 0);
        if (target === undefined) return undefined;
        return JSON.stringify(target) !== JSON.stringify(current) && this.#change(target);
      }
      case "uninstall": {
        const after =
          "version" in command.what
            ? withoutVersion(current, command.what.version)
            : withoutBundle(current, command.what.bundle);
        return after === null ? undefined : this.#change(after);
      }
      case "repair":
        if (now === 0) return undefined;
        return command.damaged === "module" ? current.modules.length > 0 : current.go.length > 0;
      case "gc":
        return this.#free(command.keep);
    }
  }

  #change(contents: Contents): true {
    this.kept.set(++this.now, contents);
    for (const version of versionsOf(contents.go)) this.#go.add(version);
    for (const version of versionsOf(contents.modules)) this.#modules.add(version);
    return true;
  }

  #free(keep: number): boolean {
    const dropped = [...this.kept.keys()].toSorted((a, b) => b - a).slice(keep);
    for (const each of dropped) this.kept.delete(each);
    this.#go = new Set([...this.kept.values()].flatMap(({ go }) => versionsOf(go)));
    this.#modules = new Set([...this.kept.values()].flatMap(({ modules }) => versionsOf(modules)));
    return dropped.length > 0;
  }
}

export function versionsOf(all: readonly Holding[]): string[] {
  return all.map(({ version }) => version);
}

/** Null where it has all of it. */
function withBundle(
  { bundles, go, modules, current }: Contents,
  index: number,
  now: number,
): Contents | null {
  const added = BUNDLES[index] ?? { go: [], modules: [] };
  const known = bundles.find((each) => each.index === index);
  const lacks = (all: readonly Holding[], wanted: readonly string[]): string[] =>
    wanted.filter((version) => !versionsOf(all).includes(version));
  const fresh = lacks(go, added.go);
  if (known !== undefined && fresh.length + lacks(modules, added.modules).length === 0) return null;
  const hold = (all: readonly Holding[], wanted: readonly string[]): Holding[] =>
    [...new Set([...versionsOf(all), ...wanted])].toSorted().map((version) => {
      const held = all.find((each) => each.version === version)?.bundles ?? [];
      return {
        version,
        bundles: wanted.includes(version) ? [...new Set([...held, index])].toSorted((a, b) => a - b) : held,
      };
    });
  const newest = newestOf(versionsOf(go));
  const best = newestOf(fresh);
  const others = bundles.filter((each) => each !== known);
  return {
    bundles: sorted([...others, { index, since: known?.since ?? now, complete: true }]),
    go: hold(go, added.go),
    modules: hold(modules, added.modules),
    current: best !== null && (newest === null || best > newest) ? best : current,
  };
}

/** Null where it is not there. */
function withoutVersion(contents: Contents, version: string): Contents | null {
  const gone = contents.go.find((each) => each.version === version);
  if (gone === undefined) return null;
  const bundles = contents.bundles.map((each) =>
    gone.bundles.includes(each.index) ? { ...each, complete: false } : each,
  );
  return withCurrent({ ...contents, bundles, go: contents.go.filter((each) => each !== gone) });
}

function withoutBundle(contents: Contents, index: number): Contents | null {
  if (!contents.bundles.some((each) => each.index === index)) return null;
  const keep = (all: readonly Holding[]): Holding[] =>
    all
      .map(({ version, bundles }) => ({ version, bundles: bundles.filter((each) => each !== index) }))
      .filter(({ bundles }) => bundles.length > 0);
  return withCurrent({
    ...contents,
    bundles: contents.bundles.filter((each) => each.index !== index),
    go: keep(contents.go),
    modules: keep(contents.modules),
  });
}

/** The newest, where the one that was chosen is gone. */
function withCurrent(contents: Contents): Contents {
  const { go, current } = contents;
  const isThere = go.some(({ version }) => version === current);
  return { ...contents, current: isThere ? current : newestOf(versionsOf(go)) };
}

/** Of versions whose order is that of their texts. */
function newestOf(versions: readonly string[]): string | null {
  return versions.toSorted().at(-1) ?? null;
}

function sorted(bundles: Contents["bundles"]): Contents["bundles"] {
  return bundles.toSorted((a, b) => a.index - b.index);
}
