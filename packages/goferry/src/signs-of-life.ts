// A sign that this process lives (SignsOfLife of the installer): on Windows a named pipe, which exists as long as its
// process does. It is there for nobody to talk to; who connects is hung up on.

import { randomUUID } from "node:crypto";
import { connect, createServer } from "node:net";
import { GoferryError } from "@goferry/core";
import type { SignsOfLife } from "@goferry/installer";

/** How long a pipe may take to answer: one that exists does at once, and one that is busy exists. */
const ANSWER_MS = 2_000;

/** @param folder that of named pipes; on another system, where the sockets of a test lie */
export function signsOfLife(folder = "\\\\.\\pipe\\"): SignsOfLife {
  let raised: Promise<string> | undefined;
  const pathOf = (name: string): string => `${folder}goferry-${name}`;
  const raise = async (): Promise<string> =>
    await new Promise((resolve, reject) => {
      const name = randomUUID();
      const server = createServer((socket) => socket.destroy());
      server.once("error", (cause) => reject(notRaised(pathOf(name), cause)));
      server.listen(pathOf(name), () => resolve(name));
      // A process is not kept alive by saying that it lives.
      server.unref();
    });
  return {
    raise: () => (raised ??= raise()),
    isUp: (name) => answers(pathOf(name)),
  };
}

async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    const end = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.setTimeout(ANSWER_MS, () => end(true));
    socket.once("connect", () => end(true));
    // What this user may not open is there.
    socket.once("error", (error) => end(!ABSENT.includes("code" in error ? String(error.code) : "")));
  });
}

const ABSENT = ["ENOENT", "ECONNREFUSED"];

function notRaised(path: string, cause: Error): GoferryError {
  return new GoferryError("IO_FAILED", {
    subject: path,
    message: "the system gave no named pipe, without which nobody can tell whether this goferry still runs",
    found: cause.message,
    next: "run the command again; if it fails again, as another user",
    cause,
  });
}
