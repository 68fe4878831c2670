import { GoferryError, openHistory, openTreeHead, verifyEvidence } from "@goferry/core";
import { beforeEach, describe, expect, it } from "vitest";
import { checksumLog, dirhash, type ChecksumLog } from "../../../../test/kit/checksum-log.ts";
import { collectEvidence, type CollectOptions } from "./client.ts";

const REFUSED = expect.objectContaining({ code: "LOG_MISMATCH" });
const SIZE = 1000;
const wanted = [
  { path: "example.com/m3", version: "v1.0.0" },
  { path: "github.com/Example/Upper", version: "v2.0.0+incompatible" },
  { path: "example.com/m998", version: "v1.0.0" },
];

let log: ChecksumLog;
let options: CollectOptions;

beforeEach(() => {
  log = checksumLog();
  for (let id = 0; id < SIZE; id++) {
    log.add(id === 500 ? { path: "github.com/Example/Upper", version: "v2.0.0+incompatible" } : module(id));
  }
  options = { fetch: async (path) => await log.fetch(path), vkey: log.vkey, modules: wanted };
});

function module(id: number): { path: string; version: string } {
  return { path: `example.com/m${id}`, version: "v1.0.0" };
}

/** A cache in memory. */
function memory(): { files: Map<string, Uint8Array>; cache: CollectOptions["cache"] } {
  const files = new Map<string, Uint8Array>();
  const cache = {
    get: async (key: string) => files.get(key),
    put: async (key: string, data: Uint8Array) => void files.set(key, data),
  };
  return { files, cache };
}

/** The log's answers, changed on the way. */
function tampered(change: (text: string, path: string) => string): CollectOptions["fetch"] {
  return async (path) =>
    Buffer.from(change(Buffer.from(await log.fetch(path)).toString("latin1"), path), "latin1");
}

describe("collectEvidence", () => {
  it("brings what a host can verify, each module once and in the order asked for", async () => {
    const { head, records } = await collectEvidence({ ...options, modules: [...wanted, module(3)] });
    expect([...records.keys()]).toEqual(wanted.map(({ path, version }) => `${path}@${version}`));
    expect([...records.values()].map(({ id }) => id)).toEqual([3, 500, 998]);
    const opened = openTreeHead(head, log.vkey);
    expect(opened.size).toBe(SIZE);
    for (const [name, { id, proof, h1, modH1 }] of records) {
      const [path = "", version = ""] = name.split("@");
      expect(h1).toBe(dirhash(`${path} ${version}`));
      const check = (): void =>
        verifyEvidence({ unit: { path, version, h1, modH1 }, evidence: { id, proof }, head: opened });
      expect(check).not.toThrow();
    }
  });

  it("asks for nothing twice, and never for more than it may at a time", async () => {
    let open = 0;
    let most = 0;
    await collectEvidence({
      ...options,
      modules: Array.from({ length: 60 }, (_, i) => module(i * 7)),
      concurrency: 5,
      fetch: async (path) => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 1));
        open--;
        return await log.fetch(path);
      },
    });
    expect(new Set(log.requests).size).toBe(log.requests.length);
    expect(most).toBe(5);
  });

  it("leads all proofs to the largest head and checks the others against it", async () => {
    log.headOf = (id) => (id === 500 ? 997 : Math.min(id + 300, 999));
    const { head, records } = await collectEvidence(options);
    expect(head).toBe(log.head(999));
    expect(records.size).toBe(3);
  });

  it("tells of every step", async () => {
    const steps: { done: number; total: number }[] = [];
    await collectEvidence({ ...options, onProgress: (step) => steps.push(step) });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6].map((done) => ({ done, total: 6 })));
  });

  it("takes the latest head where nothing is asked for", async () => {
    const { head, records } = await collectEvidence({ ...options, modules: [] });
    expect([head, records.size]).toEqual([log.head(), 0]);
  });
});

describe("with the heads of earlier bundles", () => {
  it("connects them with its own, largest first, each once, and none that is its own", async () => {
    const notes = [log.head(400), log.head(900), log.head(400), log.head(SIZE)];
    const { head, earlier } = await collectEvidence({ ...options, earlier: notes });
    expect(head).toBe(log.head(SIZE));
    expect(earlier.map((each) => each.head)).toEqual([log.head(900), log.head(400)]);
    expect(openHistory({ head, earlier }, log.vkey).map(({ size }) => size)).toEqual([SIZE, 900, 400]);
  });

  it("leads to the largest of them where the answers are older", async () => {
    log.headOf = () => 999;
    const { head, earlier } = await collectEvidence({ ...options, earlier: [log.head(SIZE)] });
    expect([head, earlier]).toEqual([log.head(SIZE), []]);
  });

  it("refuses one of another history", async () => {
    const root = Buffer.from(checksumLog().root(0)).toString("base64");
    const earlier = [log.note(`go.sum database tree\n400\n${root}\n`)];
    await expect(collectEvidence({ ...options, earlier })).rejects.toThrow(REFUSED);
  });
});

describe("with the head of a lock", () => {
  it("gives the same evidence, however far the log has grown", async () => {
    const before = await collectEvidence(options);
    for (let id = SIZE; id < 2 * SIZE; id++) log.add(module(id));
    expect(await collectEvidence({ ...options, head: before.head })).toEqual(before);
    expect((await collectEvidence(options)).head).not.toBe(before.head);
  });

  it("gives it from answers older than that head, too", async () => {
    log.headOf = () => 999;
    const { head, records } = await collectEvidence({ ...options, head: log.head(SIZE) });
    expect([head, records.size]).toEqual([log.head(SIZE), 3]);
  });

  it("refuses a record beyond it, by name", async () => {
    const refused = collectEvidence({ ...options, head: log.head(998) });
    await expect(refused).rejects.toThrow(
      expect.objectContaining({
        code: "LOG_MISMATCH",
        subject: "example.com/m998@v1.0.0",
        found: "record 998",
      }),
    );
  });

  it("refuses a head that is not signed, or of another history", async () => {
    await expect(collectEvidence({ ...options, head: checksumLog().head() })).rejects.toThrow(REFUSED);
    const root = Buffer.alloc(32, 1).toString("base64");
    const fork = log.note(`go.sum database tree\n999\n${root}\n`);
    await expect(collectEvidence({ ...options, head: fork })).rejects.toThrow(REFUSED);
  });
});

describe("a proxy that lies", () => {
  it.each([
    [
      "about the hash of a zip",
      (text: string) => text.replace(/^(\d+\n\S+ \S+) \S+/, `$1 ${dirhash("bad")}`),
    ],
    ["about the hash of a go.mod", (text: string) => text.replace(/(\/go.mod) \S+/, `$1 ${dirhash("bad")}`)],
    ["about the number of a record", (text: string) => text.replace(/^\d+\n(?=example)/, "4\n")],
    ["about the size of the tree", (text: string) => text.replace("\n1000\n", "\n1001\n")],
    ["about a signature", (text: string) => text.replace(/com (\S{20})./, "com $1*")],
    ["by answering with a page", () => "<html>\n"],
    ["by answering with nothing", () => ""],
  ])("%s is refused, and not remembered", async (_, change) => {
    const { files, cache } = memory();
    const fetch = tampered((text, path) => (path.startsWith("lookup/") ? change(text) : text));
    await expect(collectEvidence({ ...options, cache, fetch })).rejects.toThrow(REFUSED);
    expect([...files.keys()].filter((key) => key.includes("lookup/example"))).toEqual([]);
    await expect(collectEvidence({ ...options, cache })).resolves.toHaveProperty("head", log.head());
  });

  it("with the true record of another version is refused", async () => {
    const fetch: CollectOptions["fetch"] = async (path) => await log.fetch(path.replace("m3@", "m4@"));
    await expect(collectEvidence({ ...options, fetch })).rejects.toThrow(
      expect.objectContaining({ code: "LOG_MISMATCH", subject: "example.com/m3@v1.0.0" }),
    );
  });

  it("with a second history, truly signed, is refused", async () => {
    // The database itself lies: one answer comes with the signed head of a tree that has another record 7.
    const root = Buffer.alloc(32, 1).toString("base64");
    const fork = log.note(`go.sum database tree\n600\n${root}\n`);
    const fetch = tampered((text, path) =>
      path.includes("!upper") ? text.replace(/\n\n[^]*$/, `\n\n${latin1(fork)}`) : text,
    );
    await expect(collectEvidence({ ...options, fetch })).rejects.toThrow(
      expect.objectContaining({ code: "LOG_MISMATCH", subject: "tree of 600 records" }),
    );
  });

  it("about any tile is refused, and the tile is not remembered", async () => {
    await collectEvidence(options);
    const tiles = log.requests.filter((path) => path.startsWith("tile/"));
    expect(tiles.length).toBeGreaterThan(3);
    for (const victim of tiles) {
      const { files, cache } = memory();
      const fetch = tampered((text, path) => (path === victim ? `${text.slice(0, -1)}\0` : text));
      await expect(collectEvidence({ ...options, cache, fetch })).rejects.toThrow(REFUSED);
      expect([...files.keys()]).not.toContain(`sum.example.com/${victim}`);
    }
  });
});

describe("a proxy that fails", () => {
  it("to know a module is reported with the module's name", async () => {
    const modules = [...wanted, { path: "example.com/Unknown", version: "v1.2.3" }];
    await expect(collectEvidence({ ...options, modules })).rejects.toThrow(
      expect.objectContaining({ code: "NOT_FOUND", subject: "example.com/Unknown@v1.2.3" }),
    );
  });

  it("to know a toolchain is told how to pass it by, as toolchains cannot be private", async () => {
    const modules = [{ path: "golang.org/toolchain", version: "v0.0.1-go1.27.1.windows-amd64" }];
    await expect(collectEvidence({ ...options, modules })).rejects.toThrow(
      expect.objectContaining({
        next: expect.stringContaining("GOSUMDB='sum.golang.org https://sum.golang.org'"),
      }),
    );
  });

  it("in another way is reported as it is", async () => {
    const down = new GoferryError("NETWORK_UNREACHABLE", { subject: "the proxy", message: "no route" });
    const fetch: CollectOptions["fetch"] = async () => await Promise.reject(down);
    await expect(collectEvidence({ ...options, fetch })).rejects.toBe(down);
  });

  it("is asked nothing more after that", async () => {
    let asked = 0;
    const signals: (AbortSignal | undefined)[] = [];
    const fetch: CollectOptions["fetch"] = async (path, signal) => {
      signals.push(signal);
      if (++asked === 3)
        throw new GoferryError("NETWORK_UNREACHABLE", { subject: path, message: "no route" });
      await new Promise((resolve) => setTimeout(resolve, 20));
      return await log.fetch(path);
    };
    const modules = Array.from({ length: 40 }, (_, i) => module(i));
    await expect(collectEvidence({ ...options, modules, fetch, concurrency: 4 })).rejects.toThrow("no route");
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(asked).toBeLessThan(10);
    expect(signals.every((signal) => signal?.aborted)).toBe(true);
  });

  it("to keep a partial tile may serve the full one that has replaced it", async () => {
    log.headOf = () => 999;
    log.add(module(SIZE));
    for (let id = SIZE + 1; id < 1100; id++) log.add(module(id));
    const fetch: CollectOptions["fetch"] = async (path) => {
      if (path === "tile/8/0/003.p/231")
        throw new GoferryError("NOT_FOUND", { subject: path, message: "gone" });
      return await log.fetch(path);
    };
    await expect(collectEvidence({ ...options, fetch })).resolves.toHaveProperty("head", log.head(999));
    expect(log.requests).toContain("tile/8/0/003");
    const noTile: CollectOptions["fetch"] = async (path) => {
      if (path.startsWith("tile/8/0/003"))
        throw new GoferryError("NOT_FOUND", { subject: path, message: "gone" });
      return await log.fetch(path);
    };
    await expect(collectEvidence({ ...options, fetch: noTile })).rejects.toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
  });
});

it("stops when it is told to", async () => {
  const stop = new AbortController();
  const fetch: CollectOptions["fetch"] = async (path) => {
    if (log.requests.length === 2)
      stop.abort(new GoferryError("INTERRUPTED", { subject: path, message: "stopped" }));
    return await log.fetch(path);
  };
  const collecting = collectEvidence({ ...options, fetch, signal: stop.signal, concurrency: 1 });
  await expect(collecting).rejects.toThrow(expect.objectContaining({ code: "INTERRUPTED" }));
});

it("needs no network for what its cache holds", async () => {
  const { files, cache } = memory();
  const first = await collectEvidence({ ...options, cache });
  const asked = log.requests.length;
  expect(files.size).toBe(asked);
  const read = {
    get: async (key: string) => files.get(key),
    put: async () => await Promise.reject(new Error("put again")),
  };
  expect(await collectEvidence({ ...options, cache: read })).toEqual(first);
  expect(log.requests.length).toBe(asked);
});

it("refuses a key it cannot read", async () => {
  await expect(collectEvidence({ ...options, vkey: "sum.golang.org" })).rejects.toThrow(
    expect.objectContaining({ code: "ARGUMENT_INVALID" }),
  );
});

/** Text in the form that `tampered` works on, one character a byte. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}
