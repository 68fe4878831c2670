// `goferry plan`: what a build would decide, before anything large is downloaded.

import { resolve } from "node:path";
import { countText } from "@goferry/core";
import { changeText, planBundle, type Forecast, type Plan } from "@goferry/bundler";
import type { Outcome, Run } from "../command.ts";
import { buildMachine } from "../build-machine.ts";
import { beginning, rowsText, type Row } from "../output/rows.ts";
import { amountText, bytesText } from "../output/units.ts";
import { reportBuild } from "../stages.ts";
import { planOptions } from "../plan-options.ts";
import { DEFAULT_SPEC } from "./tables/shared.ts";
import type { planTable } from "./tables/plan.ts";

export const plan: Run<typeof planTable> = async (values, { terminal, progress, signal }) => {
  const spec = values.spec ?? resolve(terminal.cwd, DEFAULT_SPEC);
  const options = { ...(await planOptions(values)), spec, onProgress: reportBuild(progress), signal };
  const made = await planBundle(options, buildMachine(terminal, values));
  return planOutcome(made, spec);
};

/** What a plan says; also that of `build --dry-run`. The shape of the JSON is described in docs/JSON.md. */
export function planOutcome(forecast: Forecast, spec: string): Outcome {
  const { plan: made, origin, toolchains, modules, lockFile, news } = forecast;
  const { name, created, serial, expires, goVersions, platforms, projects, buildGo, lock, notes } = made;
  const queries = (list: Plan["modules"]): string[] => list.map(({ path, query }) => `${path}@${query}`);
  const total = toDownload(toolchains);
  const rows = rowsText([
    ["spec", spec],
    ["created", `${created}, serial ${serial}${lock === undefined ? "" : " (from the lock)"}`],
    ["expires", expires ?? "never"],
    ["Go", `${goVersions.join(", ")} for ${platforms.join(", ")}; built with ${buildGo}`],
    ["toolchains", [...originLines(origin), ...toolchains.map(toolchainText)]],
    [
      "download",
      total === undefined
        ? "of a size that nobody tells"
        : `${bytesText(total)} of toolchains, then the modules`,
    ],
    [
      "projects",
      projects.map(
        (project) => `${project.name}: ${project.modules.join(", ")}, needs Go ${project.goVersion}`,
      ),
    ],
    ["modules", queries(made.modules)],
    ["tools", queries(made.tools)],
    ["carried", modulesText(modules)],
    ...newsRows(lockFile, news),
    ["notes", notes],
  ]);
  return {
    text: `${name} would be made of\n${rows}`,
    json: {
      spec,
      name,
      created,
      serial,
      expires: expires ?? null,
      go: goVersions,
      platforms,
      buildGo,
      source: origin,
      toolchains: toolchains.map(({ path, version, go, platform, size, isCached, isCarried }) => ({
        module: `${path}@${version}`,
        go,
        platform,
        size: size ?? null,
        cached: isCached,
        carried: isCarried,
      })),
      downloadSize: total ?? null,
      projects: projects.map(({ name: project, dir, modules: paths, goVersion }) => ({
        name: project,
        dir,
        modules: paths,
        goVersion,
      })),
      modules: queries(made.modules),
      tools: queries(made.tools),
      units: { from: modules.from, modules: modules.modules, gomods: modules.gomods ?? null },
      locked: lock !== undefined,
      lock: news === undefined ? null : { file: lockFile, created: news.created },
      changes: news?.changes ?? [],
      newModules: news?.modules ?? [],
      notes,
    },
  };
}

/** Nothing of the module proxy, which is how it usually is. */
function originLines(origin: Forecast["origin"]): string[] {
  if (origin.from === "proxy") return [];
  return [`from ${origin.url}, signed by ${origin.keys.join(" or ")}`];
}

/** Bytes of the toolchains that are not in the cache; undefined if one of them is not known. */
function toDownload(toolchains: Forecast["toolchains"]): number | undefined {
  return toolchains
    .filter(({ isCached }) => !isCached)
    .reduce<number | undefined>(
      (sum, { size }) => (sum === undefined || size === undefined ? undefined : sum + size),
      0,
    );
}

function toolchainText({ go, platform, size, isCached, isCarried }: Forecast["toolchains"][number]): string {
  const cost = size === undefined ? "size not known" : bytesText(size);
  const remarks = [
    cost,
    ...(isCached ? ["in the cache"] : []),
    ...(isCarried ? [] : ["to build with, not carried"]),
  ];
  return `${go} for ${platform}: ${remarks.join(", ")}`;
}

function modulesText({ from, modules, gomods }: Forecast["modules"]): string | undefined {
  if (from === "go.sum" && modules.length === 0) return undefined;
  const count = amountText(modules.length, "module");
  if (from === "go.sum") return `up to ${count} that go.sum names; all is known after fetching`;
  return `${count}, and ${countText(gomods ?? 0)} of which only go.mod, as in the lock`;
}

function newsRows(lockFile: string, news: Forecast["news"]): Row[] {
  if (news === undefined) return [["lock", `${lockFile}: none yet`]];
  const { created, changes, modules } = news;
  const isSame = changes.length + modules.length === 0;
  return [
    ["lock", `${lockFile} of ${created}${isSame ? ": nothing that is known before fetching changed" : ""}`],
    ["changed", beginning(changes.map(changeText), 20)],
    [
      "new",
      beginning(
        modules.map((each) => `${each} (by go.sum)`),
        20,
      ),
    ],
  ];
}
