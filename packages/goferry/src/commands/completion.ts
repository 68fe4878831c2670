// `goferry completion SHELL`: a script that completes commands, flags and files. One command a shell, so that the words
// themselves are completed and checked like any others.

import { defineCommand, type Command, type CommandTable, type Example } from "../command.ts";
import { completionScript, SHELLS, type Shell } from "../completion/scripts.ts";

interface ShellFacts {
  title: string;
  examples: readonly Example[];
  note: string;
}

const FACTS: Readonly<Record<Shell, ShellFacts>> = {
  bash: {
    title: "bash",
    examples: [
      { line: "goferry completion bash", what: "In ~/.bashrc: source <(goferry completion bash)" },
      {
        line: "goferry completion bash --quiet",
        what: "For all users, as root: > /etc/bash_completion.d/goferry",
      },
    ],
    note: "It needs bash 4.4 or newer, and nothing of the package bash-completion.",
  },
  zsh: {
    title: "zsh",
    examples: [
      {
        line: "goferry completion zsh",
        what: "In ~/.zshrc, after compinit: source <(goferry completion zsh)",
      },
      { line: "goferry completion zsh --quiet", what: "Or as a file in a folder of $fpath: > _goferry" },
    ],
    note: "compinit must have been called before it is read.",
  },
  fish: {
    title: "fish",
    examples: [
      { line: "goferry completion fish", what: "For this session: goferry completion fish | source" },
      {
        line: "goferry completion fish --quiet",
        what: "For good: > ~/.config/fish/completions/goferry.fish",
      },
    ],
    note: "fish reads the file by itself when goferry is typed.",
  },
  powershell: {
    title: "PowerShell",
    examples: [
      {
        line: "goferry completion powershell",
        what: "In $PROFILE: goferry completion powershell | Out-String | Invoke-Expression",
      },
      {
        line: "goferry completion powershell --quiet",
        what: "Or as a file that $PROFILE reads: > goferry.ps1",
      },
    ],
    note: "It was written after PowerShell's documentation and was not run.",
  },
};

function completionCommand(shell: Shell): Command {
  const { title, examples, note } = FACTS[shell];
  const table = {
    name: `completion ${shell}`,
    summary: `Print the completion script for ${title}`,
    description:
      `Prints a script for ${title} that completes commands, flags, values and files. It asks goferry itself what can ` +
      `come next, so it stays right when goferry is updated.\n\n${note}`,
    positionals: {},
    options: {},
    examples,
    exits: [],
    answers: true,
  } satisfies CommandTable;
  return defineCommand(table, async () => async () => {
    const script = completionScript(shell);
    return { text: script.trimEnd(), json: { shell, script } };
  });
}

export const completions: readonly Command[] = SHELLS.map(completionCommand);
