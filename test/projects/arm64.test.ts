// linux/arm64 on a machine that is not one: the demo's bundle is installed by goferry-linux-arm64 in a Debian for arm64
// under qemu-user, and the project is built, vetted and run there by the arm64 Go that it brought. Nearly five minutes of
// two processors, most of them for compiling the standard library.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeDemoBundle, type DemoBundle } from "../kit/demo-bundle.ts";
import { goferryExecutable } from "../kit/executable.ts";
import { findEmulatedMinbase } from "../kit/minbase.ts";

const TIMEOUT_MINUTES = 30;

const debian = await findEmulatedMinbase();

describe.skipIf(debian === undefined)("linux/arm64, emulated", () => {
  let folder: string;
  let demo: DemoBundle;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "goferry-arm64-"));
    demo = await makeDemoBundle(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    "has the bundle installed by its own goferry, and builds the project with its own Go, offline",
    async () => {
      const script = `
set -eu
uname -m
/usr/bin/goferry install /medium/demo.tar --key /medium/public.asc
cp -r /project /root/app && cd /root/app
go version
go mod download
go build -o /root/demo .
go vet ./...
/root/demo --lang de
goferry list
`;
      const result = await debian?.run(["sh", "-c", script], {
        bind: {
          "/medium": dirname(demo.bundle),
          "/project": demo.project,
          "/usr/bin/goferry": await goferryExecutable("linux-arm64"),
        },
        readOnly: ["/medium", "/project", "/usr/bin/goferry"],
        env: { HOME: "/root", PATH: "/usr/local/bin:/usr/bin:/bin" },
        timeoutMinutes: TIMEOUT_MINUTES,
      });
      expect(result).toMatchObject({ code: 0 });
      expect(result?.stdout).toMatch(/^aarch64\nInstalled demo /u);
      expect(result?.stdout).toContain("go version go1.27.1 linux/arm64\n");
      expect(result?.stdout).toContain("1.380.000 kg");
      expect(result?.stdout).toMatch(/1\.27\.1 linux\/arm64 \(current\)/u);
    },
    (TIMEOUT_MINUTES + 1) * 60_000,
  );
});
