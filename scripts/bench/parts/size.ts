// How large a bundle is, beside what people carry today: the archives of Go and GOMODCACHE as tar.gz.

import {
  archiveOf,
  bundleOf,
  FEW_PACKAGES,
  modCache,
  modulesBundle,
  PLATFORM,
  sizeOf,
  THREE,
  toolchainBundle,
  twoVersionsBundle,
  wholeModCache,
  type BundleWish,
  type Inputs,
} from "../inputs.ts";
import type { BenchContext, Figure, PartResult } from "./context.ts";

/** The most that a bundle may be of what people carry today. */
const LIMIT = 0.35;

export async function size({ inputs, isQuick }: BenchContext): Promise<PartResult> {
  const of = async (wish: BundleWish): Promise<number> => sizeOf(await bundleOf(inputs, wish));
  const go = await sizeOf(await toolchainBundle(inputs));
  const one = await sizeOf(await modulesBundle(inputs));
  const three = await of({ name: "modules-three", platforms: THREE, packages: FEW_PACKAGES });
  const goThree = await of({ name: "toolchain-three", platforms: THREE });
  const goTwo = await of({ name: "toolchain-two", platforms: THREE.slice(0, 2) });
  const minor = await sizeOf(await twoVersionsBundle(inputs));
  const major = await of({ name: "toolchain-major", go: ["1.27.1", "1.26.8"] });
  const today = await todaySizes(inputs);
  const archives = today.archives.reduce((sum, each) => sum + each, 0);
  const figures: Figure[] = [
    bytes("official way: archive of Go, one platform", today.archives[0] ?? NaN),
    bytes("official way: GOMODCACHE of Prometheus after go mod download, as tar.gz", today.modules),
    bytes("official way: GOMODCACHE with all modules of the bundle, as tar.gz", today.whole),
    bytes("bundle of Go, one platform", go),
    bytes("bundle of Go and Prometheus' modules, one platform", one),
    ratio("one platform", one / ((today.archives[0] ?? NaN) + today.modules)),
    ratio("one platform, the same modules", one / ((today.archives[0] ?? NaN) + today.whole)),
    bytes("bundle of Go and Prometheus' modules, three platforms", three),
    ratio("three platforms", three / (archives + today.modules)),
    ratio("three platforms, the same modules", three / (archives + today.whole)),
    bytes("each further platform (linux/arm64)", goTwo - go),
    bytes("each further platform (darwin/arm64)", goThree - goTwo),
    bytes("a further patch release of the same Go (1.27.0 beside 1.27.1)", minor - go),
    bytes("a further Go (1.26.8 beside 1.27.1)", major - go),
  ];
  if (!isQuick) {
    const smallest = { words: ["--smallest"] };
    const small = await of({ name: "modules-smallest", packages: FEW_PACKAGES, ...smallest });
    const smallThree = await of({
      name: "modules-three-smallest",
      platforms: THREE,
      packages: FEW_PACKAGES,
      ...smallest,
    });
    figures.push(
      bytes("--smallest, one platform", small),
      ratio("--smallest, one platform", small / ((today.archives[0] ?? NaN) + today.modules)),
      bytes("--smallest, three platforms", smallThree),
      ratio("--smallest, three platforms", smallThree / (archives + today.modules)),
      { what: "--smallest beside the usual, one platform", value: small / one, unit: "ratio" },
    );
  }
  return {
    figures,
    notes: [
      "A bundle carries more modules than `go mod download` fetches: those that go mod tidy and the tests of dependencies need. It is compared with both.",
    ],
  };
}

async function todaySizes(inputs: Inputs): Promise<{ archives: number[]; modules: number; whole: number }> {
  const archives: number[] = [];
  const platforms = [PLATFORM, ...THREE.filter((each) => each !== PLATFORM)];
  for (const platform of platforms) archives.push(await sizeOf((await archiveOf(inputs, platform)).gz));
  const modules = await sizeOf((await modCache(inputs)).gz);
  return { archives, modules, whole: await sizeOf(await wholeModCache(inputs)) };
}

function bytes(what: string, value: number): Figure {
  return { what, value, unit: "bytes" };
}

function ratio(what: string, value: number): Figure {
  return {
    what: `bundle beside archives and GOMODCACHE as tar.gz, ${what}`,
    value,
    unit: "ratio",
    limit: LIMIT,
  };
}
