import { beforeAll, describe, expect, it } from "vitest";
import { smallBundle } from "../../../../test/kit/small-bundle.ts";
import { digestOf } from "../digest.ts";
import type { Contents } from "./contents.ts";
import {
  blob,
  EMPTY_CONFIG,
  layoutIndex,
  OCI_LAYOUT,
  signatureManifest,
  signedDocuments,
  type Signed,
} from "./documents.ts";
import { canonicalJson } from "./json.ts";

const README = Buffer.from("read me\n");
const UNKNOWN = { os: "unknown", architecture: "unknown" };
const LINUX = { os: "linux", architecture: "amd64" };
const WINDOWS = { os: "windows", architecture: "arm64" };

let contents: Contents;
let signed: Signed;

beforeAll(async () => {
  ({ contents } = (
    await smallBundle({ go: ["1.27.1", "1.26.8"], platforms: ["linux/amd64", "windows/arm64"] })
  ).packed);
  signed = signedDocuments(contents, README);
});

interface Descriptor {
  mediaType: string;
  artifactType?: string;
  digest: string;
  size: number;
  platform?: { os: string; architecture: string };
}

interface Document {
  mediaType: string;
  artifactType?: string;
  manifests: Descriptor[];
  config: Descriptor;
  layers: Descriptor[];
  subject: Descriptor;
  annotations: Record<string, string>;
}

function read(bytes: Uint8Array): Document {
  return JSON.parse(Buffer.from(bytes).toString()) as Document;
}

/** The blob that a descriptor points to, which must have its size. */
function follow({ digest, size }: Descriptor): Uint8Array {
  const found = [...signed.documents, EMPTY_CONFIG].find((each) => each.digest === digest);
  expect(found?.bytes.length).toBe(size);
  return found?.bytes ?? new Uint8Array();
}

describe("the bundle index", () => {
  it("leads to the contents and to an image for each platform, in the order of the file", () => {
    const { manifests, artifactType } = read(signed.index.bytes);
    expect(artifactType).toBe("application/vnd.goferry.bundle.v1");
    expect(manifests.map(({ platform }) => platform)).toEqual([UNKNOWN, LINUX, WINDOWS]);
    const [first, ...images] = manifests.map((each) => ({
      digest: each.digest,
      manifest: read(follow(each)),
    }));
    const [layer] = first?.manifest.layers ?? [];
    expect(layer?.mediaType).toBe("application/vnd.goferry.contents.v1+json");
    expect(layer && follow(layer)).toEqual(canonicalJson(contents));
    expect(signed.documents.map(({ digest }) => digest)).toEqual([
      first?.digest,
      layer?.digest,
      ...images.flatMap(({ digest, manifest }) => [digest, manifest.config.digest]),
    ]);
  });

  it("says what a registry shows, and seals README.txt", () => {
    expect(read(signed.index.bytes).annotations).toEqual({
      "dev.goferry.bundle.name": "small",
      "dev.goferry.bundle.readme": digestOf(README),
      "dev.goferry.bundle.serial": "1795237200",
      "org.opencontainers.image.created": "2026-11-21T05:00:00Z",
    });
    const { index } = signedDocuments({ ...contents, expires: "2027-01-01T00:00:00Z" }, README);
    expect(read(index.bytes).annotations).toHaveProperty(
      ["dev.goferry.bundle.expires"],
      "2027-01-01T00:00:00Z",
    );
  });

  it("has another digest when anything that it stands for is other", () => {
    const [layer, ...layers] = contents.layers;
    const [unit, ...units] = contents.units;
    if (layer === undefined || unit === undefined) throw new Error("an empty bundle");
    const changes: Partial<Contents>[] = [
      { name: "other" },
      { serial: 0 },
      { created: "1970-01-01T00:00:00Z" },
      { expires: "2030-01-01T00:00:00Z" },
      { go: ["1.27.1"] },
      { platforms: ["linux/amd64"] },
      { request: { ...contents.request, modules: ["example.com/a@v1.0.0"] } },
      { layers: [{ ...layer, tarSize: 1 }, ...layers] },
      { units: [{ ...unit, files: 77 }, ...units] },
      { units },
    ];
    const digests = changes.map((change) => signedDocuments({ ...contents, ...change }, README).index.digest);
    digests.push(signedDocuments(contents, Buffer.from("other\n")).index.digest, signed.index.digest);
    expect(new Set(digests).size).toBe(changes.length + 2);
    expect(signedDocuments(structuredClone(contents), README).index).toEqual(signed.index);
  });
});

describe("the image of a platform", () => {
  it("has the layers that its hosts need, and finds the newest Go in them", () => {
    const [, , windows] = read(signed.index.bytes).manifests;
    const manifest = read(follow(windows ?? { mediaType: "", digest: "", size: 0 }));
    const needed = [0, 2, 3, 5, 6, 7].flatMap((i) => contents.layers[i] ?? []);
    expect(manifest.layers).toEqual(
      needed.map(({ digest, size }) => ({
        mediaType: "application/vnd.oci.image.layer.v1.tar+zstd",
        digest,
        size,
      })),
    );
    const config: unknown = JSON.parse(Buffer.from(follow(manifest.config)).toString());
    expect(config).toMatchObject({
      ...WINDOWS,
      created: contents.created,
      config: {
        Env: [
          expect.stringMatching(/^PATH=\/sdk\/go1\.27\.1\/bin:/),
          "GOMODCACHE=/mod",
          "GOPROXY=off",
          "GOTOOLCHAIN=local",
        ],
      },
      rootfs: { type: "layers", diff_ids: needed.map(({ diffId }) => diffId) },
    });
  });
});

describe("signatures", () => {
  const signature = blob(Buffer.from("-----BEGIN PGP SIGNATURE-----\n"));

  it("are tied to the index by manifests that OCI registries find as referrers", () => {
    const manifest = read(signatureManifest(signed.index, signature).bytes);
    expect(manifest).toMatchObject({
      artifactType: "application/vnd.goferry.signature.v1",
      config: { digest: EMPTY_CONFIG.digest, size: 2, mediaType: "application/vnd.oci.empty.v1+json" },
      layers: [
        { mediaType: "application/pgp-signature", digest: signature.digest, size: signature.bytes.length },
      ],
      subject: { digest: signed.index.digest, size: signed.index.bytes.length },
    });
  });

  it("are listed in index.json behind the index, which has the bundle's name", () => {
    const manifest = signatureManifest(signed.index, signature);
    const { manifests } = read(layoutIndex("small", signed.index, [manifest, manifest]));
    expect(manifests.map(({ digest }) => digest)).toEqual([
      signed.index.digest,
      manifest.digest,
      manifest.digest,
    ]);
    expect(manifests[0]).toMatchObject({ annotations: { "org.opencontainers.image.ref.name": "small" } });
    expect(read(layoutIndex("small", signed.index, [])).manifests).toHaveLength(1);
  });
});

describe("fixed documents", () => {
  it("are those of the OCI specification", () => {
    expect(Buffer.from(OCI_LAYOUT).toString()).toBe('{"imageLayoutVersion":"1.0.0"}');
    // image-spec, manifest.md: the empty descriptor.
    expect(EMPTY_CONFIG.digest).toBe(
      "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    );
  });
});
