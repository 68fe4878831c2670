// Which of the collected versions their authors have taken back: a retract directive in the newest go.mod of a module
// says so, and why. Such a version is carried, because a project may need exactly it, but not without a word.
import { GoferryError, unitName, type ModuleVersion } from "@goferry/core";
import { inParallel } from "../parallel.ts";
import type { GoCommand } from "./command.ts";

export interface RetractionQuery {
  /** Its GOMODCACHE gets the newest go.mod of each module: ask when what it holds has been read. */
  go: GoCommand;
  /** A folder without a go.mod in it. */
  cwd: string;
  modules: readonly ModuleVersion[];
  /** Answers of today; none: go is asked. */
  kept?: KeptRetractions | undefined;
  signal?: AbortSignal | undefined;
}

/** What was answered not long ago. */
export interface KeptRetractions {
  find(names: readonly string[]): Promise<string[] | undefined>;
  keep(names: readonly string[], notes: readonly string[]): Promise<void>;
}

/** One go asks for one module after the other, 0.1 s each; a server is asked by this many at a time. */
const PARALLEL_QUERIES = 8;

/** Windows ends a command line after 32,767 characters. */
const ARGUMENTS_AT_A_TIME = 100;

/** `path@version`, and the reasons as Go quotes them, divided by tabs: a reason may have several lines. */
const TEMPLATE = `{{if .Retracted}}{{.Path}}@{{.Version}}{{range .Retracted}}{{"\\t"}}{{printf "%q" .}}{{end}}{{end}}`;

/**
 * A note for every version that is retracted, with the author's reason, in the order of `modules`. A server that cannot
 * be asked gives a note too: nothing is carried or left out because of what is found here.
 * @throws INTERRUPTED, IO_FAILED, DISK_FULL
 */
export async function retractionNotes(query: RetractionQuery): Promise<string[]> {
  const { go, cwd, modules, kept, signal } = query;
  const all = modules.map(unitName);
  const known = all.length === 0 ? [] : await kept?.find(all);
  if (known !== undefined) return known;
  const size = Math.min(ARGUMENTS_AT_A_TIME, Math.ceil(modules.length / PARALLEL_QUERIES));
  const groups: string[][] = [];
  for (let from = 0; from < modules.length; from += size) {
    groups.push(modules.slice(from, from + size).map(unitName));
  }
  const notes = await inParallel(groups, { width: PARALLEL_QUERIES, signal }, async (names, stop) => {
    const args = ["list", "-m", "-e", "-retracted", "-f", TEMPLATE, ...names];
    try {
      const { stdout } = await go.attempt(args, { cwd, signal: stop, subject: "retractions" });
      return stdout.split("\n").flatMap(retractionNote);
    } catch (error) {
      if (!(error instanceof GoferryError) || !OUT_OF_REACH.has(error.code)) throw error;
      return [
        `${UNANSWERED}${error.subject} was retracted could not be asked: ${error.found ?? error.message}`,
      ];
    }
  });
  const isAnswered = !notes.flat().some((note) => note.startsWith(UNANSWERED));
  if (isAnswered) await kept?.keep(all, notes.flat());
  return notes.flat();
}

const UNANSWERED = "whether ";

const OUT_OF_REACH: ReadonlySet<string> = new Set([
  "NETWORK_UNREACHABLE",
  "NOT_FOUND",
  "PROXY_AUTH_REQUIRED",
]);

function retractionNote(line: string): string[] {
  const [name, ...reasons] = line.split("\t");
  if (name === undefined || reasons.length === 0) return [];
  const given = reasons.filter((reason) => reason !== NO_REASON);
  return [`${name} was retracted by its author${given.length === 0 ? "" : `: ${given.join(", ")}`}`];
}

/** What Go says for a retract directive without a comment. */
const NO_REASON = '"retracted by module author"';
