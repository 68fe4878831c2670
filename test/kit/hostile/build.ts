// The bundle of a case, without a signature and with a real one: what is wrong is put in from the inside to the outside,
// and every digest and size around it fits.

import { readdir, readFile } from "node:fs/promises";
import { testPlatform } from "../real-go.ts";
import { scriptedToolchain } from "../layered-bundle.ts";
import { smallBundle, type SmallBundle, type TestKey } from "../small-bundle.ts";
import { parseCase, type HostileCase } from "./case.ts";
import { hostileDocuments } from "./documents.ts";
import { isInner, OWN, withInner } from "./inner.ts";
import { hostileFile } from "./outer.ts";

/** A good bundle: a Go of shell scripts that passes the self-test, modules of the log, and a private one. */
export async function goodBundle(): Promise<SmallBundle> {
  return await smallBundle({
    platforms: [testPlatform()],
    private: [OWN.path],
    modules: [{ ...OWN, files: { "go.mod": `module ${OWN.path}\n`, "own.go": "package own\n" } }],
    toolchainFiles: (go, platform) => scriptedToolchain(go, platform).files,
  });
}

/** @param key to sign with; left out, there is no signature */
export async function hostileBundle(
  good: SmallBundle,
  { steps }: Pick<HostileCase, "steps">,
  key?: TestKey,
): Promise<Buffer> {
  const inner = withInner(good, steps.filter(isInner));
  const parts = await hostileDocuments(inner, steps, key);
  const layers = inner.layers.map((bytes, i) => ({ role: `layer ${i}`, bytes }));
  return hostileFile([...parts, ...layers], steps);
}

const CASES = new URL("../../hostile/cases/", import.meta.url);

/** @param outside absolute path of the folder that absolute names lead to */
export async function readCases(outside: string): Promise<HostileCase[]> {
  const places = {
    own: `mod/${OWN.path}@${OWN.version}`,
    cache: `mod/cache/download/${OWN.path}/@v`,
    sdk: "sdk/go1.27.1",
    outside,
  };
  const files = (await readdir(CASES)).filter((file) => file.endsWith(".txt")).toSorted();
  return await Promise.all(
    files.map(async (file) =>
      parseCase(file.replace(".txt", ""), await readFile(new URL(file, CASES), "utf8"), places),
    ),
  );
}
