// What runs the parts of the program (bundle.ts) in an executable. V8 need not compile what an earlier run of the same text has
// compiled: its compiled code goes into the executable as well, where it can be made (compiled-code.ts). V8 itself refuses
// code that is of another version, platform or text, and compiles then.

/** The folder of the parts, in names of assets and in stack traces. */
export const PARTS = "program/";

/** The name of the asset with the compiled code of a part. */
export function codeOf(part: string): string {
  return `${part}.code`;
}

/**
 * A function of JavaScript that the loader and the maker of compiled code have in common: `textOf` a part, `codeOf` it,
 * which may be undefined. Each part is run once, when the first of those that import it is run, as node does with files.
 */
export const PARTS_LOADER = `
const { Script } = require("node:vm");
const moduleUrl = require("node:url").pathToFileURL(process.execPath).href;
const scripts = new Map();

function scriptOf(name) {
  const known = scripts.get(name);
  if (known !== undefined) return known;
  // On one line, so that lines of stack traces stay those of the part.
  const text = "(function (module, exports, require, moduleUrl) {" + textOf(name) + "\\n})";
  const script = new Script(text, { filename: name, cachedData: codeOf(name) });
  scripts.set(name, script);
  return script;
}

function program() {
  const loaded = new Map();
  return function load(name) {
    const known = loaded.get(name);
    if (known !== undefined) return known.exports;
    const part = { exports: {} };
    loaded.set(name, part);
    const demand = (id) => (id.startsWith("./") ? load("${PARTS}" + id.slice(2)) : builtin(id));
    scriptOf(name).runInThisContext()(part, part.exports, demand, moduleUrl);
    return part.exports;
  };
}

// Modules of Node that take it long to make, and of which many commands use nothing: made when something is asked of them.
const SELDOM = new Set(["node:crypto", "node:net", "node:worker_threads", "node:child_process", "node:zlib"]);

function builtin(id) {
  if (!SELDOM.has(id)) return require(id);
  const whole = {};
  const made = () => require(id);
  // Who asks for the names of all that it has, gets all of it: a proxy may not tell of what its target lacks.
  const fill = () => Object.keys(whole).length > 0 || Object.defineProperties(whole, Object.getOwnPropertyDescriptors(made()));
  return new Proxy(whole, {
    get: (_, name) => made()[name],
    has: (_, name) => name in made(),
    ownKeys: () => (fill(), Reflect.ownKeys(whole)),
    getOwnPropertyDescriptor: (_, name) => (fill(), Reflect.getOwnPropertyDescriptor(whole, name)),
  });
}
`;

export const LOADER = `"use strict";
const { getAsset, getAssetKeys, getRawAsset } = require("node:sea");
const names = new Set(getAssetKeys());
const textOf = (name) => getAsset(name, "utf8");
const codeOf = (name) => (names.has(name + ".code") ? new Uint8Array(getRawAsset(name + ".code")) : undefined);
${PARTS_LOADER}
program()("${PARTS}main.js");
`;
