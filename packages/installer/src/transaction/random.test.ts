// Any change of any root, against a plain model of what each path should hold afterwards.

import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Fault } from "../../../../test/kit/faulty-fs.ts";
import { bench } from "../../../../test/kit/transactions.ts";
import type { Bench, Transaction } from "../../../../test/kit/transactions.ts";
import type { EditRequest } from "./describe.ts";
import type { Move } from "./journal.ts";

/** What a path may hold: nothing, a file, a link, or a folder with these files. */
type Thing = { kind: "none" } | { kind: "file" | "link"; text: string } | { kind: "folder"; files: string[] };
type Verb = "leave" | "place" | "replace" | "edit";

const PATHS = [
  "current",
  "bin/go",
  "bin/goferry",
  "sdk/go1.27.1",
  "mod/example.com/x@v1.0.0",
  "mod/cache/list",
];
const ON_THE_WAY = new Set(
  ["", "bin", "sdk", "mod", "mod/cache", "mod/example.com"]
    .map((name) => join("opt", "goferry", name))
    .concat("opt"),
);

const text = fc.constantFrom("one", "two", "three");
const thing: fc.Arbitrary<Thing> = fc.oneof(
  fc.constant<Thing>({ kind: "none" }),
  fc.record({ kind: fc.constantFrom("file" as const, "link" as const), text }),
  fc.record({ kind: fc.constant("folder" as const), files: fc.subarray(["a", "b", "c"]) }),
);
const change = fc.record({
  before: thing,
  after: thing,
  verb: fc.constantFrom<Verb>("leave", "place", "replace", "edit"),
});
const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom("error" as const, "errors" as const, "crash" as const),
  at: fc.integer({ min: 1, max: 70 }),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

it(
  "a root is what it was or what it was to become, whatever changes and whatever breaks",
  { timeout: 60_000 },
  async () => {
    await using host = await bench();
    const changes = fc.array(change, { minLength: PATHS.length, maxLength: PATHS.length });
    await fc.assert(
      fc.asyncProperty(changes, fault, async (drawn, broken) => {
        const wanted = drawn.map(possible);
        await host.reset();
        for (const [index, { after }] of wanted.entries())
          await put(join(host.root, PATHS[index] ?? ""), after);
        const model = leaves(host.look());

        await host.reset();
        for (const [index, { before }] of drawn.entries())
          await put(join(host.root, PATHS[index] ?? ""), before);
        const before = host.look();
        const { outcome } = await host.run(transactionOf(wanted), broken);
        expect(await host.recover()).not.toBeInstanceOf(Error);
        expect(await host.recover()).toMatchObject({ outcome: "nothing" });

        const files = leaves(host.look());
        const isOld = JSON.stringify(files) === JSON.stringify(leaves(before));
        const isNew = JSON.stringify(files) === JSON.stringify(model);
        expect(outcome instanceof Error ? isOld || isNew : isNew).toBe(true);
      }),
      { numRuns: 150 },
    );
  },
);

/** What a command could ask for: a change that makes no sense leaves the path as it is. */
function possible({ before, after, verb }: Change): Change {
  const small = before.kind !== "folder" && after.kind !== "folder";
  const fits = {
    leave: false,
    place: true,
    replace: after.kind === "file" && (before.kind === "file" || before.kind === "none"),
    edit: small,
  };
  return fits[verb] ? { before, after, verb } : { before, after: before, verb: "leave" };
}

function transactionOf(changes: readonly Change[]): Transaction {
  return (_fs, at) => ({
    command: "random",
    stage: async (staging, state) => {
      const place: Move[] = [];
      const replace: Move[] = [];
      const remove: string[] = [];
      const edits: EditRequest[] = [];
      for (const [index, { before, after, verb }] of changes.entries()) {
        const to = join(at.root, PATHS[index] ?? "");
        const from = join(staging, String(index));
        if (verb === "edit") edits.push(editOf(to, after));
        if (verb === "place" && before.kind !== "none") remove.push(to);
        if ((verb === "place" && after.kind !== "none") || verb === "replace") {
          await put(from, after);
          (verb === "place" ? place : replace).push({ from, to });
        }
      }
      const audit = { action: "random", subject: "x", result: "done", bundle: null, signers: [] };
      return { state: { ...state, generation: state.generation + 1 }, place, replace, remove, edits, audit };
    },
  });
}

function editOf(path: string, after: Thing): EditRequest {
  if (after.kind === "file") return { path, file: Buffer.from(after.text), mode: 0o644 };
  return after.kind === "link" ? { path, link: after.text } : { path, remove: true };
}

async function put(path: string, what: Thing): Promise<void> {
  if (what.kind === "none") return;
  await mkdir(dirname(path), { recursive: true });
  if (what.kind === "file") await writeFile(path, what.text);
  if (what.kind === "link") await symlink(what.text, path);
  if (what.kind === "folder") {
    await mkdir(path);
    for (const name of what.files) await writeFile(join(path, name), name);
  }
}

/** All but goferry's own files and the folders on the way, which come and go with what is in them. */
function leaves(files: ReturnType<Bench["look"]>): [string, string][] {
  return Object.entries(files).filter(
    ([name]) => !name.startsWith("opt/goferry/state") && !ON_THE_WAY.has(name),
  );
}
