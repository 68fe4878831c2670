// Every command, in the order in which the help lists them.

import { defineCommand, type Command } from "../command.ts";
import { completions } from "./completion.ts";
import { auditTable, auditVerifyTable } from "./tables/audit.ts";
import { buildTable } from "./tables/build.ts";
import { cacheTable, cacheTrimTable, cacheVerifyTable } from "./tables/cache.ts";
import { checkTable } from "./tables/check.ts";
import { diffTable } from "./tables/diff.ts";
import { gcTable } from "./tables/gc.ts";
import { initTable } from "./tables/init.ts";
import { inspectTable } from "./tables/inspect.ts";
import { installTable } from "./tables/install.ts";
import { keyGenerateTable } from "./tables/key-generate.ts";
import { listTable } from "./tables/list.ts";
import { planTable } from "./tables/plan.ts";
import { repairTable } from "./tables/repair.ts";
import { rollbackTable } from "./tables/rollback.ts";
import { signTable } from "./tables/sign.ts";
import { statusTable } from "./tables/status.ts";
import { trustAddTable, trustRemoveTable, trustRequireTable, trustRevokeTable } from "./tables/trust-keys.ts";
import { trustListTable } from "./tables/trust-list.ts";
import { trustAllowPrivateTable, trustRemovePrivateTable } from "./tables/trust-private.ts";
import { trustMakeUpdateTable, trustSignUpdateTable, trustUpdateTable } from "./tables/trust-update.ts";
import { uninstallTable } from "./tables/uninstall.ts";
import { useTable } from "./tables/use.ts";
import { verifyTable } from "./tables/verify.ts";

export const COMMANDS: readonly Command[] = [
  defineCommand(initTable, async () => (await import("./init.ts")).init),
  defineCommand(planTable, async () => (await import("./plan.ts")).plan),
  defineCommand(buildTable, async () => (await import("./build.ts")).build),
  defineCommand(signTable, async () => (await import("./sign.ts")).sign),
  defineCommand(keyGenerateTable, async () => (await import("./key-generate.ts")).keyGenerate),
  defineCommand(cacheTable, async () => (await import("./cache.ts")).cache),
  defineCommand(cacheVerifyTable, async () => (await import("./cache.ts")).cacheVerify),
  defineCommand(cacheTrimTable, async () => (await import("./cache.ts")).cacheTrim),
  defineCommand(verifyTable, async () => (await import("./verify.ts")).verify),
  defineCommand(inspectTable, async () => (await import("./inspect.ts")).inspect),
  defineCommand(diffTable, async () => (await import("./diff.ts")).diff),
  defineCommand(installTable, async () => (await import("./install.ts")).install),
  defineCommand(useTable, async () => (await import("./use.ts")).use),
  defineCommand(rollbackTable, async () => (await import("./rollback.ts")).rollback),
  defineCommand(listTable, async () => (await import("./list.ts")).list),
  defineCommand(checkTable, async () => (await import("./check.ts")).check),
  defineCommand(repairTable, async () => (await import("./repair.ts")).repair),
  defineCommand(gcTable, async () => (await import("./gc.ts")).gc),
  defineCommand(uninstallTable, async () => (await import("./uninstall.ts")).uninstall),
  defineCommand(trustAddTable, async () => (await import("./trust-keys.ts")).trustAdd),
  defineCommand(trustRemoveTable, async () => (await import("./trust-keys.ts")).trustRemove),
  defineCommand(trustRevokeTable, async () => (await import("./trust-keys.ts")).trustRevoke),
  defineCommand(trustRequireTable, async () => (await import("./trust-keys.ts")).trustRequire),
  defineCommand(trustUpdateTable, async () => (await import("./trust-update.ts")).trustUpdate),
  defineCommand(trustMakeUpdateTable, async () => (await import("./trust-update.ts")).trustMakeUpdate),
  defineCommand(trustSignUpdateTable, async () => (await import("./trust-update.ts")).trustSignUpdate),
  defineCommand(trustAllowPrivateTable, async () => (await import("./trust-private.ts")).trustAllowPrivate),
  defineCommand(trustRemovePrivateTable, async () => (await import("./trust-private.ts")).trustRemovePrivate),
  defineCommand(trustListTable, async () => (await import("./trust-list.ts")).trustList),
  defineCommand(statusTable, async () => (await import("./status.ts")).status),
  defineCommand(auditTable, async () => (await import("./audit.ts")).audit),
  defineCommand(auditVerifyTable, async () => (await import("./audit.ts")).auditVerify),
  ...completions,
];
