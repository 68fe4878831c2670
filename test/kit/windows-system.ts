// A Windows in memory, for tests on other systems: a fake. Keys and names are compared without case, as there; who is not
// elevated may not write HKLM, as there. What a real Windows does beyond that is shown under Wine, or not at all.

import { GoferryError } from "../../packages/core/src/index.ts";
import type {
  FileHolder,
  RegistryValue,
  WindowsAccount,
  WindowsEvent,
  WindowsSystem,
  WindowsVolume,
} from "../../packages/installer/src/windows/system.ts";

export interface FakeWindows extends WindowsSystem {
  /** By key, then by name, both in the spelling of who wrote them first. */
  values: Map<string, Map<string, RegistryValue>>;
  /** Everything that was done that others can see, in its order. */
  done: string[];
  who: WindowsAccount;
  access: Map<string, string>;
  drive: WindowsVolume;
  held: FileHolder[];
  events: WindowsEvent[];
  /** Is called before every call, and may throw: what stops here, stops between two steps. */
  before(what: string): void;
}

export const ADMINISTRATOR: WindowsAccount = {
  sid: "S-1-5-21-1-2-3-500",
  elevated: true,
  session: 1,
};

export const ORDINARY: WindowsAccount = { sid: "S-1-5-21-1-2-3-1001", elevated: false, session: 1 };

export function fakeWindows(who: WindowsAccount = ADMINISTRATOR): FakeWindows {
  const windows: FakeWindows = {
    values: new Map([
      ["HKCU", new Map()],
      ["HKLM", new Map()],
    ]),
    done: [],
    who,
    access: new Map(),
    drive: { kind: "fixed", fileSystem: "NTFS", remote: "" },
    held: [],
    events: [],
    before: () => undefined,
    registry: {
      async read(names) {
        windows.before("read");
        return names.map(({ key, name }) => {
          const values = find(windows.values, key);
          return (values && find(values, name)) ?? null;
        });
      },
      async write(changes) {
        for (const { key, name, value } of changes) {
          windows.before(`write ${key}\\${name}`);
          if (key.startsWith("HKLM") && !windows.who.elevated) throw denied(key);
          windows.done.push(`${value === null ? "delete" : "write"} ${key}\\${name}`);
          if (value === null) {
            const values = find(windows.values, key);
            if (values) values.delete(spelling(values, name));
            continue;
          }
          makeKey(windows.values, key).set(spelling(makeKey(windows.values, key), name), value);
        }
      },
      async subkeys(keys) {
        windows.before("subkeys");
        return keys.map((key) => {
          if (!find(windows.values, key)) return null;
          const below = `${key}\\`.toLowerCase();
          const names = [...windows.values.keys()].filter((each) => each.toLowerCase().startsWith(below));
          return [...new Set(names.map((each) => each.slice(below.length).split("\\")[0] ?? ""))];
        });
      },
      async removeEmpty(keys) {
        for (const key of keys) {
          windows.before(`remove ${key}`);
          const values = find(windows.values, key);
          const below = `${key}\\`.toLowerCase();
          const isEmpty =
            values?.size === 0 &&
            ![...windows.values.keys()].some((each) => each.toLowerCase().startsWith(below));
          if (!isEmpty) continue;
          windows.values.delete(spelling(windows.values, key));
          windows.done.push(`remove ${key}`);
        }
      },
      async announce() {
        windows.before("announce");
        windows.done.push("announce");
      },
    },
    account: async () => windows.who,
    async accessOf(path) {
      windows.before(`access of ${path}`);
      return (
        windows.access.get(path) ?? "O:BAD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)"
      );
    },
    async setAccess(path, sddl) {
      windows.before(`set access of ${path}`);
      windows.done.push(`access ${path}`);
      windows.access.set(path, `O:BA${sddl}`);
    },
    volume: async () => windows.drive,
    holders: async () => windows.held,
    async logEvent(event) {
      windows.before("event");
      windows.events.push(event);
    },
    removeLater: (folder) => windows.done.push(`later ${folder}`),
  };
  return windows;
}

/** What a value holds, or null. */
export function valueOf(windows: FakeWindows, key: string, name: string): RegistryValue | null {
  const values = find(windows.values, key);
  return (values && find(values, name)) ?? null;
}

/** All that the registry holds, for a comparison: by key and name in lower case. */
export function registryContents({ values }: FakeWindows): Record<string, Record<string, RegistryValue>> {
  return Object.fromEntries(
    [...values]
      .map(([key, each]) => [key.toLowerCase(), Object.fromEntries(each)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function makeKey(values: FakeWindows["values"], key: string): Map<string, RegistryValue> {
  const parent = key.slice(0, key.lastIndexOf("\\"));
  if (key.includes("\\") && !find(values, parent)) makeKey(values, parent);
  const name = spelling(values, key);
  const there = values.get(name) ?? new Map<string, RegistryValue>();
  values.set(name, there);
  return there;
}

function find<T>(map: ReadonlyMap<string, T>, name: string): T | undefined {
  return map.get(spelling(map, name));
}

function spelling(map: ReadonlyMap<string, unknown>, name: string): string {
  return [...map.keys()].find((each) => each.toLowerCase() === name.toLowerCase()) ?? name;
}

function denied(key: string): GoferryError {
  return new GoferryError("PERMISSION_DENIED", { subject: key, message: `this user may not change ${key}` });
}
