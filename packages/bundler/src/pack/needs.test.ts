import { describe, expect, it } from "vitest";
import { makePlan } from "../plan/plan.ts";
import { parseSpec } from "../spec/read.ts";
import { neededBy, requestPositions } from "./needs.ts";

const SPEC = `name: site
go: ["1.27.1"]
platforms: [linux/amd64]
projects: [z, a]
modules: [example.com/m@v1.9.0, example.com/m@latest, example.com/k@v1.0.0]
tools: [example.com/t@latest, example.com/m@latest]
`;

async function plan() {
  return await makePlan(parseSpec(Buffer.from(SPEC), "goferry.yaml"), {
    readFile: async (path) => {
      const module = `example.com/${path.split("/").at(-2)}`;
      if (path.endsWith("go.mod")) return Buffer.from(`module ${module}\n\ngo 1.21\n`);
      throw Object.assign(new Error("not there"), { code: "ENOENT" });
    },
    specDir: "/site",
    buildPlatform: "linux/amd64",
    now: new Date("2026-11-21T05:00:00Z"),
    listGoVersions: async () => ["v0.0.1-go1.27.1.linux-amd64"],
    askToolchain: async () => ({ served: false, answer: "404" }),
  });
}

describe("positions in the request", () => {
  it("are those of the sorted lists, projects first; one path counts once", async () => {
    const made = await plan();
    const names = [
      ...made.request.projects.map(({ name }) => name),
      ...made.request.modules,
      ...made.request.tools,
    ];
    expect(names).toEqual([
      "a",
      "z",
      "example.com/k@v1.0.0",
      "example.com/m@latest",
      "example.com/m@v1.9.0",
      "example.com/m@latest",
      "example.com/t@latest",
    ]);
    const planned = [...made.projects, ...made.modules, ...made.tools];
    const positions = requestPositions(made);
    expect(positions).toHaveLength(planned.length);
    for (const [i, each] of planned.entries()) {
      const name = names[positions[i] ?? -1] ?? "";
      expect(name.split("@")[0]).toBe("name" in each ? each.name : each.path);
    }
    expect(new Set(positions)).toEqual(new Set([0, 1, 2, 3, 5, 6]));
  });

  it("are ascending in a unit, each once", () => {
    expect(neededBy([0, 1, 2, 3], [5, 0, 5, 3])).toEqual([0, 3, 5]);
  });
});
