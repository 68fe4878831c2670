// A trust update as its makers hand it out: made and signed by the bundler, in memory.

import { makeUpdate, signUpdate, type UpdateRequest } from "../../packages/bundler/src/trust-update.ts";
import { renderUpdateFile } from "../../packages/core/src/index.ts";
import { SMALL_NOW, type TestKey } from "./small-bundle.ts";

export async function signedUpdate(
  request: Partial<Omit<UpdateRequest, "now" | "add">> & { add?: readonly TestKey[] },
  signers: readonly TestKey[],
): Promise<Uint8Array> {
  const update = makeUpdate({
    after: undefined,
    revoke: [],
    minSignatures: undefined,
    sequence: undefined,
    ...request,
    add: (request.add ?? []).map(({ trusted }) => trusted),
    now: SMALL_NOW,
  });
  const signing = { signers: signers.map(({ signer }) => signer), now: SMALL_NOW, subject: "keys.json" };
  return renderUpdateFile(await signUpdate({ update, signatures: [] }, signing));
}
