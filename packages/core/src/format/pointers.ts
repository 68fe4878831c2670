// The way into a bundle: which blob is the bundle index, which are its signatures, and where the contents are.
// These schemas take no more than a reader needs to find the next document; once the contents are known, all of
// them are compared with what follows from the contents (documents.ts).

import * as z from "zod/mini";
import { COUNT, DIGEST } from "./fields.ts";

const DESCRIPTOR = z.looseObject({ digest: DIGEST, size: COUNT });

/** index.json: the bundle index, then the manifests of its signatures. */
export const LAYOUT_INDEX = z.looseObject({
  manifests: z.tuple(
    [
      z.extend(DESCRIPTOR, {
        annotations: z.strictObject({ "org.opencontainers.image.ref.name": z.string() }),
      }),
    ],
    DESCRIPTOR,
  ),
});

/** The bundle index: the manifest of the contents, then the images; README.txt by its digest. */
export const BUNDLE_INDEX = z.looseObject({
  manifests: z.tuple([DESCRIPTOR], DESCRIPTOR),
  annotations: z.looseObject({ "dev.goferry.bundle.readme": DIGEST }),
});

/** The manifest of the contents or of a signature: one layer. */
export const ARTIFACT = z.looseObject({ layers: z.tuple([DESCRIPTOR]) });
