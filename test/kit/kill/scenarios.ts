// What is killed: every command that changes a root, on bundles of a few files whose Go is a script.

import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeBundle } from "../../../packages/goferry/src/testing/bundle.ts";
import { checksumLog } from "../checksum-log.ts";
import { testPlatform } from "../real-go.ts";

export interface Scenario {
  name: string;
  /** Commands that make the root that there is before; none: there is no root. */
  before: readonly (readonly string[])[];
  /** What somebody did to it then. */
  damage?: (root: string) => Promise<void>;
  /** The command that is killed. */
  words: readonly string[];
}

/** Older and newer have a Go each, and the same two modules, one of which is private. */
export async function killScenarios(folder: string): Promise<Scenario[]> {
  const log = checksumLog();
  const install = async (name: string, go: string): Promise<string[]> => {
    const place = join(folder, name);
    await mkdir(place, { recursive: true });
    const { file, publicKey } = await makeBundle(place, { platform: testPlatform(), log, name, go });
    const trust = ["--key", publicKey, "--log-key", log.vkey, "--allow-private", "corp.example.com/*"];
    return ["install", file, ...trust];
  };
  const older = await install("older", "1.26.8");
  const newer = await install("newer", "1.27.1");
  const bare = [...older, "--no-modules", "--path", "profile"];
  const both = [bare, [...newer, "--path", "profile"]];
  return [
    { name: "first install", before: [], words: [...older, "--path", "profile"] },
    { name: "install of a newer Go", before: [bare], words: [...newer, "--path", "profile"] },
    { name: "install of modules", before: [bare], words: older },
    { name: "use of an older Go", before: both, words: ["use", "1.26.8"] },
    { name: "use of a newer Go", before: [...both, ["use", "1.26.8"]], words: ["use", "1.27.1"] },
    { name: "rollback", before: both, words: ["rollback"] },
    { name: "rollback by two", before: [...both, ["use", "1.26.8"]], words: ["rollback", "1"] },
    {
      name: "rollback to what was uninstalled",
      before: [...both, ["uninstall", "go1.26.8"]],
      words: ["rollback"],
    },
    { name: "uninstall of a Go", before: both, words: ["uninstall", "go1.26.8"] },
    { name: "uninstall of a bundle", before: both, words: ["uninstall", "--bundle", "newer"] },
    { name: "uninstall of everything", before: both, words: ["uninstall", "--all"] },
    { name: "repair without a bundle", before: both, damage: breakGenerated, words: ["repair"] },
    { name: "repair", before: both, damage: breakInstalled, words: ["repair", ...newer.slice(1, 4)] },
    {
      name: "gc",
      before: [...both, ["uninstall", "go1.26.8"], ["rollback", "1"]],
      words: ["gc", "--keep", "1"],
    },
    { name: "gc of generations", before: [...both, ["use", "1.26.8"]], words: ["gc", "--keep", "2"] },
    {
      name: "no more private modules",
      before: both,
      words: ["trust", "remove-private", "corp.example.com/*"],
    },
  ];
}

/** What follows from state.json. */
async function breakGenerated(root: string): Promise<void> {
  await rm(join(root, "bin/go"));
  await rm(join(root, "current"));
  await symlink("/usr", join(root, "current"));
  await writeFile(join(root, "sdk/go1.27.1/go.env"), "GOPROXY=https://elsewhere.example.com\n");
  await writeFile(join(root, "bin/stranger"), "");
  await rm(join(root, "mod/cache/download/example.com/logged/@v/list"));
}

/** What a bundle has brought, and what follows. */
async function breakInstalled(root: string): Promise<void> {
  await breakGenerated(root);
  const version = join(root, "sdk/go1.27.1/VERSION");
  await writeFile(version, (await readFile(version, "utf8")).replace("go", "no"));
  await rm(join(root, "mod/example.com/logged@v1.2.3"), { recursive: true });
}
