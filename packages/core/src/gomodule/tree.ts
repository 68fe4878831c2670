// What Go allows in the tree of a module beyond names (x/mod zip CheckZip): one go.mod, at the top and in lower case,
// because another one begins a module of its own, and two files that Go reads as a whole.

import { visibleName } from "../archive/names.ts";
import { GoferryError } from "../errors.ts";
import { MAX_GO_MOD_BYTES } from "../limits.ts";

/**
 * Checks a file of a module.
 * @param name in the module's tree
 * @param size bytes
 * @throws ENTRY_REFUSED
 */
export function checkModuleFile(name: string, size: number): void {
  const isGoMod = name.length >= GO_MOD.length && name.slice(-GO_MOD.length).toLowerCase() === GO_MOD;
  if (isGoMod && name !== GO_MOD && (name.length === GO_MOD.length || name.at(-1 - GO_MOD.length) === "/")) {
    refuse(name, "one go.mod at the top, in lower case", "another one");
  }
  if (size > MAX_GO_MOD_BYTES && (name === GO_MOD || name === "LICENSE")) {
    refuse(name, `at most ${MAX_GO_MOD_BYTES} bytes`, `${size} bytes`);
  }
}

const GO_MOD = "go.mod";

function refuse(name: string, expected: string, found: string): never {
  throw new GoferryError("ENTRY_REFUSED", {
    subject: visibleName(name),
    message: "Go does not accept this file in a module",
    expected,
    found,
    next: "No option admits it: the module must change where it comes from",
  });
}
