// The stages of the libraries in the words of the person who waits.

import type { Progress as BuildProgress } from "@goferry/bundler";
import type { InstallProgress } from "@goferry/installer";
import type { Progress } from "./progress.ts";

const BUILD_STAGES: Readonly<Record<BuildProgress["stage"], string>> = {
  plan: "Planning",
  log: "Asking the checksum database",
  toolchains: "Fetching toolchains",
  modules: "Fetching modules",
  pack: "Packing",
  rehearse: "Rehearsing",
  seal: "Signing and writing",
};

const INSTALL_STAGES: Readonly<Record<InstallProgress["stage"], string>> = {
  preflight: "Looking at this machine",
  stage: "Verifying and unpacking",
  commit: "Writing to disk",
  configure: "Looking at Go's settings",
  "self-test": "Trying the installed Go",
};

export function reportBuild(progress: Progress): (event: BuildProgress) => void {
  return (event) => progress.update({ ...event, stage: BUILD_STAGES[event.stage] });
}

export function reportInstall(progress: Progress): (event: InstallProgress) => void {
  return (event) => progress.update({ unit: "bytes", ...event, stage: INSTALL_STAGES[event.stage] });
}
