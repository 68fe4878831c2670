import { expect, it } from "vitest";
import type { Change } from "../kill/root-calls.ts";
import { randomOf } from "../mutations.ts";
import { Disk, SURVIVALS, type Medium, type Survival } from "./disk.ts";
import { textOf } from "./medium.ts";

type Step = [path: string, change: Change];

const NOTHING: Medium = new Map([[0, { kind: "folder", mode: 0o755, names: new Map() }]]);

function diskAfter(...steps: Step[]): Disk {
  const disk = new Disk(NOTHING, { top: "/top", apart: "/top/home" });
  for (const [path, change] of steps) disk.apply({ name: "", path: `/top/${path}`, change, kill: undefined });
  return disk;
}

const file = (path: string, text: string): Step[] => [
  [path, { kind: "create", mode: 0o644 }],
  [path, { kind: "write", bytes: Buffer.from(text), offset: undefined }],
];
const sync = (path: string): Step => [path, { kind: "sync" }];
const rename = (from: string, path: string): Step => [path, { kind: "rename", from: `/top/${from}` }];

/** Paths with their contents, one after the other. */
function left(disk: Disk, survival: Survival, seed = 1): string {
  const lines = textOf(disk.cut(survival, randomOf(seed)))
    .split("\n")
    .slice(1);
  return lines
    .map((line) =>
      line.replace(
        / \d+(?: (\S*))?$/u,
        (_, text: string = "") => ` ${Buffer.from(text, "base64").toString()}`,
      ),
    )
    .join(", ");
}

it("keeps nothing that was not synced, names without bytes, or both", () => {
  const disk = diskAfter(...file("a", "one"));
  expect(left(disk, "none")).toBe("");
  expect(left(disk, "names")).toBe("/a ");
  const kept = new Set(Array.from({ length: 100 }, (_, seed) => left(disk, "some", seed)));
  expect([...kept]).toEqual(expect.arrayContaining(["", "/a ", "/a one", "/a o", "/a \0\0\0", "/a o\0\0"]));
});

it("loses nothing of a file that was there when something is appended", () => {
  const more: Step = ["a", { kind: "write", bytes: Buffer.from("two"), offset: undefined }];
  const disk = diskAfter(...file("a", "one"), ["", { kind: "sync-all" }], more);
  const kept = new Set(Array.from({ length: 100 }, (_, seed) => left(disk, "some", seed)));
  expect([...kept].filter((each) => !each.startsWith("/a one"))).toEqual([]);
  expect([...kept]).toEqual(expect.arrayContaining(["/a one", "/a onetwo", "/a onet\0\0"]));
});

it("keeps the bytes of a file that was synced where its name is, and no name by that", () => {
  const disk = diskAfter(...file("a", "one"), sync("a"));
  expect([left(disk, "none"), left(disk, "names")]).toEqual(["", "/a one"]);
  disk.apply({ name: "", path: "/top", change: { kind: "sync" }, kill: undefined });
  for (const survival of SURVIVALS) expect(left(disk, survival)).toBe("/a one");
});

it("has a rename whole or not at all, by a sync of where it leads to", () => {
  const folders: Step[] = [
    ["from", { kind: "mkdir", mode: 0o755 }],
    ["to", { kind: "mkdir", mode: 0o755 }],
    ...file("from/a", "one"),
    ["", { kind: "sync-all" }],
  ];
  const moved = [...folders, rename("from/a", "to/a")];
  for (let seed = 0; seed < 50; seed++)
    expect(["/from/ , /from/a one, /to/ ", "/from/ , /to/ , /to/a one"]).toContain(
      left(diskAfter(...moved), "some", seed),
    );
  expect(left(diskAfter(...moved, sync("from")), "none")).toBe("/from/ , /from/a one, /to/ ");
  expect(left(diskAfter(...moved, sync("to")), "none")).toBe("/from/ , /to/ , /to/a one");
});

it("replaces a file by a rename with the old bytes or the new ones, if these were synced", () => {
  const replaced = (isSynced: boolean): Disk =>
    diskAfter(
      ...file("a", "old"),
      ["", { kind: "sync-all" }],
      ...file(".new", "new"),
      ...(isSynced ? [sync(".new")] : []),
      rename(".new", "a"),
    );
  expect(left(replaced(false), "names")).toBe("/a ");
  for (let seed = 0; seed < 50; seed++) {
    for (const survival of SURVIVALS)
      expect(["/a old", "/.new new, /a old", "/a new"]).toContain(left(replaced(true), survival, seed));
  }
});

it("syncs what lies apart by itself only", () => {
  const disk = diskAfter(
    ["home", { kind: "mkdir", mode: 0o755 }],
    sync(""),
    ...file("home/a", "one"),
    ...file("b", "two"),
    ["", { kind: "sync-all" }],
  );
  expect(left(disk, "none")).toBe("/b two, /home/ ");
});
