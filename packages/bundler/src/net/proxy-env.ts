// Which HTTP proxy a request goes through. The rules are those of the go command (golang.org/x/net/http/httpproxy),
// because `go mod download` runs beside us: what one of the two reaches, the other must reach too. They differ from
// those of curl and of npm's proxy-from-env, which reads process.env besides: a name in NO_PROXY covers its subdomains,
// address ranges work, localhost never goes through a proxy, and ALL_PROXY means nothing.
import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";

import { GoferryError } from "@goferry/core";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for `url` by HTTPS_PROXY or HTTP_PROXY and NO_PROXY (or their lower-case twins, which come second), or
 * undefined where none is to be used. The proxy's URL may hold a password: redact it before it is shown.
 * @throws GoferryError ARGUMENT_INVALID where the variable is no http or https URL; its value is not repeated.
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  const variable = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = read(env, variable);
  if (value === "" || bypasses(url, read(env, "NO_PROXY"))) return undefined;
  return parseProxy(variable, value);
}

/** HOST:PORT of the proxy for https servers, or else of that for http, for a message; undefined where none is set. */
export function proxyHost(env: Environment): string | undefined {
  const value = read(env, "HTTPS_PROXY") || read(env, "HTTP_PROXY");
  const text = value.includes("://") ? value : `http://${value}`;
  return URL.canParse(text) ? new URL(text).host || undefined : undefined;
}

function read(env: Environment, name: string): string {
  return (env[name] || env[name.toLowerCase()] || "").trim();
}

function parseProxy(variable: string, value: string): URL {
  const text = value.includes("://") ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy !== undefined && proxy.hostname !== "" && /^https?:$/u.test(proxy.protocol)) return proxy;
  throw new GoferryError("ARGUMENT_INVALID", {
    subject: variable,
    message: "the proxy setting cannot be used",
    expected: "http://HOST:PORT or https://HOST:PORT",
    found: proxy === undefined ? "something else" : `a URL of the scheme ${proxy.protocol.slice(0, -1)}`,
    next: `Set ${variable} to an HTTP proxy, or name the server in NO_PROXY.`,
  });
}

/** True where a request does not go through a proxy: loopback, or covered by the NO_PROXY list. */
function bypasses(url: URL, list: string): boolean {
  const host = bareHost(url.hostname);
  if (host === "localhost" || (isIP(host) !== 0 && LOOPBACK.check(host, family(host)))) return true;
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return list
    .toLowerCase()
    .split(",")
    .map((entry) => entry.trim())
    .some((entry) => entry !== "" && covers(entry, host, port));
}

/** One entry of the list, in lower case. Source: golang.org/x/net/http/httpproxy, config.init. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  const range = /^(?<network>[0-9a-f.:]+)\/(?<bits>\d{1,3})$/u.exec(entry)?.groups;
  if (range !== undefined) return inRange(host, range["network"] ?? "", Number(range["bits"]));
  const { name, port: onlyPort } = splitPort(entry);
  if (name === "" || (onlyPort !== "" && onlyPort !== port)) return false;
  if (isIP(name) !== 0 || isIP(host) !== 0) return sameAddress(name, host);
  // A URL has the ASCII form of a name with other letters.
  const ascii = /^[\0-\x7f]*$/u.test(name) ? name : domainToASCII(name);
  const domain = ascii.startsWith("*.") ? ascii.slice(1) : ascii;
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

/** As net.SplitHostPort of Go; what that refuses is a name without a port. */
function splitPort(entry: string): { name: string; port: string } {
  const parts = /^(?:\[(?<address>[^[\]]*)\]|(?<host>[^:[\]]*)):(?<port>[^:[\]]*)$/u.exec(entry)?.groups;
  if (parts === undefined) return { name: entry, port: "" };
  return { name: parts["address"] ?? parts["host"] ?? "", port: parts["port"] ?? "" };
}

function bareHost(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/gu, "");
}

function family(host: string): "ipv4" | "ipv6" {
  return isIP(host) === 6 ? "ipv6" : "ipv4";
}

function inRange(host: string, network: string, bits: number): boolean {
  if (isIP(host) === 0 || isIP(network) === 0 || network.includes("%")) return false;
  if (bits > (isIP(network) === 6 ? 128 : 32)) return false;
  // ::/0 has no IPv4 address in it, to Go.
  if (isIP(network) === 6 && isFour(host) && !(isFour(network) && bits >= 96)) return false;
  const range = new BlockList();
  range.addSubnet(network, bits, family(network));
  return range.check(host, family(host));
}

/** An IPv4 address, also as ::ffff:10.1.2.3. */
function isFour(address: string): boolean {
  return isIP(address) === 4 || MAPPED.check(address, "ipv6");
}

function sameAddress(one: string, other: string): boolean {
  return inRange(other, one, isIP(one) === 6 ? 128 : 32);
}

const MAPPED = new BlockList();
MAPPED.addSubnet("::ffff:0:0", 96, "ipv6");

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");
