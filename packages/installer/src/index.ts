// What the command line uses of the installer.

export { recordFailure } from "./audit-failure.ts";
export { auditOf, type AuditEntryLine } from "./audit-verify.ts";
export { checkRoot, type Checked } from "./check/check.ts";
export type { Difference } from "./check/difference.ts";
export type { Override } from "./configure/overrides.ts";
export { defaultPath, defaultRoot } from "./default-root.ts";
export type { RootEvent } from "./events.ts";
export { rootEvidence, type BundleEvidence, type RootEvidence, type UnitEvidence } from "./evidence.ts";
export type { Finding } from "./findings.ts";
export { createHost, type Host, type HostFacts } from "./host.ts";
export { collectGarbage, type Collected } from "./gc.ts";
export { findGoVersionFile, type GoVersionFile } from "./go-version-file.ts";
export { install, listRoot, type Installed, type InstallOptions, type InstallProgress } from "./install.ts";
export { openLogFile, openRootLog, type LogFile } from "./root-logs.ts";
export { recordRun } from "./runs.ts";
export type { Selection } from "./plan/selection.ts";
export { describeRoot, type GenerationSummary, type RootDescription } from "./list.ts";
export { rollback, type RolledBack } from "./rollback.ts";
export { useVersion, type Used } from "./use.ts";
export type { State } from "./transaction/state.ts";
export { changePrivatePatterns, type PatternsChanged } from "./trust.ts";
export { tellSyslog } from "./syslog.ts";
export { changeTrust, readTrust, type TrustChanged, type TrustPlace } from "./trust/change.ts";
export { pinnedTrust, type PinnedTrust } from "./trust/pinned.ts";
export type { TrustChange, TrustStore } from "./trust/store.ts";
