// Every command, in the order in which the help lists them.

import type { Command } from "../command.ts";
import { audit, auditVerify } from "./audit.ts";
import { build } from "./build.ts";
import { check } from "./check.ts";
import { completions } from "./completion.ts";
import { diff } from "./diff.ts";
import { gc } from "./gc.ts";
import { init } from "./init.ts";
import { inspect } from "./inspect.ts";
import { install } from "./install.ts";
import { keyGenerate } from "./key-generate.ts";
import { list } from "./list.ts";
import { plan } from "./plan.ts";
import { repair } from "./repair.ts";
import { rollback } from "./rollback.ts";
import { sign } from "./sign.ts";
import { trustAdd, trustRemove, trustRequire, trustRevoke } from "./trust-keys.ts";
import { status } from "./status.ts";
import { trustList } from "./trust-list.ts";
import { trustAllowPrivate, trustRemovePrivate } from "./trust-private.ts";
import { trustMakeUpdate, trustSignUpdate, trustUpdate } from "./trust-update.ts";
import { uninstall } from "./uninstall.ts";
import { use } from "./use.ts";
import { verify } from "./verify.ts";

export const COMMANDS: readonly Command[] = [
  init,
  plan,
  build,
  sign,
  keyGenerate,
  verify,
  inspect,
  diff,
  install,
  use,
  rollback,
  list,
  check,
  repair,
  gc,
  uninstall,
  trustAdd,
  trustRemove,
  trustRevoke,
  trustRequire,
  trustUpdate,
  trustMakeUpdate,
  trustSignUpdate,
  trustAllowPrivate,
  trustRemovePrivate,
  trustList,
  status,
  audit,
  auditVerify,
  ...completions,
];
