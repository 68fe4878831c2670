import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { GoferryError } from "@goferry/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scratchFolder, type Scratch } from "../../../../test/kit/scratch.ts";
import { Conversation } from "./conversation.ts";

let scratch: Scratch;
let opened: Conversation[];

beforeEach(async () => {
  scratch = await scratchFolder("conversation");
  opened = [];
});
afterEach(async () => {
  for (const each of opened) await each[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** With a program of node: `line` is the question, `say` writes as it is told; each start of it is noted in `starts`. */
async function talk(body: string, timeoutMs = 30_000): Promise<Conversation> {
  const [program, starts] = [join(scratch.path, "program"), join(scratch.path, "starts")];
  const script = `#!${process.execPath}
require("node:fs").appendFileSync(${JSON.stringify(starts)}, process.pid + "\\n");
const say = (text) => process.stdout.write(text);
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {${body}});
`;
  await writeFile(program, script, { mode: 0o755 });
  const conversation = new Conversation(
    async () => ({ file: program, cwd: scratch.path, env: {} }),
    timeoutMs,
  );
  opened.push(conversation);
  return conversation;
}

/** The answer, or what the error says was found. */
async function ask(conversation: Conversation, line: string): Promise<string> {
  return await conversation
    .ask({
      line,
      read: (answer) => {
        if (answer === "nonsense") throw noAnswer(answer);
        return answer;
      },
      noAnswer,
    })
    .catch((error: unknown) => `failed: ${error instanceof GoferryError ? error.found : String(error)}`);
}

function noAnswer(found: string): GoferryError {
  return new GoferryError("IO_FAILED", { subject: "program", message: "no answer", found });
}

async function pids(): Promise<number[]> {
  const text = await readFile(join(scratch.path, "starts"), "utf8");
  return text.trim().split("\n").map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("Conversation", () => {
  it("has each question answered, in their order, by one program, and ends it", async () => {
    const conversation = await talk("say(line.toUpperCase() + '\\n');");
    const answers = ["a", "b", "c"].map((line) => ask(conversation, line));
    expect(await Promise.all(answers)).toEqual(["A", "B", "C"]);
    await conversation[Symbol.asyncDispose]();
    const [pid = 0, ...others] = await pids();
    expect(others).toEqual([]);
    expect(isAlive(pid)).toBe(false);
  });

  it("puts an answer together that comes in pieces, also within a character", async () => {
    const conversation = await talk(`
      for (const byte of Buffer.from("äö€\\n")) {
        say(Buffer.of(byte));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }`);
    expect(await ask(conversation, "q")).toBe("äö€");
  });

  it.each([
    ["more than a line", "say('one\\ntwo\\n')", "more than one line for a question"],
    ["a line and the beginning of another", "say('one\\ntwo')", "more than one line for a question"],
    ["what is not understood", "say('nonsense\\n')", "nonsense"],
  ])("ends a program that says %s, and starts it again", async (_what, body, found) => {
    const conversation = await talk(`if (line === "good") say("fine\\n"); else ${body};`);
    expect(await ask(conversation, "bad")).toBe(`failed: ${found}`);
    expect(await ask(conversation, "good")).toBe("fine");
    expect(await pids()).toHaveLength(2);
  });

  it("takes nothing for an answer that was said without a question", async () => {
    const conversation = await talk(`
      say(line + "\\n");
      if (line === "a") setTimeout(() => say("late\\n"), 20);`);
    expect(await ask(conversation, "a")).toBe("a");
    const [first = 0] = await pids();
    await expect.poll(() => isAlive(first)).toBe(false);
    await sleep(50);
    expect(await ask(conversation, "b")).toBe("b");
  });

  it("asks another program when one took too long, and waits for the end of both", async () => {
    const conversation = await talk(`if (line === "good") say("fine\\n");`, 1000);
    expect(await ask(conversation, "bad")).toBe("failed: no answer in 1000 ms");
    expect(await ask(conversation, "good")).toBe("fine");
    await conversation[Symbol.asyncDispose]();
    const all = await pids();
    expect(all).toHaveLength(2);
    expect(all.filter(isAlive)).toEqual([]);
  });

  it("says how a program ended, and what it said last", async () => {
    const conversation = await talk(`
      if (line === "signal") process.kill(process.pid, "SIGTERM");
      else if (line === "code") process.exit(3);
      else process.stderr.write("refused by a policy\\n", () => process.exit(1));`);
    expect(await ask(conversation, "signal")).toBe("failed: ended by SIGTERM");
    expect(await ask(conversation, "code")).toBe("failed: exit code 3");
    expect(await ask(conversation, "words")).toBe("failed: refused by a policy");
  });

  it("answers what was asked before it was ended, and nothing afterwards", async () => {
    const conversation = await talk("setTimeout(() => say(line + '\\n'), 50);");
    const open = ask(conversation, "a");
    await Promise.all([conversation[Symbol.asyncDispose](), conversation[Symbol.asyncDispose]()]);
    expect(await ask(conversation, "b")).toBe("failed: it was ended already");
    expect(await open).toMatch(/^(?:a|failed: it was ended already)$/u);
  });

  it("says so when the program cannot be started", async () => {
    const file = join(scratch.path, "absent");
    const conversation = new Conversation(async () => ({ file, cwd: scratch.path, env: {} }), 1000);
    expect(await ask(conversation, "a")).toContain("ENOENT");
    await conversation[Symbol.asyncDispose]();
  });
});
