// The lines of a go.work that say which modules are built together and which Go they need, read before any Go is there.

import { readCommonLines, refuseLine, unquote } from "./mod-lines.ts";
import type { CommonLines } from "./mod-lines.ts";

/** What goferry needs to know of a go.work. Without a go line Go takes 1.18. */
export interface GoWork extends CommonLines {
  /** Folders of modules as written, in the order written. */
  uses: string[];
}

/**
 * Reads the text of the go.work named `subject`. Throws PROJECT_INVALID, its subject `subject:LINE`, where the go
 * command would refuse the file for the use, go and toolchain lines or for its lexical form.
 */
export function parseGoWork(text: string, subject: string): GoWork {
  const uses: string[] = [];
  const common = readCommonLines(text, subject, ({ verb, args, line }) => {
    if (verb !== "use") return;
    const [folder = ""] = args.map(unquote);
    if (args.length !== 1 || folder === "") {
      throw refuseLine(subject, line, "the folder of a module, such as use ./app", args.join(" "));
    }
    uses.push(folder);
  });
  return { ...common, uses };
}
