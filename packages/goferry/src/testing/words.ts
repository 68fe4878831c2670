// The words of a command line as a shell would split them, as far as examples need it: spaces and double quotes.

export function splitWords(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}
