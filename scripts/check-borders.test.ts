import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findCrossings } from "./check-borders.ts";

const top = fileURLToPath(new URL("..", import.meta.url));
const file = (name: string) => `packages/${name}/src/part/planted.ts`;

/** Each line of the rules (DESIGN 6) as code that breaks it. */
const planted: [rule: string, path: string, source: string][] = [
  ["core knows no package of ours", file("core"), 'import { build } from "@goferry/bundler";'],
  [
    "core knows no package of ours, not even a type",
    file("core"),
    'import type { Root } from "@goferry/installer";',
  ],
  [
    "core knows no package of ours, not even itself by name",
    file("core"),
    'import { EXIT } from "@goferry/core";',
  ],
  ["core has no network", file("core"), 'import { get } from "node:http";'],
  ["core has no network without node:", file("core"), 'import * as https from "https";'],
  ["core has no network handed on", file("core"), 'export { connect } from "node:tls";'],
  ["core has no network handed on whole", file("core"), 'export * from "node:net";'],
  ["core has no network later", file("core"), 'const dgram = await import("node:dgram");'],
  ["core has no network by require", file("core"), 'import dns = require("node:dns");'],
  ["core has no network by a call of require", file("core"), 'const dns = require("dns/promises");'],
  ["core has no network as a type", file("core"), 'export type Server = import("node:http").Server;'],
  ["core has no network of others", file("core"), 'import nodeFetch from "node-fetch";'],
  ["core has no global network", file("core"), 'await fetch("https://example.com");'],
  ["core starts no processes", file("core"), 'import { spawn } from "node:child_process";'],
  ["core does not sign", file("core"), 'import { readKey, sign } from "openpgp";'],
  ["core does not make keys", file("core"), 'export { generateKey } from "openpgp";'],
  ["core does not sign in disguise", file("core"), 'import * as openpgp from "openpgp";'],
  ["core does not sign later", file("core"), 'const { sign } = await import("openpgp");'],
  ["core reads no process", file("core"), "export const home = process.env.HOME;"],
  ["core imports no process", file("core"), 'import { env } from "node:process";'],
  [
    "core takes no process from the global object",
    file("core"),
    "export const { platform } = globalThis.process;",
  ],
  [
    "core takes no process from the other one",
    file("core"),
    'export const { platform } = global["process"];',
  ],
  [
    "core imports nothing that cannot be read",
    file("core"),
    "export const load = (name: string) => import(name);",
  ],
  ["bundler never imports installer", file("bundler"), 'import { install } from "@goferry/installer";'],
  ["bundler never imports the command line", file("bundler"), 'import { main } from "goferry";'],
  ["bundler reads no process", file("bundler"), "if (process.platform) throw 1;"],
  ["bundler imports no process", file("bundler"), 'import proc from "node:process";'],
  ["installer never imports bundler", file("installer"), 'import { build } from "@goferry/bundler";'],
  ["installer has no network", file("installer"), 'import { request } from "node:https";'],
  ["installer has no newer network", file("installer"), 'import { connect } from "node:http2";'],
  ["installer has no global network", file("installer"), 'new WebSocket("wss://example.com");'],
  ["installer does not sign", file("installer"), 'import { sign } from "openpgp";'],
  ["installer does not even verify by itself", file("installer"), 'import { verify } from "openpgp";'],
  ["installer imports no others", file("installer"), 'import { extract } from "tar";'],
  ["installer reads no process", file("installer"), "export const uid = process.getuid?.();"],
  [
    "no package imports another by path",
    file("goferry"),
    'import { EXIT } from "../../../core/src/errors.ts";',
  ],
  [
    "no package imports another by a deep name",
    file("goferry"),
    'import { EXIT } from "@goferry/core/src/errors.ts";',
  ],
  ["no package imports from the top level", file("core"), 'import kit from "../../../../test/kit/gpg.ts";'],
  ["a new package has no rules yet", file("mirror"), "export const one = 1;"],
];

const allowed: [name: string, path: string, source: string][] = [
  [
    "core verifies",
    file("core"),
    'import { readKey, verify } from "openpgp";\nimport type { Key } from "openpgp";',
  ],
  [
    "core hashes and reads files",
    file("core"),
    'import { hash } from "node:crypto";\nimport "node:fs/promises";',
  ],
  ["core imports itself by path", file("core"), 'import { EXIT } from "../errors.ts";'],
  [
    "words are not globals",
    file("core"),
    'export const step = { process: "fetch", fetch: 1 }.process; // process.env',
  ],
  ["members are not globals", file("core"), "export class A { process() { return this.process; } }"],
  [
    "bundler has the network and signs",
    file("bundler"),
    'import "node-fetch";\nimport { sign } from "openpgp";',
  ],
  ["installer starts processes", file("installer"), 'import { spawn } from "node:child_process";'],
  [
    "installer knows core",
    file("installer"),
    'import { EXIT } from "@goferry/core";\nimport { z } from "zod";',
  ],
  [
    "goferry knows everything",
    file("goferry"),
    'import "@goferry/core";\nimport "@goferry/bundler";\nimport "@goferry/installer";\nprocess.exitCode = 1;',
  ],
  [
    "tests read the environment",
    "packages/core/src/a.test.ts",
    'process.env["HOME"];\nimport { it } from "vitest";',
  ],
  ["tests use the kit", "packages/core/src/a.test.ts", 'import { gpg } from "../../../test/kit/gpg.ts";'],
];

describe("findCrossings", () => {
  it.each(planted)("finds one: %s", (_rule, path, source) => {
    const found = findCrossings(path, `// a line\n${source}\n`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(path.includes("mirror") ? /^packages\/mirror\S+:1: / : /^packages\/\w+\S+:2: /);
  });

  it.each(allowed)("finds none: %s", (_name, path, source) => {
    expect(findCrossings(path, source)).toEqual([]);
  });

  it("holds tests to the packages that their package may know", () => {
    const source = 'import { build } from "@goferry/bundler";\nimport { x } from "../../bundler/src/x.ts";';
    expect(findCrossings("packages/installer/src/a.test.ts", source)).toHaveLength(2);
  });
});

describe("check-borders.ts", () => {
  it("fails on a planted file and names it", async () => {
    const root = await mkdtemp(join(tmpdir(), "borders-"));
    try {
      await mkdir(join(root, "scripts"));
      await mkdir(join(root, "packages/core/src"), { recursive: true });
      await symlink(join(top, "node_modules"), join(root, "node_modules"));
      await copyFile(join(top, "scripts/check-borders.ts"), join(root, "scripts/check-borders.ts"));
      await writeFile(join(root, "package.json"), '{"type":"module"}');
      const run = () =>
        new Promise<{ code: number; stdout: string }>((resolve) => {
          const script = join(root, "scripts/check-borders.ts");
          execFile(process.execPath, [script], (error, stdout) =>
            resolve({ code: Number(error?.code ?? 0), stdout }),
          );
        });
      expect(await run()).toEqual({ code: 0, stdout: "" });
      await writeFile(join(root, "packages/core/src/planted.ts"), 'import "node:net";\n');
      expect(await run()).toEqual({
        code: 1,
        stdout: "packages/core/src/planted.ts:1: node:net may not be imported in packages/core\n",
      });
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
