// state/units/: for every module and toolchain the text that its h1 is the hash of, file by file. With it a changed file
// can be named later, without the bundle.

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ioError } from "../node-fs.ts";

/** @param lines dirhash text by `path@version` */
export async function keepUnits(folder: string, lines: ReadonlyMap<string, string>): Promise<void> {
  for (const [unit, text] of lines) {
    const file = join(folder, `${escapeName(unit)}.sums`);
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { flag: "wx" });
    } catch (error) {
      throw ioError(error, "write", file);
    }
  }
}

/** As module paths are escaped, for file systems that do not know upper case from lower. */
function escapeName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
}
