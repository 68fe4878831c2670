// For tests: a server of one file that does to its clients, in turn, what networks and servers do. What a fault does is
// said by its type; a request without a fault gets a right answer, ranges and If-Range included (RFC 9110 section 14).
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

export type Fault =
  /** Ends, or breaks, after so many bytes of the body. */
  | { kind: "cut"; at: number; how: "end" | "reset" }
  /** Falls silent after so many bytes; lets a byte come now and then; says nothing at all. */
  | { kind: "stall" | "drip"; at: number }
  | { kind: "mute" }
  /** Breaks the connection before any answer. */
  | { kind: "reset" }
  | { kind: "status"; code: number; retryAfter: RetryAfter }
  /** Announces so many bytes more or fewer than it sends. */
  | { kind: "length"; by: number }
  /** Ends its body with the connection. */
  | { kind: "lengthless" }
  /** A wrong answer to a request for a range; only "unasked" is one to a request for the whole. */
  | { kind: "range"; how: WrongRange }
  /** Has another content from now on, under other validators or the same ones. */
  | { kind: "change"; to: number; validators: "new" | "same" }
  /** Compressed although nobody asked for it. */
  | { kind: "gzip" }
  | { kind: "redirect"; to: "loop" | "elsewhere" | "file" | "nothing" }
  /** Goes on beyond the length that it announced, or without any. */
  | { kind: "endless"; announced: boolean }
  | { kind: "garbage" }
  | { kind: "bomb"; of: "header" | "headers" | "informational" | "chunk extension" | "trailers" };

export type RetryAfter = "none" | "seconds" | "date" | "past" | "nonsense" | "too long";

export type WrongRange =
  | "ignored"
  | "unasked"
  | "shifted"
  | "short"
  | "total"
  | "no header"
  | "multipart"
  | "416"
  /** The headers are right; the bytes are not. */
  | "other bytes";

export type Validators = "etag" | "weak etag" | "date" | "none";

export interface FaultyFile {
  /** What the file may be, one after the other. */
  versions: readonly Buffer[];
  validators: Validators;
  faults: readonly Fault[];
  /** Where "elsewhere" leads. */
  elsewhere: string;
  /** Called when the server falls silent; what it hands back, again and again until the client has given up. */
  onSilence(): () => void;
}

/** Milliseconds that a Retry-After asked for, at most; 0 if it could not be read. */
export const RETRY_AFTER_MS: Readonly<Record<RetryAfter, number>> = {
  none: 0,
  seconds: 7000,
  date: 90_000,
  past: 0,
  nonsense: 0,
  "too long": 86_400_000,
};

const NOW = "Thu, 26 Nov 2026 09:00:00 GMT";

const RETRY_AFTER: Readonly<Record<RetryAfter, Record<string, string>>> = {
  none: {},
  seconds: { "retry-after": "7" },
  date: { "retry-after": "Thu, 26 Nov 2026 09:01:30 GMT" },
  past: { "retry-after": "Thu, 26 Nov 2026 08:00:00 GMT" },
  nonsense: { "retry-after": "soon" },
  "too long": { "retry-after": "86400" },
};

/** Milliseconds between two calls of what onSilence gave. */
const SILENCE_MS = 2;

/** A listener that goes through the faults, one for each request, and behaves after them. */
export function faultyFile(file: FaultyFile): RequestListener {
  let turn = 0;
  let version = 0;
  let named = 0;
  return (request, response) => {
    if (request.url === LOOP) {
      response.writeHead(302, { location: LOOP }).end();
      return;
    }
    const fault = file.faults[turn++];
    if (fault?.kind === "change") {
      version = fault.to % file.versions.length;
      if (fault.validators === "new") named++;
    }
    const bytes = file.versions[version] ?? Buffer.alloc(0);
    respond(request, response, { file, bytes, validators: validatorsOf(file.validators, named), fault });
  };
}

function validatorsOf(kind: Validators, number: number): Record<string, string> {
  if (kind === "etag") return { etag: `"v${number}"` };
  if (kind === "weak etag") return { etag: `W/"v${number}"` };
  if (kind === "date") return { "last-modified": `Thu, 26 Nov 2026 07:00:0${number % 10} GMT` };
  return {};
}

interface Turn {
  file: FaultyFile;
  bytes: Buffer;
  validators: Record<string, string>;
  fault: Fault | undefined;
}

interface Answer {
  status: number;
  headers: Record<string, string | number>;
  part: Buffer;
  first: number;
}

function respond(request: IncomingMessage, response: ServerResponse, turn: Turn): void {
  const { file, bytes, fault } = turn;
  const { status, headers, part, first } = rightAnswer(request, turn);
  const send = (code: number, more: Record<string, string | number>, body: Uint8Array): void => {
    const all = Object.entries({ ...headers, ...more }).filter(([, value]) => value !== "");
    response.writeHead(code, Object.fromEntries(all)).end(body);
  };
  const silence = (): void => {
    const timer = setInterval(file.onSilence(), SILENCE_MS);
    response.once("close", () => clearInterval(timer));
  };
  switch (fault?.kind) {
    case "cut": {
      response.writeHead(status, headers);
      const end = (): void => {
        if (fault.how === "end") response.socket?.end();
        else response.destroy();
      };
      response.write(part.subarray(0, fault.at % (part.length + 1)), () => setImmediate(end));
      return;
    }
    case "stall":
    case "drip": {
      response.writeHead(status, headers);
      const at = fault.at % part.length;
      response.write(part.subarray(0, at));
      if (fault.kind === "drip")
        for (let i = 0; i < 3; i++) response.write(part.subarray(at + i, at + i + 1));
      silence();
      return;
    }
    case "mute":
      silence();
      return;
    case "reset":
      response.destroy();
      return;
    case "status":
      response.writeHead(fault.code, { date: NOW, ...RETRY_AFTER[fault.retryAfter] }).end();
      return;
    case "length":
      response.writeHead(status, { ...headers, "content-length": Math.max(0, part.length + fault.by) });
      response.write(part, () => setImmediate(() => response.socket?.end()));
      return;
    case "lengthless":
      response.socket?.end(
        Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), bytes]),
      );
      return;
    case "range":
      if (request.headers.range === undefined && fault.how !== "unasked") {
        send(status, {}, part);
        return;
      }
      wrongRange(fault.how, { send, first, part, bytes });
      return;
    case "gzip": {
      const packed = gzipSync(part);
      send(status, { "content-encoding": "gzip", "content-length": packed.length }, packed);
      return;
    }
    case "redirect": {
      const to = { loop: LOOP, elsewhere: file.elsewhere, file: "file:///etc/passwd", nothing: undefined }[
        fault.to
      ];
      response.writeHead(302, to === undefined ? {} : { location: to }).end();
      return;
    }
    case "endless":
      pour(response, { status, headers, part, announced: fault.announced });
      return;
    case "garbage":
      response.socket?.end("220 mail.example ESMTP ready\r\n");
      return;
    case "bomb":
      bomb(fault.of, { response, headers, part, silence });
      return;
    case "change":
    case undefined:
      send(status, {}, part);
  }
}

/** Leads to itself, however often it is asked for. */
const LOOP = "/loop";

function rightAnswer({ headers: asked }: IncomingMessage, { bytes, validators }: Turn): Answer {
  const [, range] = /^bytes=(\d+)-$/u.exec(asked.range ?? "") ?? [];
  const condition = asked["if-range"];
  const isSame = condition === undefined || Object.values(validators).includes(String(condition));
  const first = range !== undefined && isSame ? Number(range) : 0;
  const part = bytes.subarray(first);
  const common = { date: NOW, "accept-ranges": "bytes", ...validators };
  if (first === 0)
    return { status: 200, headers: { ...common, "content-length": bytes.length }, part, first };
  if (part.length === 0) {
    return { status: 416, headers: { "content-range": `bytes */${bytes.length}` }, part, first };
  }
  const range206 = `bytes ${first}-${bytes.length - 1}/${bytes.length}`;
  const headers = { ...common, "content-range": range206, "content-length": part.length };
  return { status: 206, headers, part, first };
}

interface RangeTurn {
  /** Headers with an empty value are left out. */
  send(code: number, more: Record<string, string | number>, body: Uint8Array): void;
  first: number;
  part: Buffer;
  bytes: Buffer;
}

function wrongRange(how: WrongRange, { send, first, part, bytes }: RangeTurn): void {
  const total = bytes.length;
  const ranged = (from: number, to: number, size: number, body: Buffer): void =>
    send(206, { "content-range": `bytes ${from}-${to}/${size}`, "content-length": body.length }, body);
  switch (how) {
    case "ignored":
      send(200, { "content-range": "", "content-length": total }, bytes);
      return;
    case "unasked":
      ranged(1, total - 1, total, bytes.subarray(1));
      return;
    case "shifted":
      ranged(first + 1, total - 1, total, bytes.subarray(first + 1));
      return;
    case "short":
      ranged(first, first, total, bytes.subarray(first, first + 1));
      return;
    case "total":
      ranged(first, total - 1, total + 9, part);
      return;
    case "no header":
      send(206, { "content-range": "", "content-length": part.length }, part);
      return;
    case "multipart":
      send(206, { "content-type": "multipart/byteranges; boundary=x", "content-range": "" }, part);
      return;
    case "416":
      send(416, { "content-range": "bytes */1", "content-length": 0 }, Buffer.alloc(0));
      return;
    case "other bytes":
      ranged(first, total - 1, total, Buffer.from(part.map((byte) => byte ^ 1)));
  }
}

function pour(
  response: ServerResponse,
  { status, headers, part, announced }: Pick<Answer, "status" | "headers" | "part"> & { announced: boolean },
): void {
  const { "content-length": length, ...rest } = headers;
  response.writeHead(status, announced && length !== undefined ? headers : rest);
  const more = (): void => {
    while (response.write(part.length === 0 ? Buffer.alloc(1 << 14) : part));
  };
  response.on("drain", more);
  more();
}

interface BombTurn {
  response: ServerResponse;
  headers: Record<string, string | number>;
  part: Buffer;
  silence(): void;
}

function bomb(of: (Fault & { kind: "bomb" })["of"], { response, headers, part, silence }: BombTurn): void {
  const raw = (text: string): void => void response.socket?.write(text);
  switch (of) {
    case "header":
      response.writeHead(200, { ...headers, "x-large": "x".repeat(100_000) }).end(part);
      return;
    case "headers": {
      const many = Array.from({ length: 2500 }, (_, i) => `X-${i}: ${i}\r\n`).join("");
      raw(`HTTP/1.1 200 OK\r\n${many}\r\n`);
      silence();
      return;
    }
    case "informational":
      raw("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n".repeat(100));
      silence();
      return;
    case "chunk extension":
      raw(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;${"x".repeat(100_000)}\r\nhello\r\n`);
      silence();
      return;
    case "trailers":
      raw(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"X-Y: z\r\n".repeat(5_000)}\r\n`);
      silence();
  }
}
