// Verifying against the least that anybody could do with stock tools: a sum of the file, and a sum of what it unpacks to.

import { compare } from "../compare.ts";
import { layersOf, modulesBundle } from "../inputs.ts";
import { inherited } from "../measure.ts";
import type { BenchContext, PartResult } from "./context.ts";

export async function verify({ inputs, runs, places }: BenchContext): Promise<PartResult> {
  const bundle = await modulesBundle(inputs);
  const layers = await layersOf(bundle);
  const { folder } = places[0];
  const ours = (name: string, ...words: string[]): Parameters<typeof compare>[0]["ours"] => ({
    name,
    inputs: [bundle],
    command: () => ({
      words: [inputs.goferry, "verify", bundle, "--key", inputs.publicKey, "--quiet", ...words],
      env: inherited(),
    }),
  });
  const quick = await compare({
    what: "verify --quick",
    where: "",
    runs,
    folder,
    ours: ours("goferry verify --quick", "--quick"),
    others: [
      {
        name: "sha256sum of the bundle",
        inputs: [bundle],
        command: () => ({ words: ["sha256sum", bundle] }),
        limit: 1,
      },
    ],
  });
  const full = await compare({
    what: "verify",
    where: "",
    runs,
    folder,
    ours: ours("goferry verify"),
    others: [
      {
        name: "zstd -dc of the layers | sha256sum",
        inputs: layers,
        command: () => ({ words: ["sh", "-ec", 'zstd -dcq "$@" | sha256sum', "sh", ...layers] }),
        limit: 1,
      },
    ],
  });
  return { comparisons: [quick, full] };
}
