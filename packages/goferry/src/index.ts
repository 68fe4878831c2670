// The command line as a function, for programs that bring a terminal of their own. The program itself is main.ts.

export { run } from "./run.ts";
export type { Environment, Input, Output, SystemFacts, Terminal } from "./terminal.ts";
