// What the flags that choose a part of a bundle, SELECTION_OPTIONS, mean together.

import { GoferryError } from "@goferry/core";
import type { Selection } from "@goferry/installer";
import { goVersionOf } from "./go-version-argument.ts";

export interface SelectionValues {
  only: readonly string[];
  "no-modules": boolean;
  project: readonly string[];
}

/** Undefined when nothing was chosen: everything. @throws ARGUMENT_INVALID */
export function selectionOf(values: SelectionValues): Selection | undefined {
  const go = values.only.flatMap(separate).map((text) => goVersionOf(text, "--only"));
  const projects = values.project.flatMap(separate);
  const noModules = values["no-modules"];
  if (noModules && projects.length > 0) {
    throw new GoferryError("ARGUMENT_INVALID", {
      subject: "--no-modules, --project",
      message: "these flags contradict each other",
      expected: "one of them, or none",
      found: "both",
      next: "--project NAME alone brings the modules of that project and no others",
    });
  }
  if (go.length === 0 && projects.length === 0 && !noModules) return undefined;
  return {
    go: go.length === 0 ? "all" : go,
    modules: noModules ? "none" : projects.length === 0 ? "all" : { projects },
  };
}

function separate(text: string): string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
