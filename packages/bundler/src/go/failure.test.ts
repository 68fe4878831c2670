import { describe, expect, it } from "vitest";
import { goFailure } from "./failure.ts";

const FAILURE = {
  command: "go mod download",
  subject: "app",
  ended: "exit code 1",
  proxy: "proxy.corp.example:3128",
};

/** What go 1.26 and 1.27 print, and what it means. */
const CASES: {
  name: string;
  stderr: string;
  code: string;
  subject?: string;
  message?: unknown;
  expected?: string;
  found?: string;
  next?: unknown;
}[] = [
  {
    name: "go.sum mismatch",
    stderr: `go: downloading example.com/a v1.6.0
verifying example.com/a@v1.6.0: checksum mismatch
	downloaded: h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=
	go.sum:     h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F1=

SECURITY ERROR
This download does NOT match an earlier download recorded in go.sum.`,
    code: "GO_SUM_MISMATCH",
    subject: "example.com/a@v1.6.0",
    expected: "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F1=",
    found: "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=",
  },
  {
    name: "mismatch with the checksum database",
    stderr: `go: example.com/a@v1.6.0: verifying module: checksum mismatch
	downloaded: h1:aaa=
	sum.example.org: h1:bbb=

SECURITY ERROR`,
    code: "LOG_MISMATCH",
    subject: "example.com/a@v1.6.0",
    expected: "h1:bbb=",
    found: "h1:aaa=",
  },
  {
    name: "a go.mod that does not match go.sum",
    stderr: `verifying example.com/a@v1.6.0/go.mod: checksum mismatch
	downloaded: h1:aaa=
	go.sum:     h1:bbb=`,
    code: "GO_SUM_MISMATCH",
    subject: "example.com/a@v1.6.0/go.mod",
  },
  {
    name: "a go.mod that does not match the checksum database",
    stderr: `go: example.com/a@v1.6.0: verifying go.mod: checksum mismatch
	downloaded: h1:aaa=
	sum.example.org: h1:bbb=`,
    code: "LOG_MISMATCH",
    subject: "example.com/a@v1.6.0/go.mod",
    expected: "h1:bbb=",
  },
  {
    name: "a checksum database that shows two histories",
    stderr: "verifying example.com/a@v1.6.0: SECURITY ERROR\ngo.sum database server misbehavior detected!",
    code: "LOG_MISMATCH",
    subject: "example.com/a@v1.6.0",
  },
  {
    name: "a version that the proxy refuses",
    stderr: `go: example.com/a@v1.99.0: reading https://proxy.example.com/example.com/a/@v/v1.99.0.mod: 403 Forbidden
	server response: This module version is not available.`,
    code: "NOT_FOUND",
    subject: "example.com/a@v1.99.0",
    found:
      "go: example.com/a@v1.99.0: reading https://proxy.example.com/example.com/a/@v/v1.99.0.mod: 403 Forbidden (This module version is not available.)",
  },
  {
    name: "a module that is gone",
    stderr: "go: module example.com/x: reading https://proxy.example.com/example.com/x/@v/list: 410 Gone",
    code: "NOT_FOUND",
    subject: "example.com/x",
  },
  {
    name: "a version that a file proxy does not have",
    stderr:
      "go: rsc.io/quote@v1.5.2: reading file:///p/rsc.io/quote/@v/v1.5.2.mod: no such file or directory",
    code: "NOT_FOUND",
    subject: "rsc.io/quote@v1.5.2",
  },
  {
    name: "a package that is not in its module",
    stderr: "go: module example.com/a@v1.6.0 found, but does not contain package example.com/a/nopkg",
    code: "NOT_FOUND",
    subject: "example.com/a@v1.6.0",
  },
  {
    name: "a revision that git does not know",
    stderr: "go: example.com/a@v9: invalid version: unknown revision v9",
    code: "NOT_FOUND",
    subject: "example.com/a@v9",
  },
  {
    name: "a server that wants a login",
    stderr:
      "go: example.com/a@v1.0.0: reading https://proxy.example.com/example.com/a/@v/v1.0.0.mod: 401 Unauthorized",
    code: "NOT_FOUND",
    subject: "example.com/a@v1.0.0",
  },
  {
    name: "a proxy of the network that wants a login",
    stderr: 'go: example.com/a@v1.0.0: Get "https://p.example.com/x": Proxy Authentication Required',
    code: "PROXY_AUTH_REQUIRED",
    subject: "example.com/a@v1.0.0",
    message: expect.stringContaining("proxy.corp.example:3128"),
  },
  {
    name: "a proxy that refuses git's login",
    stderr: `go: a.b/c@v1.0.0: git ls-remote -q https://a.b/c.git in /w: exit status 128:
	fatal: unable to access 'https://a.b/c.git/': CONNECT tunnel failed, response 407`,
    code: "PROXY_AUTH_REQUIRED",
    subject: "a.b/c@v1.0.0",
  },
  {
    name: "git that would ask for the proxy's login",
    stderr: `go: a.b/c@v1.0.0: git ls-remote -q https://a.b/c.git in /w: exit status 128:
	fatal: could not read Password for 'http://me@proxy.corp.example:3128': terminal prompts disabled`,
    code: "PROXY_AUTH_REQUIRED",
    subject: "a.b/c@v1.0.0",
  },
  {
    name: "a refused connection",
    stderr:
      'go: a.b/c@v1.5.2: Get "http://127.0.0.1:9/a.b/c/@v/v1.5.2.mod": dial tcp 127.0.0.1:9: connect: connection refused',
    code: "NETWORK_UNREACHABLE",
    subject: "a.b/c@v1.5.2",
  },
  {
    name: "an unknown certificate",
    stderr:
      'go: a.b/c@v1.5.2: Get "https://h/x": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    code: "CERTIFICATE_UNTRUSTED",
    subject: "a.b/c@v1.5.2",
    message: "the certificate of h is not trusted",
    next: expect.stringContaining("--ca-file FILE"),
  },
  {
    name: "an expired certificate",
    stderr:
      'go: a.b/c@v1.5.2: Get "https://h:8443/x": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-26T09:18:00Z is after 2021-01-01T00:00:00Z',
    code: "CERTIFICATE_EXPIRED",
    message: "the certificate of h:8443 is not valid at this time",
    next: expect.stringContaining("clock"),
  },
  {
    name: "a certificate for another host",
    stderr:
      'go: a.b/c@v1.5.2: Get "https://h/x": tls: failed to verify certificate: x509: certificate is valid for a.test, not h',
    code: "CERTIFICATE_HOST",
    message: "the certificate of h is for another host",
  },
  {
    name: "a certificate that git with GnuTLS refuses, without saying why",
    stderr: `go: a.b/c@v1.0.0: git ls-remote -q https://a.b/c.git in /w: exit status 128:
	fatal: unable to access 'https://a.b/c.git/': server certificate verification failed. CAfile: none CRLfile: none`,
    code: "CERTIFICATE_UNTRUSTED",
    subject: "a.b/c@v1.0.0",
    next: expect.stringMatching(/--ca-file FILE.*clock/u),
  },
  {
    name: "a certificate for another host, as git has it",
    stderr: `go: a.b/c@v1.0.0: git ls-remote -q https://a.b/c.git in /w: exit status 128:
	fatal: unable to access 'https://a.b/c.git/': SSL: certificate subject name (a.test) does not match target host name 'a.b'`,
    code: "CERTIFICATE_HOST",
    message: "the certificate of a.b is for another host",
  },
  {
    name: "a certificate that git with OpenSSL refuses",
    stderr: `go: a.b/c@v1.0.0: git ls-remote -q https://a.b/c.git in /w: exit status 128:
	fatal: unable to access 'https://a.b/c.git/': SSL certificate problem: unable to get local issuer certificate`,
    code: "CERTIFICATE_UNTRUSTED",
  },
  {
    name: "a server in trouble",
    stderr: "go: a.b/c@v1.5.2: reading https://h/a.b/c/@v/v1.5.2.zip: 502 Bad Gateway",
    code: "NETWORK_UNREACHABLE",
    subject: "a.b/c@v1.5.2",
  },
  {
    name: "a disk that is full",
    stderr: "go: a.b/c@v1.0.0: write /w/modcache/x.zip: no space left on device",
    code: "DISK_FULL",
    subject: "app",
  },
  {
    name: "a go.mod that needs a newer Go",
    stderr: "go: go.mod requires go >= 1.99 (running go 1.26.8; GOTOOLCHAIN=local)",
    code: "GO_TOO_OLD",
    subject: "app",
    expected: "go 1.99 or newer",
    found: "go 1.26.8",
  },
  {
    name: "a module that needs a newer Go",
    stderr:
      "go: a.b/gopls@v0.24.0: module a.b/gopls@v0.24.0 requires go >= 1.27.0 (running go 1.26.8; GOTOOLCHAIN=local)",
    code: "GO_TOO_OLD",
    subject: "a.b/gopls@v0.24.0",
  },
  {
    name: "a go.sum without an entry",
    stderr: `a.go:2:8: missing go.sum entry for module providing package a.b/uuid (imported by a); to add:
	go get a`,
    code: "GO_SUM_MISSING",
    subject: "app",
    expected: "an entry for a.b/uuid",
  },
  {
    name: "a go.mod that is broken",
    stderr: "go: errors parsing go.mod:\ngo.mod:3: unknown directive: requre",
    code: "PROJECT_INVALID",
    subject: "app",
    found: "go: errors parsing go.mod:\ngo.mod:3: unknown directive: requre",
  },
  {
    name: "a package without a module",
    stderr: "a.go:2:8: no required module provides package a.b/uuid; to add it:\n\tgo get a.b/uuid",
    code: "PROJECT_INVALID",
  },
  {
    name: "a module under another path",
    stderr: `go: a.b/c@v1.0.0: parsing go.mod:
	module declares its path as: x.y/c
	        but was required as: a.b/c`,
    code: "MODULE_INVALID",
    subject: "a.b/c",
    expected: "a.b/c",
    found: "x.y/c",
  },
  {
    name: "a replacement that is not there",
    stderr:
      "go: a.b/lib@v0.0.0 (replaced by ../lib): reading ../lib/go.mod: open /x/lib/go.mod: no such file or directory",
    code: "REPLACE_OUT_OF_REACH",
    subject: "app",
    expected: "the module a.b/lib@v0.0.0 in ../lib",
  },
  {
    name: "a replacement that is not there, as tidy says it",
    stderr: "go: a imports\n\ta.b/lib: a.b/lib@v0.0.0: replacement directory ../lib does not exist",
    code: "REPLACE_OUT_OF_REACH",
    expected: "the module a.b/lib@v0.0.0 in ../lib",
  },
  {
    name: "something else",
    stderr: "x\n".repeat(40),
    code: "GO_FAILED",
    subject: "app",
    found: "x\n".repeat(12).trim(),
  },
  { name: "nothing at all", stderr: "", code: "GO_FAILED", found: "exit code 1" },
];

describe("goFailure", () => {
  for (const { name, stderr, ...wanted } of CASES) {
    it(`recognises ${name}`, () => {
      const error = goFailure({ ...FAILURE, stderr });
      expect(error).toMatchObject(wanted);
      expect(error.next).toBeDefined();
    });
  }
});
