// `path@version` of the spec's modules: and tools:, taken apart and checked as far as that is possible without
// a network. The version may be a query that Go resolves (latest, v1, a branch); ones that compare with a
// module that is already there (upgrade, patch, none, <v1.2) mean nothing in a spec and are refused.

/** A module or package path and the version, or the query for one, that the spec asks for. */
export interface ModuleQuery {
  path: string;
  query: string;
}

/**
 * Takes `path@version` apart. Returns the query, or in words what was expected instead. Source: Go's
 * golang.org/x/mod/module CheckImportPath and CheckPath, and go.dev/ref/mod#version-queries.
 */
export function parseModuleQuery(text: string): ModuleQuery | { expected: string } {
  const at = text.indexOf("@");
  const path = text.slice(0, at);
  const query = text.slice(at + 1);
  const expected = pathFault(path) ?? queryFault(query);
  return expected === undefined ? { path, query } : { expected };
}

/** `path@query`, as the spec and the lock write it. */
export function moduleQueryText({ path, query }: ModuleQuery): string {
  return `${path}@${query}`;
}

const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/iu;

function pathFault(path: string): string | undefined {
  const elements = path.split("/");
  const [host = ""] = elements;
  if (path.includes("://")) return "a module path without https://";
  if (!/^[a-z0-9.-]+$/u.test(host) || !host.includes(".") || host.startsWith("-")) {
    return "a module path whose first element is a host name in lower case, such as golang.org";
  }
  for (const element of elements) {
    if (element === "") return "a module path without an empty element";
    if (!/^[A-Za-z0-9._~+-]+$/u.test(element)) {
      return "a module path of letters, digits and -._~+ only";
    }
    const [stem = ""] = element.split(".");
    if (element.startsWith(".") || element.endsWith(".")) {
      return "a module path without an element that begins or ends with a dot";
    }
    if (WINDOWS_DEVICE.test(stem)) return `a module path without ${stem}, a device name on Windows`;
    if (/~[0-9]+$/u.test(stem)) return "a module path without a short name of Windows, such as x~1";
  }
  return undefined;
}

function queryFault(query: string): string | undefined {
  if (["none", "upgrade", "patch"].includes(query) || !/^[A-Za-z0-9][A-Za-z0-9._/+~-]*$/u.test(query)) {
    return "a version after the @, such as v0.15.0, or latest, or a branch, tag or commit";
  }
  return undefined;
}
