// install.sh on machines of every kind: the tools that describe a machine (uname, getconf, ldd) are stood in for by
// scripts that come first on PATH, the executable by a script that says what it was asked. The shell is the real one.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("install.sh", import.meta.url));
const AMD64 = "goferry-linux-amd64";

/** What the machine answers, as the body of a script. */
const MACHINE = {
  uname: `case $1 in -s) echo Linux ;; -m) echo x86_64 ;; esac`,
  getconf: `case $1 in GNU_LIBC_VERSION) echo glibc 2.28 ;; LONG_BIT) echo 64 ;; esac`,
  ldd: `echo "ldd (GNU libc) 2.28"`,
  ldconfig: `echo "	libc.so.6 => /lib/libc.so.6"; echo "	libstdc++.so.6 => /lib/libstdc++.so.6"`,
};
/** Stands for goferry: says its version, and what it was asked. */
const GOFERRY = `[ "$1" != --version ] || { echo 0.1.0; exit 0; }; echo "ran $0"; printf '<%s>' "$@"; exit 7`;

let folder: string;
let medium: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "install-sh-"));
  medium = join(folder, "medium");
  for (const name of ["medium", "bin", "temporary", "home"]) await mkdir(join(folder, name));
  await copyFile(script, join(medium, "install.sh"));
  await writeFile(join(medium, "site's.tar"), "a bundle");
  await writeProgram(join(medium, AMD64), GOFERRY);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function writeProgram(file: string, body: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

async function install(
  args: readonly string[],
  machine: Partial<Record<keyof typeof MACHINE, string>> = {},
): Promise<Result> {
  for (const [name, body] of Object.entries({ ...MACHINE, ...machine })) {
    await writeProgram(join(folder, "bin", name), body);
  }
  const env = {
    PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
    HOME: join(folder, "home"),
    TMPDIR: join(folder, "temporary"),
  };
  try {
    const done = await promisify(execFile)("sh", [join(medium, "install.sh"), ...args], { env, cwd: medium });
    return { code: 0, ...done };
  } catch (error) {
    if (!(error instanceof Error && "stdout" in error && "stderr" in error && "code" in error)) throw error;
    return { code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) };
  }
}

const ARGS = ["site's.tar", "--key", "my key.asc", "--root", "/opt/goferry"];

describe("install.sh", () => {
  it("hands its arguments to the executable beside it, and its exit code back", async () => {
    const { code, stdout, stderr } = await install(ARGS);
    expect(stdout).toBe(`ran ${join(medium, AMD64)}\n<install>${ARGS.map((arg) => `<${arg}>`).join("")}`);
    expect(stderr).toBe("");
    expect(code).toBe(7);
  });

  it("takes the executable of the machine's processor", async () => {
    await writeProgram(join(medium, "goferry-linux-arm64"), GOFERRY);
    const uname = `case $1 in -s) echo Linux ;; -m) echo aarch64 ;; esac`;
    const { stdout, stderr } = await install(ARGS, { uname });
    // A machine without the loader of that processor says so; one that has it runs the stand-in.
    expect(`${stdout}${stderr}`).toMatch(/^ran .*goferry-linux-arm64\n|ld-linux-aarch64\.so\.1 is not there/);
  });

  it.each<[what: string, machine: Partial<typeof MACHINE>, missing: RegExp]>([
    ["another processor", { uname: `[ $1 = -s ] && echo Linux || echo riscv64` }, /processor is riscv64/],
    ["another system", { uname: `[ $1 = -s ] && echo FreeBSD || echo amd64` }, /it is FreeBSD/],
    ["a 32-bit system", { getconf: `[ $1 = LONG_BIT ] && echo 32 || echo glibc 2.36` }, /32-bit/],
    ["glibc 2.27", { getconf: `[ $1 = LONG_BIT ] && echo 64 || echo glibc 2.27` }, /glibc is 2\.27/],
    ["glibc 2.17, told by ldd", { getconf: `exit 1`, ldd: `echo "ldd (GNU libc) 2.17"` }, /glibc is 2\.17/],
    ["musl", { getconf: `exit 1`, ldd: `echo "musl libc (x86_64)" >&2; exit 1` }, /C library is musl/],
    ["no libstdc++", { ldconfig: `echo "	libc.so.6 => /lib/libc.so.6"` }, /libstdc\+\+\.so\.6 is not there/],
  ])("refuses %s, and shows the way by stock tools", async (_what, machine, missing) => {
    const { code, stdout, stderr } = await install(ARGS, machine);
    expect(code).toBe(4);
    expect(stdout).toBe("");
    expect(stderr.split("\n")[0]).toMatch(missing);
    // With the names that were given, so that the lines can be pasted.
    expect(stderr).toContain(`gpg --import 'my key.asc'`);
    expect(stderr).toContain(`tar -xf 'site'\\''s.tar' -C bundle`);
    for (const tool of ["gpg --verify", "sha256sum *", "README.txt", "zstd"]) expect(stderr).toContain(tool);
  });

  it.each([
    ["glibc 2.28", `glibc 2.28`],
    ["a glibc with three parts", `glibc 2.39.9000`],
    ["glibc 3.0", `glibc 3.0`],
  ])("accepts %s", async (_what, version) => {
    const { code } = await install(ARGS, { getconf: `[ $1 = LONG_BIT ] && echo 64 || echo ${version}` });
    expect(code).toBe(7);
  });

  it("refuses when the executable for the machine is not there", async () => {
    await rm(join(medium, AMD64));
    const { code, stderr } = await install(ARGS);
    expect(code).toBe(4);
    expect(stderr).toContain(`${join(medium, AMD64)} is needed for x86_64 and is not there`);
  });

  it.each([
    ["prints nothing", `exit 0`, "it printed nothing"],
    ["does not start", `echo "version GLIBCXX_3.4.25 not found" >&2; exit 127`, "GLIBCXX_3.4.25 not found"],
  ])("refuses an executable that %s", async (_what, body, reason) => {
    await writeProgram(join(medium, AMD64), body);
    const { code, stderr } = await install(ARGS);
    expect(code).toBe(4);
    expect(stderr.split("\n")[0]).toContain(reason);
  });

  it("runs a copy where the medium does not let programs run, and removes it", async () => {
    await chmod(join(medium, AMD64), 0o644);
    const { code, stdout, stderr } = await install(ARGS);
    expect(code).toBe(7);
    expect(stdout).toMatch(new RegExp(`^ran ${folder}/temporary/goferry\\.\\w+/${AMD64}\n<install>`));
    expect(stderr).toMatch(/may not be executed in .*medium; a copy runs in/);
    expect(await readdir(join(folder, "temporary"))).toEqual([]);
  });

  it("finds damage before it runs anything", async () => {
    const sum = createHash("sha256").update("what it was").digest("hex");
    await writeFile(join(medium, "SHA256SUMS"), `${sum}  ${AMD64}\n`);
    const { code, stdout, stderr } = await install(ARGS);
    expect(code).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toContain("is damaged");
  });

  it("accepts what SHA256SUMS says", async () => {
    const { stdout } = await promisify(execFile)("sha256sum", [AMD64, "install.sh"], { cwd: medium });
    await writeFile(join(medium, "SHA256SUMS"), stdout);
    expect((await install(ARGS)).code).toBe(7);
  });

  it("asks for a bundle", async () => {
    const { code, stderr } = await install([]);
    expect(code).toBe(2);
    expect(stderr).toContain("usage: sh install.sh BUNDLE --key");
  });

  it("may lie in a folder of any name", async () => {
    const odd = join(folder, "a 'b' $c");
    await cp(medium, odd, { recursive: true });
    medium = odd;
    expect((await install(ARGS)).stdout).toContain(`ran ${join(odd, AMD64)}\n`);
  });
});
