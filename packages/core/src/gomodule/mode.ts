// How the files of a toolchain differ between its three forms: the official archive and an installed GOROOT
// have executable bits and go.mod files; the module golang.org/toolchain, whose `h1:` proves them, has
// neither (a module zip keeps no modes and may hold no second go.mod). Files of modules are always 0644.

import { visibleName } from "../archive/names.ts";
import type { TarMode } from "../archive/ustar.ts";
import { GoferryError } from "../errors.ts";

/** The mode of a file of a toolchain, by its path below GOROOT: that of the official archives (cmd/distpack mode). */
export function fileMode(pathInGoroot: string): TarMode {
  return EXECUTABLE.test(pathInGoroot) ? 0o755 : 0o644;
}

/**
 * The name below `golang.org/toolchain@version/` that stands in the module's zip and hash for a path below
 * GOROOT: every go.mod is called _go.mod (cmd/distpack RenameGoMod).
 * @throws ENTRY_REFUSED for a path that ends in _go.mod, which would hash like go.mod
 */
export function toolchainHashName(pathInGoroot: string): string {
  return rename(pathInGoroot, "go.mod", "_go.mod");
}

/**
 * The path below GOROOT for a name of a toolchain's zip: toolchainHashName the other way
 * (cmd/go/internal/toolchain Exec).
 * @throws ENTRY_REFUSED for a name that ends in go.mod, which no toolchain's zip holds
 */
export function toolchainTreeName(zipName: string): string {
  return rename(zipName, "_go.mod", "go.mod");
}

/** Two folders, four extensions, and the runners of cross-built tests: go_js_wasm_exec and the like. */
const EXECUTABLE = /^bin\/|^pkg\/tool\/|\.(bash|sh|pl|rc)$|(^|\/)go_[^/]+_[^/]+_exec$/u;

function rename(name: string, from: string, to: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1);
  if (base === from) return name.slice(0, name.length - from.length) + to;
  if (base !== to) return name;
  throw new GoferryError("ENTRY_REFUSED", {
    subject: visibleName(name),
    message: "A toolchain holds a file that its hash could not tell from another",
    expected: from,
    found: to,
    next: "Take the toolchain from the module proxy or from go.dev/dl, unchanged",
  });
}
