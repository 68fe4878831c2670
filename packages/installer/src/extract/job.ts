// What goes to a worker thread and what comes back, in types that survive the way: no functions, no classes.

import {
  GoferryError,
  type Contents,
  type ErrorCode,
  type Layer,
  type LayerSums,
  type TreeSums,
  type Unit,
} from "@goferry/core";
import type { TreeChecked, TreeJob } from "../check/tree-check.ts";

export type WorkJob = ExtractJob | { kind: "check"; job: TreeJob };

export interface ExtractJob {
  kind: "extract";
  /** Name of the bundle, for refusals. */
  name: string;
  /** Open file that holds the layer, and where in it the layer begins. Threads of one process share descriptors. */
  fd: number;
  offset: number;
  layer: Layer;
  /** Those of the layer, and those of them whose files are to be written. */
  units: Unit[];
  kept: Unit[];
  log: Contents["log"];
  /** Absolute folder to write below. */
  folder: string;
  zips: boolean;
  /** Make every file durable before it is closed. */
  sync: boolean;
}

export type WorkAnswer =
  | { kind: "bytes"; bytes: number }
  | { kind: "done"; sums: LayerSums; kept: [string, TreeSums][] }
  | { kind: "checked"; checked: TreeChecked }
  | { kind: "failed"; failure: Failure };

export interface Failure {
  code: ErrorCode;
  subject: string;
  message: string;
  expected: string | undefined;
  found: string | undefined;
  next: string | undefined;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof GoferryError) {
    const { code, subject, message, expected, found, next } = error;
    return { code, subject, message, expected, found, next };
  }
  const found = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const next = "Report this as a bug of goferry";
  return {
    code: "INTERNAL",
    subject: "extraction",
    message: "unexpected failure",
    expected: undefined,
    found,
    next,
  };
}

export function errorOf({ code, ...detail }: Failure): GoferryError {
  return new GoferryError(code, detail);
}
