// The Go of .gitlab-ci.yml: the golang images of its jobs, with variables put in. Source: GitLab's "CI/CD YAML syntax",
// image and variables.

import { goImageEntry, unknownVersion, type GoFindings } from "./go-hint.ts";
import { readYaml, type YamlNode } from "./yaml-node.ts";

/** @param file its name for messages */
export function readGitlab(text: string, file: string): GoFindings {
  const findings: GoFindings = { hints: [], notes: [] };
  const top = readYaml(text);
  if (top === undefined) return { hints: [], notes: [`${file}: not valid YAML, passed over`] };
  const variables = top.get("variables");
  // At the top and in default: for all jobs; in a job for that job.
  const holders: [YamlNode, YamlNode][] = [
    [top, variables],
    ...top.entries().map(([, job]): [YamlNode, YamlNode] => [job, job.get("variables")]),
  ];
  for (const [holder, own] of holders) {
    const image = holder.get("image");
    const name = image.text === undefined ? image.get("name") : image;
    if (name.text === undefined) continue;
    const where = `${file}:${name.line}`;
    const expanded = name.text.replaceAll(
      /\$(?:\{(\w+)\}|(\w+))/gu,
      (whole, braced: string | undefined, bare: string | undefined) =>
        valueOf(own, braced ?? bare) ?? valueOf(variables, braced ?? bare) ?? whole,
    );
    const entry = goImageEntry(expanded);
    if (entry === undefined) findings.notes.push(unknownVersion(where, name.text));
    else if (entry !== "other") findings.hints.push({ entry, where, isAlternative: false });
  }
  return findings;
}

/** A variable is a scalar, or a map with its value. */
function valueOf(variables: YamlNode, name = ""): string | undefined {
  const variable = variables.get(name);
  return variable.text ?? variable.get("value").text;
}
