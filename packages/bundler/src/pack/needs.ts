// Who needs a unit, as the contents say it: by positions in the request, which has its lists sorted, while fetching goes
// by the plan.

import type { Plan } from "../plan/plan.ts";

/**
 * The position in the request of each project, module and tool of the plan. A path that is asked for twice, by two
 * queries, counts as its first: with a lock, queries are exact versions, and nothing says which was which.
 */
export function requestPositions({
  projects,
  modules,
  tools,
  request,
}: Pick<Plan, "projects" | "modules" | "tools" | "request">): number[] {
  const before = {
    modules: request.projects.length,
    tools: request.projects.length + request.modules.length,
  };
  const paths = { modules: request.modules.map(pathOf), tools: request.tools.map(pathOf) };
  return [
    ...projects.map(({ name }) => request.projects.findIndex((each) => each.name === name)),
    ...modules.map(({ path }) => before.modules + paths.modules.indexOf(path)),
    ...tools.map(({ path }) => before.tools + paths.tools.indexOf(path)),
  ];
}

/** Indexes into the plan as a unit has them: positions in the request, ascending, each once. */
export function neededBy(indexes: readonly number[], positions: readonly number[]): number[] {
  return [...new Set(indexes.map((index) => positions[index] ?? -1))].toSorted((a, b) => a - b);
}

function pathOf(query: string): string {
  return query.slice(0, query.lastIndexOf("@"));
}
