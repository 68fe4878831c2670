// `goferry inspect`: what a bundle says of itself, for somebody who has no key for it yet.

import { inspectBundle, openBundleFile, unitName, type Layer } from "@goferry/core";
import { bundleFacts, factRows } from "../bundle-facts.ts";
import { rowsText } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import { claimedLines } from "../private-text.ts";
import type { Run } from "../command.ts";
import type { inspectTable } from "./tables/inspect.ts";

export const inspect: Run<typeof inspectTable> = async ({ bundle: file }) => {
  await using source = await openBundleFile(file);
  const { contents, indexDigest, signatureCount } = await inspectBundle(source);
  const facts = bundleFacts(contents, indexDigest);
  const rows = rowsText([
    ["file", `${source.name}, ${bytesText(source.size)}`],
    ["name", facts.name],
    ["signatures", amountText(signatureCount, "signature")],
    ...factRows(facts, claimedLines(facts.private)),
    [
      "layers",
      contents.layers.map(({ kind, go, platform, size }) => layerText({ kind, go, platform, size })),
    ],
  ]);
  return {
    text: `NOT VERIFIED: this is what the file says of itself. To check it: goferry verify BUNDLE --key FILE\n${rows}`,
    json: {
      verified: false,
      file: source.name,
      size: source.size,
      ...facts,
      signatureCount,
      request: contents.request,
      layers: contents.layers.map(({ kind, go, platform, digest, size, diffId, tarSize, entries }) => {
        return { kind, go, platform, digest, size, diffId, tarSize, entries };
      }),
      units: contents.units.map(({ evidence, ...unit }) => {
        return { name: unitName(unit), ...unit, private: evidence === "private" };
      }),
    },
  };
};

interface LayerFacts {
  kind: Layer["kind"];
  go: string | undefined;
  platform: string | undefined;
  size: number;
}

function layerText({ kind, go, platform, size }: LayerFacts): string {
  const sdk = `go${go ?? ""} ${platform ?? "for all platforms"}`;
  const what = { sdk, mod: "modules", log: "checksum database" }[kind];
  return `${what}: ${bytesText(size)}`;
}
