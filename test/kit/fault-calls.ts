// Calls of node:fs that fail, in this very thread: whatever asks for a file below one folder, by promise or synchronous, is
// counted and may be answered with an errno instead of being done. Unlike faulty-fs.ts it is below everything that a command
// does, its worker threads too (they import this file themselves, see workerSource), and it fails what only reads as well.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

export type Errno = "ENOSPC" | "EIO" | "EACCES" | "EMFILE";

export interface CallFault {
  errno: Errno;
  /** Which of the calls that can fail so, from 1; 0 for none. */
  at: number;
  /** Whether all of them fail from there on. */
  forEver: boolean;
}

interface FaultyCalls {
  /** Those that could fail with the errno, such as "open /a/b". */
  readonly calls: readonly string[];
  /** Whether one did. */
  readonly hit: boolean;
  /** Puts the real calls back. */
  restore(): void;
}

/** What can fail for want of space, of rights, and of descriptors; of everything, a broken disk may be the reason. */
const CAN: Readonly<Record<Errno, RegExp>> = {
  ENOSPC: /^(?:create|append|write|mkdir|rename|link|symlink|copy|sync)\b/,
  EACCES: /^(?:open|create|append|mkdir|rename|link|symlink|copy|unlink|rmdir|chmod|utimes|list|look|read)\b/,
  EMFILE: /^(?:open|create|append|copy|list|read)\b/,
  EIO: /^/,
};

/** By the name of the function in node:fs/promises: what it does, in the words of CAN. */
const PROMISES = {
  lstat: "look",
  stat: "look",
  realpath: "look",
  readFile: "read",
  readlink: "look",
  readdir: "list",
  mkdir: "mkdir",
  rename: "rename",
  link: "link",
  symlink: "symlink",
  chmod: "chmod",
  unlink: "unlink",
  rmdir: "rmdir",
  rm: "rmdir",
  mkdtemp: "mkdir",
  appendFile: "append",
  writeFile: "create",
  copyFile: "copy",
  utimes: "utimes",
} as const;
const SYNC = {
  lstatSync: "look",
  readFileSync: "read",
  readdirSync: "list",
  mkdirSync: "mkdir",
  openSync: "open",
  writeSync: "write",
  readSync: "read",
} as const;
/** Of an open file. */
const HANDLE = { writeFile: "write", sync: "sync", chmod: "chmod", utimes: "utimes" } as const;

type AnyCall = (...args: unknown[]) => unknown;

/** FileHandle is a class that node:fs does not give out. */
const handlePrototype = await (async (): Promise<object> => {
  await using handle = await fs.promises.open("/dev/null");
  return Object.getPrototypeOf(handle) as object;
})();

/** Only one at a time. `within` is an absolute folder. */
export function faultyCalls(within: string, fault: CallFault): FaultyCalls {
  const calls: string[] = [];
  let hit = false;
  const undo: (() => void)[] = [];
  const opened = new WeakMap<object, string>();
  const descriptors = new Map<number, string>();

  /** Throws where this call is to fail. */
  function count(verb: string, path: string): void {
    const call = `${verb} ${path}`;
    if (!CAN[fault.errno].test(call)) return;
    calls.push(call);
    if (fault.at === 0 || (fault.forEver ? calls.length < fault.at : calls.length !== fault.at)) return;
    hit = true;
    throw Object.assign(new Error(`${fault.errno}: ${call}`), { code: fault.errno, syscall: verb, path });
  }

  function isOurs(path: unknown): path is string {
    return typeof path === "string" && path.startsWith(within);
  }

  function patch(target: object, name: string, make: (real: AnyCall) => AnyCall): void {
    const holder = target as Record<string, AnyCall>;
    const real = holder[name];
    if (real === undefined) throw new Error(`node:fs has no ${name}`);
    holder[name] = make(real);
    undo.push(() => {
      holder[name] = real;
    });
  }

  for (const [name, verb] of Object.entries(PROMISES)) {
    patch(fs.promises, name, (real) => async (...args) => {
      // Of two names, the one that is made.
      const path = verb === "symlink" ? args[1] : args[0];
      if (isOurs(path)) count(verb, path);
      return await real.apply(fs.promises, args);
    });
  }
  patch(fs.promises, "open", (real) => async (...args) => {
    const [path, flags] = args;
    if (!isOurs(path)) return await real.apply(fs.promises, args);
    count(creates(flags) ? "create" : "open", path);
    const handle = (await real.apply(fs.promises, args)) as object;
    opened.set(handle, path);
    return handle;
  });
  for (const [name, verb] of Object.entries(SYNC)) {
    patch(fs, name, (real) => (...args) => {
      const [first] = args;
      const path = typeof first === "number" ? descriptors.get(first) : first;
      if (isOurs(path)) count(name === "openSync" && creates(args[1]) ? "create" : verb, path);
      const result = real.apply(fs, args);
      if (name === "openSync" && isOurs(path)) descriptors.set(Number(result), path);
      return result;
    });
  }
  for (const [name, verb] of Object.entries(HANDLE)) {
    patch(
      handlePrototype,
      name,
      (real) =>
        async function (this: object, ...args) {
          const path = opened.get(this);
          if (path !== undefined) count(verb, path);
          return await real.apply(this, args);
        },
    );
  }
  syncBuiltinESMExports();
  return {
    calls,
    get hit() {
      return hit;
    },
    restore() {
      for (const each of undo) each();
      syncBuiltinESMExports();
    },
  };
}

/**
 * The worker of the installer with such calls in it, counted there from 1, for `workerSource` of a host.
 * @param worker the file of extract/worker.ts as one CommonJS module
 */
export function faultyWorker(worker: string, within: string, fault: CallFault): string {
  const [self, file, folder] = [import.meta.url, worker, within].map((each) => JSON.stringify(each));
  return `import(${self}).then(({ faultyCalls }) => {
  faultyCalls(${folder}, ${JSON.stringify(fault)});
  require(${file});
});`;
}

function creates(flags: unknown): boolean {
  if (typeof flags === "number") return (flags & fs.constants.O_CREAT) !== 0;
  return typeof flags === "string" && flags !== "r";
}
