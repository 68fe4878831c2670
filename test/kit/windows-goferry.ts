// goferry.exe under Wine, with --json.

import { expect } from "vitest";
import type { GoferryJson } from "./run-goferry.ts";
import type { Wine, WineOptions, WineResult } from "./wine.ts";

export interface WindowsJson extends GoferryJson {
  changed?: boolean;
  current?: string | null;
  findings?: { code: string; subject: string; aspect?: string; found?: string }[];
}

export interface WindowsGoferry {
  /** Ends as it ends. */
  run(args: readonly string[], options?: WineOptions): Promise<WineResult & { json: WindowsJson }>;
  /** Has to end with 0. */
  done(args: readonly string[], options?: WineOptions): Promise<WindowsJson>;
}

/** @param always arguments that stand behind all others, such as --root */
export function windowsGoferry(wine: Wine, exe: string, always: readonly string[] = []): WindowsGoferry {
  const run: WindowsGoferry["run"] = async (args, options = {}) => {
    const ran = await wine.run(exe, [...args, ...always, "--json"], options);
    return { ...ran, json: ran.stdout === "" ? {} : (JSON.parse(ran.stdout) as WindowsJson) };
  };
  return {
    run,
    done: async (args, options) => {
      const { code, json, stderr } = await run(args, options);
      const seen = { code, error: json.error, stderr: code === 0 ? "" : stderr };
      expect(seen).toEqual({ code: 0, error: undefined, stderr: "" });
      return json;
    },
  };
}
