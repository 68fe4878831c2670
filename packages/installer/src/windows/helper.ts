// The real Windows, by the program of packages/installer/winhelper: a question is a line of JSON in UTF-8, and so is its
// answer.

import { isAbsolute } from "node:path";
import { GoferryError } from "@goferry/core";
import * as z from "zod/mini";
import type { HostFacts } from "../host.ts";
import { Conversation, type Program } from "./conversation.ts";
import { variable } from "./environment.ts";
import { removeLater } from "./remove-later.ts";
import type { WindowsSystem, WindowsVolume } from "./system.ts";

export interface HelperOptions extends Pick<HostFacts, "env"> {
  /** The path of the program, which is put there when it is first asked for. */
  program(): Promise<string>;
}

/** To be disposed of before the program is removed. */
export function helperSystem(options: HelperOptions): WindowsSystem & AsyncDisposable {
  const helper = new Conversation(() => programOf(options), TIMEOUT_MS);
  const ask: Ask = (calls, shape, subject) => askHelper(helper, { calls, shape, subject });
  const one = async <T>(call: Call, shape: z.ZodMiniType<T>, subject: string): Promise<T> => {
    const [answer] = await ask([call], shape, subject);
    if (answer === undefined) throw notUnderstood("no answer", subject);
    return answer;
  };
  return {
    registry: {
      read: (names) =>
        ask(
          names.map(({ key, name }) => ({ do: "readValue", key, name })),
          z.nullable(value),
          names[0]?.key ?? "",
        ),
      write: async (changes) => {
        const calls = changes.map(({ key, name, value: wanted }) =>
          wanted === null ? { do: "deleteValue", key, name } : { do: "writeValue", key, name, ...wanted },
        );
        await ask(calls, z.unknown(), changes[0]?.key ?? "");
      },
      subkeys: (keys) =>
        ask(
          keys.map((key) => ({ do: "subkeys", key })),
          z.nullable(z.array(z.string())),
          keys[0] ?? "",
        ),
      removeEmpty: async (keys) => {
        await ask(
          keys.map((key) => ({ do: "deleteEmptyKey", key })),
          z.unknown(),
          keys[0] ?? "",
        );
      },
      announce: async () => {
        await one({ do: "announce" }, z.unknown(), "the environment");
      },
    },
    account: () => one({ do: "account" }, account, "this process"),
    accessOf: (path) => one({ do: "accessOf", path }, z.string(), path),
    setAccess: async (path, access) => {
      await one({ do: "setAccess", path, access }, z.unknown(), path);
    },
    volume: async (path) => {
      const { drive, fileSystem, remote } = await one({ do: "volume", path }, volume, path);
      return { kind: DRIVES[drive] ?? "unknown", fileSystem, remote };
    },
    holders: (paths) => one({ do: "holders", paths: [...paths] }, z.array(holder), paths[0] ?? ""),
    logEvent: async (event) => {
      await one({ do: "logEvent", ...event }, z.unknown(), event.source);
    },
    removeLater: (folder) => removeLater(folder, options.env),
    [Symbol.asyncDispose]: () => helper[Symbol.asyncDispose](),
  };
}

async function programOf({ env, program }: HelperOptions): Promise<Program> {
  const file = await program();
  const root = variable(env, "SystemRoot");
  const cwd = root !== undefined && isAbsolute(root) ? root : file.replace(/[^\\/]*$/, "");
  // Windows' own libraries find their way by SystemRoot.
  return { file, cwd, env: { SystemRoot: root, TEMP: variable(env, "TEMP") } };
}

type Call = Record<string, unknown>;
type Ask = <T>(calls: readonly Call[], shape: z.ZodMiniType<T>, subject: string) => Promise<T[]>;

const value = z.strictObject({ type: z.int().check(z.minimum(0)), data: z.base64() });
const account = z.strictObject({ sid: z.string(), elevated: z.boolean(), session: z.int() });
const volume = z.strictObject({ drive: z.int(), fileSystem: z.string(), remote: z.string() });
const holder = z.strictObject({ pid: z.int(), name: z.string(), service: z.string() });
const failure = z.strictObject({ code: z.int(), in: z.string(), text: z.string() });

/** Of GetDriveTypeW. */
const DRIVES: Record<number, WindowsVolume["kind"]> = {
  2: "removable",
  3: "fixed",
  4: "remote",
  5: "optical",
  6: "memory",
};

/** Milliseconds; telling every window may take one for each that hangs. */
const TIMEOUT_MS = 60_000;

/** ERROR_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD. */
const DENIED = new Set([5, 1314]);

interface Asked<T> {
  calls: readonly Call[];
  shape: z.ZodMiniType<T>;
  subject: string;
}

async function askHelper<T>(helper: Conversation, { calls, shape, subject }: Asked<T>): Promise<T[]> {
  if (calls.length === 0) return [];
  const answer = await helper.ask({
    line: JSON.stringify({ calls }),
    read: (text) => readAnswer(text, { calls, shape, subject }),
    noAnswer: (found, cause) => notUnderstood(found, subject, cause),
  });
  if ("code" in answer) throw refused(answer, subject);
  return answer.values;
}

type Failed = z.infer<typeof failure>;

/** @throws IO_FAILED */
function readAnswer<T>(text: string, { calls, shape, subject }: Asked<T>): { values: T[] } | Failed {
  const answers = parse(
    text,
    z.strictObject({ answers: z.array(z.strictObject({ ok: z.unknown(), error: z.optional(failure) })) }),
  )?.answers;
  const failed = answers?.find(({ error }) => error !== undefined)?.error;
  if (failed !== undefined) return failed;
  const values = z.array(shape).safeParse(answers?.map(({ ok }) => ok)).data;
  if (values?.length !== calls.length) throw notUnderstood(text.slice(0, 200), subject);
  return { values };
}

function parse<T>(text: string, shape: z.ZodMiniType<T>): T | undefined {
  try {
    return shape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function refused({ code, in: call, text }: Failed, subject: string): GoferryError {
  const isDenied = DENIED.has(code);
  return new GoferryError(isDenied ? "PERMISSION_DENIED" : "IO_FAILED", {
    subject,
    message: isDenied ? `this user may not change ${subject}` : `Windows refused what ${subject} needs`,
    found: `${call}: ${text} (${code})`,
    next: isDenied
      ? 'run the command in a window that was opened by "Run as administrator", or install for this user alone: with no --root, or with --path none'
      : "mend what Windows names, then run the command again",
  });
}

function notUnderstood(found: string, subject: string, cause?: unknown): GoferryError {
  return new GoferryError("IO_FAILED", {
    subject,
    message: "the program by which goferry asks Windows did not answer as it should",
    expected: "an answer for each question",
    found,
    next: "see whether an antivirus program or AppLocker keeps programs of goferry from running (docs/WINDOWS.md)",
    cause,
  });
}
