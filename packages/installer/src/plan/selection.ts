// Which part of a bundle is installed. A part can be widened later from the same bundle; a narrower one takes nothing
// away, because what somebody does not ask for today may be what somebody else works with.

import { GoferryError, unitsFor, type Contents, type Unit } from "@goferry/core";

export interface Selection {
  /** Exact Go versions, such as "1.27.1". */
  go: "all" | readonly string[];
  /** Modules: all, none, or those that these projects need, by the names that the bundle has for them. */
  modules: "all" | "none" | { projects: readonly string[] };
}

export const EVERYTHING: Selection = { go: "all", modules: "all" };

/**
 * The units that are wanted on a host of this platform.
 * @throws NOT_FOUND for a Go version or a project that the bundle has not
 */
export function selectUnits(contents: Contents, platform: string, { go, modules }: Selection): Unit[] {
  const { name } = contents;
  const projects = contents.request.projects.map((project) => project.name);
  if (go !== "all") {
    const message = `the bundle ${name} does not hold this Go`;
    refuseUnknown(go, { prefix: "Go ", message, there: contents.go });
  }
  if (typeof modules === "object") {
    const message = `the bundle ${name} does not know this project`;
    refuseUnknown(modules.projects, { prefix: "project ", message, there: projects });
  }
  const wanted = new Set(
    typeof modules === "object"
      ? projects.flatMap((project, i) => (modules.projects.includes(project) ? [i] : []))
      : [],
  );
  return unitsFor(contents, platform).filter((unit) => {
    if (unit.kind === "toolchain") return go === "all" || go.includes(unit.go);
    return modules === "all" || unit.neededBy.some((index) => wanted.has(index));
  });
}

interface Known {
  prefix: string;
  message: string;
  there: readonly string[];
}

function refuseUnknown(asked: readonly string[], { prefix, message, there }: Known): void {
  const unknown = asked.find((each) => !there.includes(each));
  if (unknown === undefined) return;
  throw new GoferryError("NOT_FOUND", {
    subject: prefix + unknown,
    message,
    expected: there.length === 0 ? "none: the bundle has none" : `one of ${there.join(", ")}`,
    found: unknown,
    next: "goferry inspect shows what a bundle holds",
  });
}
