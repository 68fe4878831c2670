// Who may know what (packages/goferry/docs/ARCHITECTURE.md), as a check that fails. A border that nobody checks is
// crossed by accident: a host's installer that can reach the network or sign, a format that depends on the
// environment. Run as a program it reads every source file of every package and prints what crosses a border.

import { glob, readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "oxc-parser";

interface Border {
  /** Packages of ours that may be imported, by name. */
  ours: readonly string[];
  /** Packages of others that may be imported; undefined for all. */
  others?: readonly string[];
  /** Modules of Node that may not be imported, without `node:`. */
  builtins: readonly string[];
  /** Global names that may not be used. */
  globals: readonly string[];
  /** Names of openpgp that may not be imported. */
  openpgp?: readonly string[];
}

const NETWORK = ["dgram", "dns", "dns/promises", "http", "http2", "https", "net", "quic", "tls"];
const NETWORK_GLOBALS = ["EventSource", "WebSocket", "fetch"];
/** The global objects too: everything else could be had from them. */
const ENVIRONMENT_GLOBALS = ["global", "globalThis", "process"];
const SIGNING = [
  "createCleartextMessage",
  "decryptKey",
  "encryptKey",
  "generateKey",
  "readPrivateKey",
  "readPrivateKeys",
  "reformatKey",
  "revokeKey",
  "sign",
];

/** Of hosts and bundles only the small one: scripts/executables/bundle.test.ts. */
const ZOD = ["zod", "zod/mini", "zod/v4/locales/en.js"];

const BORDERS: Readonly<Record<string, Border>> = {
  core: {
    ours: [],
    others: ["openpgp", "tar", ...ZOD],
    builtins: [...NETWORK, "child_process", "cluster", "process"],
    globals: [...NETWORK_GLOBALS, ...ENVIRONMENT_GLOBALS],
    openpgp: SIGNING,
  },
  bundler: {
    ours: ["@goferry/core"],
    builtins: ["process"],
    globals: ENVIRONMENT_GLOBALS,
  },
  installer: {
    ours: ["@goferry/core"],
    others: ZOD,
    builtins: [...NETWORK, "process"],
    globals: [...NETWORK_GLOBALS, ...ENVIRONMENT_GLOBALS],
  },
  goferry: {
    ours: ["@goferry/core", "@goferry/bundler", "@goferry/installer"],
    builtins: [],
    globals: [],
  },
};

/**
 * What crosses a border in the file at `path`, which is relative to the top level and has forward slashes. Each
 * finding is one line, `path:line: reason`. Tests beside the sources may do what tests do (any package of others,
 * any module of Node, `process`, test/kit), but not import packages of ours that their package may not know.
 */
export function findCrossings(path: string, source: string): string[] {
  const [, name = ""] = path.split("/");
  const border = BORDERS[name];
  if (border === undefined)
    return [`${path}:1: no border is set for packages/${name}; set it in this script`];
  const isTest = path.endsWith(".test.ts");
  const crossings = readUses(path, source).flatMap((use) => {
    const reason =
      use.kind === "global"
        ? judgeGlobal(use, border, isTest)
        : judgeImport(use, { path, name, border, isTest });
    return reason === undefined ? [] : [`${path}:${lineOf(source, use.start)}: ${reason}`];
  });
  return [...new Set(crossings)];
}

type Use = { start: number } & (
  | { kind: "global"; name: string }
  /** `names` are those imported; undefined when all are. `specifier` is undefined when it is computed. */
  | { kind: "import"; specifier: string | undefined; names: string[] | undefined }
);

function readUses(path: string, source: string): Use[] {
  const { program, errors } = parseSync(path, source);
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`);
  const uses: Use[] = [];
  const notReferences = new Set<object>();
  const addImport = (start: number, specifier: unknown, names?: string[]) => {
    uses.push({
      kind: "import",
      start,
      specifier: typeof specifier === "string" ? specifier : undefined,
      names,
    });
  };
  const skipKey = (node: { computed: boolean; key: object }) => {
    if (!node.computed) notReferences.add(node.key);
  };
  new Visitor({
    ImportDeclaration(node) {
      const named = node.specifiers.map((specifier) =>
        specifier.type === "ImportSpecifier" ? nameOf(specifier.imported) : undefined,
      );
      const names = named.filter((imported) => imported !== undefined);
      addImport(node.start, node.source.value, names.length === named.length ? names : undefined);
    },
    ExportNamedDeclaration(node) {
      const names = node.specifiers.map((specifier) => nameOf(specifier.local));
      if (node.source !== null) addImport(node.start, node.source.value, names);
    },
    ExportAllDeclaration: (node) => addImport(node.start, node.source.value),
    ImportExpression: (node) => addImport(node.start, "value" in node.source ? node.source.value : undefined),
    TSImportType: (node) => addImport(node.start, node.source.value),
    TSExternalModuleReference: (node) => addImport(node.start, node.expression.value),
    CallExpression(node) {
      if (node.callee.type !== "Identifier" || node.callee.name !== "require") return;
      const [argument] = node.arguments;
      addImport(node.start, argument !== undefined && "value" in argument ? argument.value : undefined);
    },
    MemberExpression(node) {
      if (!node.computed) notReferences.add(node.property);
    },
    Property: (node) => (node.shorthand ? undefined : skipKey(node)),
    MethodDefinition: skipKey,
    PropertyDefinition: skipKey,
    TSPropertySignature: skipKey,
    TSMethodSignature: skipKey,
    Identifier(node) {
      if (!notReferences.has(node)) uses.push({ kind: "global", start: node.start, name: node.name });
    },
  }).visit(program);
  return uses;
}

function nameOf(node: { name: string } | { value: string }): string {
  return "name" in node ? node.name : node.value;
}

/** Names are not resolved: a variable of one's own that is called `process` is a trap for readers as well. */
function judgeGlobal(use: Use & { kind: "global" }, border: Border, isTest: boolean): string | undefined {
  if (isTest || !border.globals.includes(use.name)) return undefined;
  return `\`${use.name}\` may not be used in this package; take what is needed as a parameter`;
}

interface Place {
  path: string;
  /** The folder below packages/. */
  name: string;
  border: Border;
  isTest: boolean;
}

function judgeImport(
  use: Use & { kind: "import" },
  { path, name, border, isTest }: Place,
): string | undefined {
  const { specifier, names } = use;
  if (specifier === undefined) {
    return isTest ? undefined : "a computed import cannot be checked; write the name of the module";
  }
  if (specifier.startsWith(".") || specifier.startsWith("/")) {
    const target = posix.join(posix.dirname(path), specifier);
    const isInside = target.startsWith(`packages/${name}/`) || (isTest && target.startsWith("test/kit/"));
    return isInside
      ? undefined
      : `${specifier} lies outside of packages/${name}; import a package by its name`;
  }
  if (isBuiltin(specifier)) {
    const isDenied = !isTest && border.builtins.includes(specifier.replace(/^node:/, ""));
    return isDenied ? `${specifier} may not be imported in packages/${name}` : undefined;
  }
  if (/^(?:@goferry\/|goferry(?:\/|$))/.test(specifier)) {
    const isKnown = border.ours.includes(specifier);
    return isKnown ? undefined : `packages/${name} may not import ${specifier}`;
  }
  if (isTest) return undefined;
  if (border.others?.includes(specifier) === false) return `packages/${name} may not import ${specifier}`;
  if (specifier === "openpgp" && border.openpgp !== undefined) {
    if (names === undefined) return "import the names that are used of openpgp, so that they can be checked";
    const denied = names.filter((imported) => border.openpgp?.includes(imported));
    if (denied.length > 0) return `packages/${name} may not sign: ${denied.join(", ")}`;
  }
  return undefined;
}

function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}

async function main(): Promise<void> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const crossings: string[] = [];
  for await (const file of glob("packages/*/src/**/*.ts", { cwd: root })) {
    const path = file.replaceAll("\\", "/");
    crossings.push(...findCrossings(path, await readFile(new URL(`../${path}`, import.meta.url), "utf8")));
  }
  for (const crossing of crossings.sort()) console.log(crossing);
  if (crossings.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
