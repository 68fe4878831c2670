// The Go of GitHub workflows: steps that use actions/setup-go, jobs in a golang container, and the platforms of a
// matrix of GOOS and GOARCH. Source: actions/setup-go README; GitHub's "Workflow syntax", strategy.matrix.

import { HOST_PLATFORMS } from "../spec/platforms.ts";
import { compareEntries } from "./choose-go.ts";
import { goEntry, goImageEntry, unknownVersion, type GoFindings } from "./go-hint.ts";
import { readYaml, type YamlNode } from "./yaml-node.ts";

type WorkflowFindings = Required<GoFindings>;

/** @param file its name for messages */
export function readWorkflow(text: string, file: string): WorkflowFindings {
  const findings: WorkflowFindings = { hints: [], notes: [], platforms: [] };
  const top = readYaml(text);
  if (top === undefined) findings.notes.push(`${file}: not valid YAML, passed over`);
  for (const [, job] of top?.get("jobs").entries() ?? []) {
    const scope: Scope = { file, matrix: job.get("strategy").get("matrix"), env: envOf(top, job), findings };
    for (const step of job.get("steps").items()) readStep(step, scope);
    const container = job.get("container");
    const image = container.text === undefined ? container.get("image") : container;
    if (image.text !== undefined) add(valuesOf(image, scope), { read: goImageEntry, what: image, scope });
    readPlatforms(scope);
  }
  return findings;
}

interface Scope {
  file: string;
  matrix: YamlNode;
  env: ReadonlyMap<string, YamlNode>;
  findings: WorkflowFindings;
}

function envOf(top: YamlNode | undefined, job: YamlNode): ReadonlyMap<string, YamlNode> {
  return new Map([...(top?.get("env").entries() ?? []), ...job.get("env").entries()]);
}

function readStep(step: YamlNode, scope: Scope): void {
  if (!/^actions\/setup-go(?:@|$)/u.test(step.get("uses").text ?? "")) return;
  const version = step.get("with").get("go-version");
  if (version.text !== undefined) add(valuesOf(version, scope), { read: goEntry, what: version, scope });
  const fromFile = step.get("with").get("go-version-file");
  // Other files that setup-go takes, such as .go-version, are found where they are.
  if (version.text !== undefined || !/(?:^|\/)go\.(?:mod|work)$/u.test(fromFile.text ?? "")) return;
  const where = `${scope.file}:${fromFile.line}`;
  scope.findings.hints.push({ entry: "go.mod", where, isAlternative: false });
}

interface Adding {
  /** "other" is nothing of ours. */
  read(text: string): string | undefined;
  what: YamlNode;
  scope: Scope;
}

/** The newest of several versions is the one to build with; the others are what is tried as well. */
function add(values: readonly YamlNode[], { read, what, scope }: Adding): void {
  const { file, findings } = scope;
  const found: { entry: string; where: string }[] = [];
  for (const { text = "", line } of values) {
    const where = `${file}:${line}`;
    const entry = read(text);
    if (entry === undefined) findings.notes.push(unknownVersion(where, text));
    else if (entry !== "other") found.push({ entry, where });
  }
  if (values.length === 0) findings.notes.push(unknownVersion(`${file}:${what.line}`, what.text ?? ""));
  const newest = found.toSorted((a, b) => compareEntries(b.entry, a.entry))[0]?.entry;
  findings.hints.push(...found.map((each) => ({ ...each, isAlternative: each.entry !== newest })));
}

/** A scalar, or what `${{ matrix.KEY }}` or `${{ env.KEY }}` in it stands for; none if that is not known. */
function valuesOf(node: YamlNode, { matrix, env }: Scope): YamlNode[] {
  const { text = "" } = node;
  const [whole, place, key = ""] = /\$\{\{\s*(matrix|env)\.([\w-]+)\s*\}\}/u.exec(text) ?? [];
  if (whole === undefined) return text.includes("${{") ? [] : [node];
  const found =
    place === "env"
      ? [env.get(key)].filter((value) => value !== undefined)
      : [
          ...matrix.get(key).items(),
          ...matrix
            .get("include")
            .items()
            .map((item) => item.get(key)),
        ];
  return found
    .filter((value) => value.text !== undefined && !value.text.includes("${{"))
    .map((value) => ({ ...value, text: text.replace(whole, value.text ?? "") }));
}

/** Only a plain matrix says clearly what is built: `goos` times `goarch`, with nothing added or taken out. */
function readPlatforms({ file, matrix, findings }: Scope): void {
  const axis = (name: string): YamlNode | undefined =>
    matrix.entries().find(([key]) => key.toLowerCase() === name)?.[1];
  const [goos, goarch] = [axis("goos"), axis("goarch")];
  if (goos === undefined || goarch === undefined) return;
  const changes = [...matrix.get("include").items(), ...matrix.get("exclude").items()];
  const isPlain = changes.every((item) => item.entries().every(([key]) => !/^go(?:os|arch)$/iu.test(key)));
  const where = `${file}:${goos.line}`;
  if (!isPlain) {
    findings.notes.push(
      `${where}: the matrix of platforms has exceptions; write the platforms that you need`,
    );
    return;
  }
  for (const { text: os } of goos.items()) {
    for (const { text: arch } of goarch.items()) {
      const platform = HOST_PLATFORMS.find((known) => known === `${os}/${arch}`);
      if (platform !== undefined) findings.platforms.push({ platform, where });
    }
  }
}
