// The script of each shell. All four do the same: hand the words up to the cursor to `goferry __complete`, offer what it
// prints, and add names of files where its last line says so. The goferry that is typed is asked, by whatever path.

export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

export type Shell = (typeof SHELLS)[number];

// bash cuts words at = and :, unlike goferry; the words are put together again from the line. compopt and mapfile need
// bash 4.4, which every system has that bundles can be built or installed on.
const BASH = `# bash completion of goferry
_goferry() {
  local line="\${COMP_LINE:0:COMP_POINT}" cur words answer paths
  read -r -a words <<<"$line"
  if [[ $line == *[[:space:]] ]]; then words+=(""); fi
  cur="\${words[\${#words[@]} - 1]}"
  mapfile -t answer < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  [ "\${#answer[@]}" -gt 0 ] || return
  paths="\${answer[\${#answer[@]} - 1]}"
  unset "answer[\${#answer[@]} - 1]"
  # What stands in front of the last = or : of the word stays on the line.
  local kept="\${cur%"\${cur##*[=:]}"}" each
  for each in "\${answer[@]}"; do
    each="\${each%%$'\\t'*}"
    COMPREPLY+=("\${each#"$kept"}")
  done
  case $paths in
    :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    :folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
  esac
}
complete -F _goferry goferry
`;

const ZSH = `#compdef goferry
# zsh completion of goferry
_goferry() {
  local -a answer candidates
  local each value paths
  answer=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  paths="\${answer[-1]}"
  for each in "\${(@)answer[1,-2]}"; do
    # _describe takes what follows a colon for the description.
    value="\${each%%$'\\t'*}"
    candidates+=("\${value//:/\\\\:}:\${each#*$'\\t'}")
  done
  (( \${#candidates} )) && _describe goferry candidates
  case $paths in
    :files) _files ;;
    :folders) _files -/ ;;
  esac
}
# Both as a file in $fpath, where zsh calls it, and read by source.
if [ "$funcstack[1]" = _goferry ]; then _goferry "$@"; else compdef _goferry goferry; fi
`;

const FISH = `# fish completion of goferry
function __goferry_complete
  set -l words (commandline -opc)
  set -l typed (commandline -ct)
  set -l answer ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
  set -l paths $answer[-1]
  for each in $answer[1..-2]
    echo $each
  end
  switch "$paths"
    case :files
      __fish_complete_path "$typed"
    case :folders
      __fish_complete_directories "$typed"
  end
end
complete -c goferry -f -a '(__goferry_complete)'
`;

const POWERSHELL = `# PowerShell completion of goferry
Register-ArgumentCompleter -Native -CommandName goferry, goferry.exe -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $before = @($commandAst.CommandElements |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
    ForEach-Object { $_.ToString() })
  $typed = $wordToComplete
  # Before 7.3 an empty argument is lost on the way to a program, unless it is quoted twice.
  if ($typed -eq '' -and $PSVersionTable.PSVersion -lt [version]'7.3') { $typed = '""' }
  $arguments = @($before | Select-Object -Skip 1) + $typed
  $answer = @(& $before[0] __complete @arguments 2>$null)
  if ($answer.Count -eq 0) { return }
  $paths = $answer[-1]
  $answer | Select-Object -SkipLast 1 | ForEach-Object {
    $value, $help = $_ -split "\`t", 2
    if (-not $help) { $help = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
  }
  if ($paths -eq ':none') { return }
  [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete) |
    Where-Object { $paths -eq ':files' -or $_.ResultType -eq 'ProviderContainer' }
}
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL };

/** The text of the script, for `source` or for the folder where the shell looks for completions. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
