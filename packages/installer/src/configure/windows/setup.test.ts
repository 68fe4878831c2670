// Windows' registry as part of an installation, on a Windows in memory: test/windows shows the same under Wine.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { installBench, scriptedGo, type InstallBench } from "../../../../../test/kit/install-bench.ts";
import type { LayeredBundle } from "../../../../../test/kit/layered-bundle.ts";
import { CrashSignal } from "../../../../../test/kit/faulty-fs.ts";
import {
  ADMINISTRATOR,
  fakeWindows,
  ORDINARY,
  registryContents,
  valueOf,
  type FakeWindows,
} from "../../../../../test/kit/windows-system.ts";
import { checkRoot } from "../../check/check.ts";
import type { Installed } from "../../install.ts";
import { repair } from "../../repair/repair.ts";
import { uninstallAll } from "../../uninstall-all.ts";
import { REG_EXPAND_SZ, REG_SZ, textOf, textValue } from "../../windows/registry-text.ts";
import type { RegistryValue } from "../../windows/system.ts";
import { appsKey } from "./apps-entry.ts";
import { EVENT_SOURCES, KEYS, MSI_KEY } from "./places.ts";

const MACHINE = KEYS.machine.environment;
const USER = KEYS.user.environment;

let windows: FakeWindows;

beforeEach(() => {
  windows = fakeWindows();
});

const facts = () => ({ windows: { system: windows, account: windows.who } });

async function set(key: string, values: Record<string, RegistryValue>): Promise<void> {
  const admin = windows.who;
  windows.who = ADMINISTRATOR;
  await windows.registry.write(Object.entries(values).map(([name, value]) => ({ key, name, value })));
  windows.who = admin;
  windows.done = [];
}

const bundles = new WeakMap<InstallBench, LayeredBundle>();

async function install(
  bench: InstallBench,
  path: "profile" | "usual" | "none" = "profile",
): Promise<Installed> {
  const bundle = bundles.get(bench) ?? (await bench.bundle({ tiles: {} }));
  bundles.set(bench, bundle);
  return await bench.install(bundle, { path }, facts());
}

const pathOf = (key: string) => {
  const value = valueOf(windows, key, "Path");
  return value === null ? null : { type: value.type, text: textOf(value) };
};

describe("PATH and uninstall", () => {
  const VALUES: [string, RegistryValue | null][] = [
    ["missing", null],
    ["empty", textValue("")],
    ["without its NUL", { type: REG_SZ, data: Buffer.from("C:\\a", "utf16le").toString("base64") }],
    ["of 100 characters", textValue(String.raw`%SystemRoot%\system32;`.padEnd(100, "x"), REG_EXPAND_SZ)],
    ["of 1,100 characters", textValue(String.raw`C:\ü;`.repeat(220), REG_SZ)],
    ["of 3,000 characters", textValue(String.raw`%A%\B;`.repeat(500), REG_EXPAND_SZ)],
  ];

  it.each(VALUES)("leave a value %s byte for byte as it was", async (_what, value) => {
    await using bench = await installBench();
    if (value !== null) await set(MACHINE, { Path: value });
    const before = registryContents(windows);
    const text = value === null ? "" : textOf(value);
    await install(bench);
    const bin = join(bench.root, "bin");
    const isOpen = text === "" || text?.endsWith(";") === true;
    expect(pathOf(MACHINE)).toEqual({
      type: value?.type ?? REG_EXPAND_SZ,
      text: `${text}${isOpen ? "" : ";"}${bin}`,
    });
    expect(windows.done.filter((each) => each === "announce")).toHaveLength(1);
    await uninstallAll(bench.host(facts()), { root: bench.root });
    expect(registryContents(windows)).toEqual(before);
    expect(windows.done.filter((each) => each === "announce")).toHaveLength(2);
  });

  it("are the user's without an administrator's rights", async () => {
    await using bench = await installBench();
    windows.who = ORDINARY;
    const { changes, found } = await install(bench);
    expect(pathOf(USER)).toEqual({ type: REG_EXPAND_SZ, text: join(bench.root, "bin") });
    expect(windows.done.filter((each) => each.includes("HKLM"))).toEqual([]);
    expect(changes.join("\n")).toContain("puts");
    expect(found.loginShells).toBe(true);
    await uninstallAll(bench.host(facts()), { root: bench.root });
    expect(pathOf(USER)).toBeNull();
  });

  it("make no second entry, and a second installation changes nothing", async () => {
    await using bench = await installBench();
    const bin = `${join(bench.root, "bin").toUpperCase()}\\`;
    await set(MACHINE, { Path: textValue(`a;"${bin}";b`) });
    await install(bench);
    expect(pathOf(MACHINE)?.text).toBe(`a;"${bin}";b`);
    windows.done = [];
    expect(await install(bench)).toMatchObject({ changed: false });
    expect(windows.done).toEqual([]);
  });

  it("leave in place what others have put on PATH since, and say so", async () => {
    await using bench = await installBench();
    await set(MACHINE, { Path: textValue("C:\\a") });
    await install(bench);
    await set(MACHINE, { Path: textValue(`C:\\a;${join(bench.root, "bin")};C:\\b`) });
    const { findings } = await uninstallAll(bench.host(facts()), { root: bench.root });
    expect(findings).toMatchObject([{ code: "OUTSIDE_CHANGED", subject: `${MACHINE}\\Path` }]);
    expect(pathOf(MACHINE)?.text).toBe("C:\\a;C:\\b");
  });

  it("keep a copy that reg.exe can import", async () => {
    await using bench = await installBench();
    await set(MACHINE, { Path: textValue("C:\\a") });
    await install(bench);
    const bytes = await readFile(join(bench.root, "state", "registry", "1.reg"));
    expect(bytes.toString("utf16le")).toContain('"Path"=hex(1):43,00,3a,00,5c,00,61,00,00,00');
  });

  it("go in front of the first other Go", async () => {
    await using bench = await installBench();
    const other = join(bench.path, "Go", "bin");
    await mkdir(other, { recursive: true });
    await writeFile(join(other, "go.exe"), "");
    await set(MACHINE, { Path: textValue(`C:\\a;${other};C:\\b`) });
    await install(bench);
    expect(pathOf(MACHINE)?.text).toBe(`C:\\a;${join(bench.root, "bin")};${other};C:\\b`);
  });

  it("tell a user whose Go would come behind the machine's", async () => {
    await using bench = await installBench();
    const other = join(bench.path, "Go", "bin");
    await mkdir(other, { recursive: true });
    await writeFile(join(other, "go.exe"), "");
    await set(MACHINE, { Path: textValue(other) });
    windows.who = ORDINARY;
    const { findings, found } = await install(bench);
    expect(findings).toContainEqual(expect.objectContaining({ code: "OTHER_GO", subject: other }));
    expect(found.loginShells).toBe(false);
  });
});

describe("the length of PATH", () => {
  it("is told when it passes what others can hold", async () => {
    await using bench = await installBench();
    await set(MACHINE, { Path: textValue("x".repeat(2040)) });
    expect((await install(bench)).findings).toMatchObject([{ code: "PATH_LONG", level: "warn" }]);
  });

  it("refuses what no program would see, and --path none gets by", async () => {
    await using bench = await installBench();
    await set(MACHINE, { Path: textValue("x".repeat(32_760)) });
    await expect(install(bench)).rejects.toMatchObject({ code: "PATH_TOO_LONG", exitCode: 4 });
    expect(windows.done).toEqual([]);
    expect(await install(bench, "usual")).toMatchObject({ changed: true });
  });

  it("and a value that is no text are left alone", async () => {
    await using bench = await installBench();
    await set(MACHINE, { Path: { type: 3, data: "AAEC" } });
    await expect(install(bench)).rejects.toMatchObject({ code: "PATH_VALUE_STRANGE" });
  });
});

describe("what older installers left", () => {
  it("GOROOT is set aside, and comes back", async () => {
    await using bench = await installBench();
    await set(MACHINE, { GOROOT: textValue("C:\\Go\\") });
    const before = registryContents(windows);
    await install(bench);
    expect(valueOf(windows, MACHINE, "GOROOT")).toBeNull();
    await uninstallAll(bench.host(facts()), { root: bench.root });
    expect(registryContents(windows)).toEqual(before);
  });

  it("GOROOT of the machine is told to a user who cannot change it", async () => {
    await using bench = await installBench();
    await set(MACHINE, { GOROOT: textValue("C:\\Go\\") });
    windows.who = ORDINARY;
    const { findings } = await install(bench);
    expect(findings).toMatchObject([{ code: "GOROOT_SET", subject: `${MACHINE}\\GOROOT` }]);
    expect(findings[0]?.next).toContain("reg delete");
  });

  it("an MSI is told of, and neither it nor its GOROOT is touched", async () => {
    await using bench = await installBench();
    const key = `${KEYS.machine.apps}\\{C1234567-89AB-CDEF-0123-456789ABCDEF}`;
    await set(key, {
      DisplayName: textValue("Go Programming Language amd64 go1.12.5"),
      UninstallString: textValue("MsiExec.exe /X{C1234567-89AB-CDEF-0123-456789ABCDEF}"),
    });
    await set(MSI_KEY, { installLocation: textValue("C:\\Go\\") });
    await set(MACHINE, { GOROOT: textValue("C:\\Go\\") });
    const { findings } = await install(bench);
    expect(findings).toMatchObject([
      { code: "GOROOT_SET", next: expect.stringContaining("MSI") },
      { code: "OTHER_GO", subject: "Go Programming Language amd64 go1.12.5", found: "C:\\Go\\" },
    ]);
    expect(textOf(valueOf(windows, MACHINE, "GOROOT")!)).toBe("C:\\Go\\");
  });
});

describe("the entries of a machine", () => {
  it("are one among the programs and one for the event log, and go again", async () => {
    await using bench = await installBench();
    const program = join(bench.path, "goferry");
    await writeFile(program, "#!/bin/sh\n", { mode: 0o755 });
    const own = { ...facts(), executablePath: program };
    await bench.install(await bench.bundle(), { path: "profile" }, own);
    const key = appsKey("machine", bench.root, false);
    expect(textOf(valueOf(windows, key, "QuietUninstallString")!)).toBe(
      `"${join(bench.root, "bin", "goferry.exe")}" uninstall --all --quiet --root "${bench.root}"`,
    );
    expect(valueOf(windows, `${EVENT_SOURCES}\\goferry`, "TypesSupported")).not.toBeNull();
    await uninstallAll(bench.host(own), { root: bench.root });
    expect(registryContents(windows)).toEqual({ hkcu: {}, hklm: {} });
  });
});

describe("a transaction", () => {
  it("that fails takes the registry back too", async () => {
    await using bench = await installBench();
    await set(MACHINE, { Path: textValue("C:\\a"), GOROOT: textValue("C:\\Go") });
    const before = registryContents(windows);
    const broken = { ...scriptedGo("1.27.1"), files: { ...scriptedGo("1.26.8").files } };
    const odd = await bench.bundle({ name: "odd", toolchains: [broken] });
    await expect(bench.install(odd, { path: "profile" }, facts())).rejects.toMatchObject({
      code: "ROLLED_BACK",
    });
    expect(registryContents(windows)).toEqual(before);
  });

  it("that is killed between any two calls is taken back, or finished, by the next command", async () => {
    for (let at = 1, done = false; !done; at++) {
      await using bench = await installBench();
      windows = fakeWindows();
      await set(MACHINE, { Path: textValue("C:\\a"), GOROOT: textValue("C:\\Go") });
      const before = registryContents(windows);
      let calls = 0;
      windows.before = (what) => {
        if (what.startsWith("read") || what === "subkeys") return;
        if (++calls >= at) throw new CrashSignal(what);
      };
      const ended = await install(bench).then(
        () => "done",
        () => "killed",
      );
      done = ended === "done";
      windows.before = () => undefined;
      await install(bench, "none");
      expect(pathOf(MACHINE)?.text).toBe(done ? `C:\\a;${join(bench.root, "bin")}` : "C:\\a");
      expect(done || isDeepStrictEqual(registryContents(windows), before)).toBe(true);
      await uninstallAll(bench.host(facts()), { root: bench.root });
      expect(registryContents(windows)).toEqual(before);
    }
  }, 120_000);
});

describe("check and repair", () => {
  it("find and mend what somebody took out of PATH", async () => {
    await using bench = await installBench();
    await set(MACHINE, { Path: textValue("C:\\a") });
    await install(bench);
    await set(MACHINE, { Path: textValue("C:\\a;C:\\new") });
    const { differences } = await checkRoot(bench.host(facts()), { root: bench.root, depth: "quick" });
    expect(differences).toMatchObject([{ code: "FILE_CHANGED", subject: `${MACHINE}\\Path` }]);
    await repair(bench.host(facts()), { root: bench.root });
    expect(pathOf(MACHINE)?.text).toBe(`C:\\a;C:\\new;${join(bench.root, "bin")}`);
    await uninstallAll(bench.host(facts()), { root: bench.root });
    expect(pathOf(MACHINE)?.text).toBe("C:\\a;C:\\new");
  });
});
