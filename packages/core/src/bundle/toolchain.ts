// A toolchain's files stand in several layers: those that all platforms share, and its own. Only together do they have
// the h1 that the checksum database knows.

import { hashLines } from "../dirhash.ts";
import { GoferryError } from "../errors.ts";
import type { ToolchainUnit } from "../format/contents.ts";
import { unitName } from "../format/units.ts";
import { treeSums, type LayerSums, type TreeSums } from "./layer-files.ts";

/**
 * Checks the files of a toolchain, from all its layers, and returns what its tree is known by.
 * @throws HASH_MISMATCH
 */
export function checkToolchain(unit: ToolchainUnit, layers: readonly LayerSums[]): TreeSums {
  const files = layers.flatMap((sums) => sums.files);
  const size = layers.reduce((sum, each) => sum + each.size, 0);
  const prefix = `${unitName(unit)}/`;
  const tree = treeSums(files.map((file) => ({ ...file, name: prefix + file.name })));
  const found = hashLines(tree.lines);
  if (found === unit.h1 && files.length === unit.files && size === unit.size) return tree;
  throw new GoferryError("HASH_MISMATCH", {
    subject: unitName(unit),
    message: "the toolchain is not what was announced",
    expected: `${unit.h1}, ${unit.files} files, ${unit.size} bytes`,
    found: `${found}, ${files.length} files, ${size} bytes`,
    next: "Do not use this bundle; tell who signed it, and have it built again",
  });
}
