import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cleanEnv, findRealGo, linkRoot, plantGo } from "../../../../test/kit/real-go.ts";
import { currentTarget, isLauncherName, launchers } from "./launchers.ts";

const links = (versions: string[]) =>
  launchers({ versions, goferry: undefined }).flatMap((entry) => (entry.kind === "link" ? [entry] : []));

describe("launchers", () => {
  it("describes go and gofmt through current, one name for each version, and goferry itself", () => {
    expect(
      launchers({ versions: ["1.27.1", "1.26.8"], goferry: "/media/stick/goferry-linux-amd64" }),
    ).toEqual([
      { kind: "link", name: "go", target: "../current/bin/go" },
      { kind: "link", name: "go1.26.8", target: "../sdk/go1.26.8/bin/go" },
      { kind: "link", name: "go1.27.1", target: "../sdk/go1.27.1/bin/go" },
      { kind: "file", name: "goferry", source: "/media/stick/goferry-linux-amd64" },
      { kind: "link", name: "gofmt", target: "../current/bin/gofmt" },
    ]);
    expect(launchers({ versions: [], goferry: undefined })).toEqual([]);
    expect(currentTarget("1.28rc1")).toBe("sdk/go1.28rc1");
  });

  it.each(["", "1", "1.27.01", "go1.27.1", "1.27.1/../x", "1.27.1\n", "1.27.1-custom", "0.1.0"])(
    "refuses the version %j",
    (version) => {
      const error = expect.objectContaining({ code: "ARGUMENT_INVALID" });
      expect(() => links([version])).toThrow(error);
      expect(() => currentTarget(version)).toThrow(error);
    },
  );

  it("knows its own names, and leaves tools alone", () => {
    expect(["go", "gofmt", "goferry", "go1.27.1", "go1.21rc4", "go2.0.1"].every(isLauncherName)).toBe(true);
    expect(["gopls", "golangci-lint", "go1", "go1.27.1.exe", "dlv", "go-1.27.1"].some(isLauncherName)).toBe(
      false,
    );
  });
});

const go = await findRealGo();

describe.skipIf(go === undefined)("a real Go", () => {
  let root = "";
  beforeAll(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), "goferry launchers-")));
    if (go === undefined) return;
    await plantGo(root, go);
    await linkRoot(root, currentTarget(go.version), links([go.version]));
  });
  afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

  const run = async (command: string, args: string[], env: Record<string, string> = {}, cwd = root) => {
    const bin = join(root, "bin");
    const clean = cleanEnv(root);
    const all = { ...clean, PATH: `${bin}${delimiter}${clean["PATH"]}`, ...env };
    return (await promisify(execFile)(command, args, { env: all, cwd })).stdout.trim();
  };

  it("finds its GOROOT through each link, also from PATH and through a link to the root", async () => {
    const sdk = join(root, "sdk", `go${go?.version}`);
    expect(await run(join(root, "bin", "go"), ["env", "GOROOT"])).toBe(sdk);
    expect(await run(join(root, "bin", `go${go?.version}`), ["env", "GOROOT"])).toBe(sdk);
    expect(await run("go", ["env", "GOROOT"])).toBe(sdk);
    await symlink(".", join(root, "other"));
    expect(await run(join(root, "other", "bin", "go"), ["env", "GOROOT"])).toBe(sdk);
  });

  it("is found by Go's toolchain switching, which runs the program behind the link", async () => {
    if (go === undefined) return;
    // One Go has to do for both sides of a switch, so the one that is started refuses: it is not the release it
    // is called by. That it was started at all, through the link, is what both of its lines say.
    await plantGo(root, go, "1.99.0");
    const [link] = links(["1.99.0"]);
    await symlink(link?.target ?? "", join(root, "bin", "go1.99.0"));
    const switched = run("go", ["version"], { GOTOOLCHAIN: "go1.99.0+path", GODEBUG: "toolchaintrace=1" });
    const error: unknown = await switched.catch((reason: unknown) => reason);
    expect(String(error)).toContain(`(${join(root, "bin", "go1.99.0")})`);
    expect(String(error)).toContain(`go${go.version} invoked to provide go1.99.0`);
  });
});
