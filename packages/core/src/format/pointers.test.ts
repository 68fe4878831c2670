import { describe, expect, it } from "vitest";
import { blob, layoutIndex, signatureManifest, type Blob } from "./documents.ts";
import { canonicalJson, parseCanonicalJson } from "./json.ts";
import { ARTIFACT, BUNDLE_INDEX, LAYOUT_INDEX } from "./pointers.ts";

const INDEX = blob(Buffer.from("index"));
const SIGNATURE = blob(Buffer.from("signature"));
const POINTER = { digest: INDEX.digest, size: 5 };
const NAMED = { ...POINTER, annotations: { "org.opencontainers.image.ref.name": "small" } };
const README = { "dev.goferry.bundle.readme": INDEX.digest };
const REFUSED = expect.objectContaining({ code: "DOCUMENT_INVALID" });

const sizes = ({ bytes }: Blob) => bytes.length;

describe("index.json", () => {
  it("leads to the bundle index and to the manifests of its signatures", () => {
    const manifest = signatureManifest(INDEX, SIGNATURE);
    const bytes = layoutIndex("small", INDEX, [manifest]);
    const { manifests } = parseCanonicalJson(bytes, LAYOUT_INDEX, "index.json");
    expect(manifests.map(({ digest, size }) => [digest, size])).toEqual([
      [INDEX.digest, sizes(INDEX)],
      [manifest.digest, sizes(manifest)],
    ]);
  });

  it.each([
    ["nothing", { manifests: [] }],
    ["an index without a name", { manifests: [POINTER] }],
    [
      "an index with more annotations",
      { manifests: [{ ...NAMED, annotations: { ...NAMED.annotations, a: "b" } }] },
    ],
    ["a path for a digest", { manifests: [{ ...NAMED, digest: "../../etc/passwd" }] }],
    ["a negative size", { manifests: [{ ...NAMED, size: -1 }] }],
    ["a signature without a digest", { manifests: [NAMED, { size: 1 }] }],
  ])("may not hold %s", (_, document) => {
    expect(() => parseCanonicalJson(canonicalJson(document), LAYOUT_INDEX, "index.json")).toThrow(REFUSED);
  });
});

describe("the bundle index", () => {
  it.each([
    ["nothing", { manifests: [], annotations: README }],
    ["no digest of README.txt", { manifests: [POINTER], annotations: {} }],
    ["no annotations", { manifests: [POINTER] }],
  ])("may not hold %s", (_, document) => {
    expect(() => parseCanonicalJson(canonicalJson(document), BUNDLE_INDEX, "bundle index")).toThrow(REFUSED);
  });

  it("may be the index of any number of images", () => {
    const document = canonicalJson({ manifests: [POINTER, POINTER, POINTER], annotations: README });
    expect(parseCanonicalJson(document, BUNDLE_INDEX, "bundle index").manifests).toHaveLength(3);
  });
});

describe("a manifest of the contents or of a signature", () => {
  it.each([[[]], [[POINTER, POINTER]]])("has one layer, not %j", (layers) => {
    expect(() => parseCanonicalJson(canonicalJson({ layers }), ARTIFACT, "manifest")).toThrow(REFUSED);
  });
});
