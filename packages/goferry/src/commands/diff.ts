// `goferry diff`: what changed from one bundle or lock to another.

import { open } from "node:fs/promises";
import { inspectBundle, openBundle, openBundleFile, type Trust } from "@goferry/core";
import {
  bundleInventory,
  changeText,
  diffInventories,
  lockInventory,
  readLockFile,
  type Change,
  type Difference,
  type Inventory,
  type ModuleChange,
} from "@goferry/bundler";
import { signatureJson, signatureText } from "../bundle-facts.ts";
import type { Outcome, Run } from "../command.ts";
import { rowsText } from "../output/rows.ts";
import { amountText } from "../output/units.ts";
import { trustFor } from "../trusted-keys.ts";
import type { diffTable } from "./tables/diff.ts";

export const diff: Run<typeof diffTable> = async (values, { terminal, host, signal }) => {
  // Two locks need no key, so it is asked for when a bundle comes up.
  const trust = async (): Promise<Trust> => await trustFor(values, { terminal, host, signal });
  const options = { trust: values.unverified ? undefined : trust };
  const a = await readSide(values.a, options);
  const b = await readSide(values.b, options);
  return outcome(a, b, diffInventories(a.inventory, b.inventory));
};

interface Trusting {
  /** undefined: nothing is verified, as was asked for. */
  trust: (() => Promise<Trust>) | undefined;
}

interface Side {
  file: string;
  inventory: Inventory;
  /** How far it is believed, for people. */
  trust: string;
  json: object;
}

async function readSide(file: string, trusting: Trusting): Promise<Side> {
  return (await isLock(file)) ? lockSide(file) : bundleSide(file, trusting);
}

/** A lock is JSON, and begins with its bracket; a bundle begins with the name of its first file. */
async function isLock(file: string): Promise<boolean> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return /^(?:\uFEFF)?\s*\{/u.test(buffer.toString("utf8", 0, bytesRead));
  } catch (error) {
    // openBundleFile says the same of every file that cannot be read.
    if (error instanceof Error && "syscall" in error) return false;
    throw error;
  }
}

async function lockSide(file: string): Promise<Side> {
  const inventory = lockInventory(await readLockFile(file));
  return {
    file,
    inventory,
    trust: "a lock, signed by nobody",
    json: { file, kind: "lock", verified: null, ...head(inventory) },
  };
}

async function bundleSide(file: string, { trust }: Trusting): Promise<Side> {
  await using source = await openBundleFile(file);
  if (trust === undefined) {
    const { contents, indexDigest } = await inspectBundle(source);
    const inventory = bundleInventory(contents);
    const json = { file, kind: "bundle", verified: false, indexDigest, ...head(inventory) };
    return { file, inventory, trust: "a bundle, NOT VERIFIED", json };
  }
  const { contents, indexDigest, signatures } = await openBundle(source, await trust());
  const inventory = bundleInventory(contents);
  return {
    file,
    inventory,
    trust: `a bundle, contents signed by ${signatures.map(signatureText).join("; ")}`,
    json: {
      file,
      kind: "bundle",
      verified: true,
      indexDigest,
      signatures: signatures.map(signatureJson),
      ...head(inventory),
    },
  };
}

function head({ name, created, serial, go, request }: Inventory): object {
  return { name, created, serial, go, platforms: request.platforms };
}

function outcome(a: Side, b: Side, difference: Difference): Outcome {
  const { same, alarms, go, platforms, toolchains, modules, gomods, request } = difference;
  const of = (change: ModuleChange["change"]): string[] =>
    modules.filter((each) => each.change === change).map(moduleText);
  const rows = rowsText([
    ["A", `${a.file}: ${sideText(a)}`],
    ["B", `${b.file}: ${sideText(b)}`],
    [
      "ALARM",
      alarms.map(({ unit, what, before, after }) => `${unit}: ${what} was ${before} and is ${after}`),
    ],
    ["Go", signed(go)],
    ["platforms", signed(platforms)],
    ["toolchains", signed(toolchains)],
    ["upgraded", of("upgraded")],
    ["downgraded", of("downgraded")],
    ["added", of("added")],
    ["removed", of("removed")],
    ["versions", of("changed")],
    ["only go.mod", countsText(gomods)],
    [
      "private",
      difference.private.map(
        ({ unit, after }) =>
          `${unit}: ${after ? "now only the signature vouches for it" : "now in the checksum database"}`,
      ),
    ],
    ["asked for", request.map(changeText)],
  ]);
  const isUnverified = [a, b].some(({ json }) => "verified" in json && json.verified === false);
  const warning = isUnverified
    ? "NOT VERIFIED: this compares what the files say of themselves; anybody could have written them.\n"
    : "";
  const summary = same ? "Nothing differs but times, serials and tree heads" : "What changes from A to B";
  return {
    text: `${warning}${summary}\n${rows}`,
    json: { a: a.json, b: b.json, ...difference },
    warnings: alarms.length === 0 ? [] : [alarmText(alarms.length)],
  };
}

function alarmText(count: number): string {
  return (
    `${amountText(count, "unit")} changed under a version that stayed the same. A published version never ` +
    "changes: somebody moved a tag, or changed the module. Do not install B before you know who and why."
  );
}

function sideText({ inventory: { name, serial, created }, trust }: Side): string {
  return `${name}, serial ${serial}, created ${created}; ${trust}`;
}

function signed({ added, removed }: Change<string>): string[] {
  return [...added.map((each) => `+ ${each}`), ...removed.map((each) => `- ${each}`)];
}

function moduleText({ path, before, after }: ModuleChange): string {
  if (before.length === 0 || after.length === 0) return `${path} ${[...before, ...after].join(", ")}`;
  return `${path} ${before.join(", ")} -> ${after.join(", ")}`;
}

function countsText({ added, removed }: Change<string>): string | undefined {
  if (added.length + removed.length === 0) return undefined;
  return `${amountText(added.length, "version")} added, ${amountText(removed.length, "version")} removed (all with --json)`;
}
