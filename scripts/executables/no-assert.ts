// Stands in for node:assert, of which yargs uses two functions, and which takes node longer to make than yargs takes to read
// a command line.

/** @throws Error with the message where both are the same */
export function notStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void {
  if (Object.is(actual, expected)) fail(message);
}

/** @throws Error with the message where both are not the same */
export function strictEqual(actual: unknown, expected: unknown, message?: string | Error): void {
  if (!Object.is(actual, expected)) fail(message);
}

function fail(message: string | Error | undefined): never {
  throw message instanceof Error ? message : new Error(message ?? "an assertion failed");
}
