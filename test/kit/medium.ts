// What somebody carries to a host: the bundle, the signer's key and the stand-alone goferry, in a folder that every user
// may read, with room beside it for the homes and roots of a test.

import { chmod, constants, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DemoBundle } from "./demo-bundle.ts";
import { goferryExecutable } from "./executable.ts";
import { scratchFolder, type Scratch } from "./scratch.ts";

export interface Medium extends Scratch {
  bundle: string;
  publicKey: string;
  goferry: string;
}

export async function carry(demo: DemoBundle): Promise<Medium> {
  const scratch = await scratchFolder("goferry-host");
  const { path } = scratch;
  const folder = join(path, "medium");
  const medium = {
    path,
    bundle: join(folder, "demo.tar"),
    publicKey: join(folder, "public.asc"),
    goferry: join(folder, "goferry"),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
  await mkdir(folder);
  await copyFile(demo.bundle, medium.bundle, constants.COPYFILE_FICLONE);
  await copyFile(demo.publicKey, medium.publicKey);
  await copyFile(await goferryExecutable(), medium.goferry, constants.COPYFILE_FICLONE);
  await chmod(medium.bundle, 0o644);
  await chmod(medium.publicKey, 0o644);
  await chmod(medium.goferry, 0o755);
  return medium;
}
