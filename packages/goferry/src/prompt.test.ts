import { PassThrough } from "node:stream";
import { GoferryError } from "@goferry/core";
import { describe, expect, it } from "vitest";
import { askSecret, canAsk } from "./prompt.ts";

interface Keyboard {
  terminal: Parameters<typeof askSecret>[0];
  keys: PassThrough;
  shown(): string;
  /** Whether keys are read one by one and not echoed, after each change. */
  raw: boolean[];
}

function keyboard(signal = new AbortController().signal): Keyboard {
  const keys = new PassThrough();
  const screen = new PassThrough();
  const raw: boolean[] = [];
  const stdin = Object.assign(keys, { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
  const stderr = Object.assign(screen, { isTTY: true });
  return { terminal: { stdin, stderr, signal }, keys, raw, shown: () => String(screen.read() ?? "") };
}

describe("askSecret", () => {
  it.each([
    ["what is typed until Enter", "hunter2\r", "hunter2"],
    ["spaces and other scripts", " pä ß漢😀 \n", " pä ß漢😀 "],
    ["what is left after Backspace", "abc\u007f\b\u007fx\r", "x"],
    ["a whole character after Backspace", "a😀\u007f\r", "a"],
    ["what comes after Ctrl-U", "wrong\u0015right\r", "right"],
    ["nothing of arrow keys and Tab", "a\u001b[D\u001b[1;5C\u001bOHb\tc\r", "abc"],
    ["nothing", "\r", ""],
  ])("takes %s", async (_, typed, expected) => {
    const { terminal, keys, raw, shown } = keyboard();
    const asked = askSecret(terminal, "Passphrase: ");
    keys.write(typed);
    expect(await asked).toBe(expected);
    expect(raw).toEqual([true, false]);
    expect(shown()).toBe("Passphrase: \n");
  });

  it("takes characters whose bytes come apart", async () => {
    const { terminal, keys } = keyboard();
    const asked = askSecret(terminal, "? ");
    for (const byte of Buffer.from("ä漢\r")) keys.write(Buffer.from([byte]));
    expect(await asked).toBe("ä漢");
  });

  it("keeps what was typed ahead for the next question", async () => {
    const { terminal, keys } = keyboard();
    keys.write("one\rtwo\r");
    expect(await askSecret(terminal, "? ")).toBe("one");
    expect(await askSecret(terminal, "? ")).toBe("two");
  });

  it.each([
    ["Ctrl-C", "half\u0003"],
    ["Ctrl-D on an empty line", "\u0004"],
  ])("is interrupted by %s, and gives the terminal back", async (_, typed) => {
    const { terminal, keys, raw } = keyboard();
    const asked = askSecret(terminal, "? ");
    keys.write(typed);
    await expect(asked).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(raw).toEqual([true, false]);
  });

  it("is interrupted when the terminal goes away or the signal is aborted", async () => {
    const gone = keyboard();
    const asked = askSecret(gone.terminal, "? ");
    gone.keys.end();
    await expect(asked).rejects.toMatchObject({ code: "INTERRUPTED" });

    const abort = new AbortController();
    const { terminal, raw } = keyboard(abort.signal);
    const waiting = askSecret(terminal, "? ");
    abort.abort(new GoferryError("INTERRUPTED", { subject: "test", message: "stopped" }));
    await expect(waiting).rejects.toMatchObject({ subject: "test" });
    expect(raw).toEqual([true, false]);
  });
});

describe("canAsk", () => {
  it("is only where keys come from a terminal and the question is seen", () => {
    const { terminal } = keyboard();
    expect(canAsk(terminal)).toBe(true);
    expect(canAsk({ ...terminal, stdin: new PassThrough() })).toBe(false);
    expect(canAsk({ ...terminal, stderr: new PassThrough() })).toBe(false);
  });
});
