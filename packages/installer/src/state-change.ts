// What one state of a root has more, and less, than another.

import { newestGoFirst, unitName } from "@goferry/core";
import type { State } from "./transaction/state.ts";

export interface StateChange {
  added: Contents;
  removed: Contents;
}

interface Contents {
  /** Go versions, newest first. */
  sdks: string[];
  /** `path@version` of whole modules, sorted. */
  modules: string[];
  /** Names and serials of bundles. */
  bundles: string[];
}

export function compareStates(before: State, after: State): StateChange {
  const [old, fresh] = [contentsOf(before), contentsOf(after)];
  return { added: without(fresh, old), removed: without(old, fresh) };
}

function contentsOf({ sdks, units, bundles }: State): Contents {
  return {
    sdks: sdks.map(({ version }) => version).toSorted(newestGoFirst),
    modules: units
      .filter(({ kind }) => kind === "module")
      .map(unitName)
      .toSorted(),
    bundles: bundles.map(({ name, serial }) => `${name} serial ${serial}`),
  };
}

function without(all: Contents, other: Contents): Contents {
  const less = (key: keyof Contents): string[] => all[key].filter((each) => !other[key].includes(each));
  return { sdks: less("sdks"), modules: less("modules"), bundles: less("bundles") };
}
