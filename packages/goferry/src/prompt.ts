// Asks for a secret on a terminal: nothing that is typed is shown, and nothing of it is kept anywhere.

import { StringDecoder } from "node:string_decoder";
import { GoferryError } from "@goferry/core";
import type { Terminal } from "./terminal.ts";

/** What arrow keys and the like send (ECMA-48); they are no part of a passphrase. */
const ESCAPE = "\u001B";
const ESCAPE_SEQUENCES = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|O.|.)?`, "gu");

type PromptTerminal = Pick<Terminal, "stdin" | "stderr" | "signal">;

/** Whether somebody can be asked. */
export function canAsk({ stdin, stderr }: PromptTerminal): boolean {
  return stdin.isTTY === true && stdin.setRawMode !== undefined && stderr.isTTY === true;
}

/**
 * One line that is typed. The terminal is back in its normal state afterwards, whatever happened.
 * @throws INTERRUPTED for Ctrl-C and Ctrl-D, and when the signal is aborted
 */
export async function askSecret(
  { stdin, stderr, signal }: PromptTerminal,
  question: string,
): Promise<string> {
  signal.throwIfAborted();
  // First: whoever types fast, or pipes into a terminal, would see the beginning of the secret.
  stdin.setRawMode?.(true);
  try {
    stderr.write(question);
    return await readLine(stdin, signal);
  } finally {
    stdin.setRawMode?.(false);
    stderr.write("\n");
  }
}

function readLine(stdin: Terminal["stdin"], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder("utf8");
    let line: string[] = [];
    const finish = (settle: () => void): void => {
      stdin.off("data", onData);
      stdin.off("end", onEnd);
      signal.removeEventListener("abort", onAbort);
      // Before anything is put back: a stream that flows would hand it to nobody.
      stdin.pause();
      settle();
    };
    const onAbort = (): void => finish(() => reject(signal.reason));
    const onEnd = (): void => finish(() => reject(interrupted()));
    const onData = (chunk: Uint8Array): void => {
      const keys = [...decoder.write(Buffer.from(chunk)).replaceAll(ESCAPE_SEQUENCES, "")];
      for (const [i, key] of keys.entries()) {
        if (key === "\r" || key === "\n") {
          // Typed ahead, for the next question.
          const rest = keys.slice(i + 1).join("");
          return finish(() => {
            if (rest !== "") stdin.unshift(Buffer.from(rest));
            resolve(line.join(""));
          });
        }
        if (key === "\u0003" || (key === "\u0004" && line.length === 0)) return onEnd();
        if (key === "\u007f" || key === "\b") line.pop();
        else if (key === "\u0015") line = [];
        else if (key >= " ") line.push(key);
      }
    };
    signal.addEventListener("abort", onAbort, { once: true });
    stdin.on("data", onData);
    stdin.on("end", onEnd);
    stdin.resume();
  });
}

function interrupted(): GoferryError {
  return new GoferryError("INTERRUPTED", { subject: "passphrase", message: "nothing was typed" });
}
