// Every OCI document of a bundle, made from its contents: the contents manifest, one image manifest and config
// for each platform, the bundle index that is signed, the signature manifests and index.json. The packer writes
// what these functions give and the reader compares with it, so no document can say anything that the contents
// do not. OCI image-spec 1.1; FORMAT.md section 3.

import { digestOf, type Digest } from "../digest.ts";
import type { Contents } from "./contents.ts";
import { layersFor } from "./units.ts";
import { canonicalJson, type Json } from "./json.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+zstd";
const EMPTY = "application/vnd.oci.empty.v1+json";
const CONTENTS = "application/vnd.goferry.contents.v1+json";
const BUNDLE = "application/vnd.goferry.bundle.v1";
const SIGNATURE = "application/vnd.goferry.signature.v1";
const PGP = "application/pgp-signature";

/** A document with its name in the image layout. */
export interface Blob {
  digest: Digest;
  bytes: Uint8Array;
}

export interface Signed {
  index: Blob;
  /** Contents manifest, contents, then manifest and config of each platform: the blobs before the layers. */
  documents: Blob[];
}

/** The file `oci-layout`. */
export const OCI_LAYOUT = canonicalJson({ imageLayoutVersion: "1.0.0" });

/** The config of manifests that are no images. */
export const EMPTY_CONFIG = blob(Buffer.from("{}"));

/** Everything that the signature covers, but for the layers. */
export function signedDocuments(contents: Contents, readme: Uint8Array): Signed {
  const document = blob(canonicalJson(contents));
  const manifest = jsonBlob(artifact(CONTENTS, descriptor(CONTENTS, document)));
  const images = contents.platforms.map((platform) => image(contents, platform));
  const { name, serial, created, expires } = contents;
  const index = jsonBlob({
    schemaVersion: 2,
    mediaType: INDEX,
    artifactType: BUNDLE,
    manifests: [
      {
        ...descriptor(MANIFEST, manifest),
        artifactType: CONTENTS,
        platform: { architecture: "unknown", os: "unknown" },
      },
      ...images.map((each) => ({
        ...descriptor(MANIFEST, each.manifest),
        platform: ociPlatform(each.platform),
      })),
    ],
    annotations: {
      "dev.goferry.bundle.name": name,
      "dev.goferry.bundle.serial": String(serial),
      "dev.goferry.bundle.expires": expires,
      "dev.goferry.bundle.readme": digestOf(readme),
      "org.opencontainers.image.created": created,
    },
  });
  const documents = [manifest, document, ...images.flatMap((each) => [each.manifest, each.config])];
  return { index, documents };
}

/** The manifest that ties a detached signature to the bundle index. */
export function signatureManifest(index: Blob, signature: Blob): Blob {
  return jsonBlob({ ...artifact(SIGNATURE, descriptor(PGP, signature)), subject: descriptor(INDEX, index) });
}

/** index.json: the bundle index under the bundle's name, then the signature manifests. Not signed. */
export function layoutIndex(name: string, index: Blob, signatures: readonly Blob[]): Uint8Array {
  return canonicalJson({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [
      { ...descriptor(INDEX, index), annotations: { "org.opencontainers.image.ref.name": name } },
      ...signatures.map((each) => ({ ...descriptor(MANIFEST, each), artifactType: SIGNATURE })),
    ],
  });
}

export function blob(bytes: Uint8Array): Blob {
  return { digest: digestOf(bytes), bytes };
}

interface Image {
  platform: string;
  manifest: Blob;
  config: Blob;
}

/** The bundle as a container image of one platform: /sdk, /mod, and an environment that finds them. */
function image(contents: Contents, platform: string): Image {
  const layers = layersFor(contents, platform).flatMap((i) => contents.layers[i] ?? []);
  const config = jsonBlob({
    ...ociPlatform(platform),
    created: contents.created,
    config: {
      Env: [
        `PATH=/sdk/go${contents.go[0]}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        "GOMODCACHE=/mod",
        "GOPROXY=off",
        "GOTOOLCHAIN=local",
      ],
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(CONFIG, config),
    layers: layers.map(({ digest, size }) => ({ mediaType: LAYER, digest, size })),
  });
  return { platform, manifest, config };
}

function artifact(artifactType: string, layer: Json): { [key: string]: Json } {
  return {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType,
    config: descriptor(EMPTY, EMPTY_CONFIG),
    layers: [layer],
  };
}

function descriptor(mediaType: string, { digest, bytes }: Blob): { [key: string]: Json } {
  return { mediaType, digest, size: bytes.length };
}

function ociPlatform(platform: string): { architecture: string; os: string } {
  const [os = "", architecture = ""] = platform.split("/");
  return { architecture, os };
}

function jsonBlob(value: Json): Blob {
  return blob(canonicalJson(value));
}
