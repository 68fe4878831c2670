// Hosts as their administrators know them: the demo's bundle, installed by the stand-alone executable in a Debian that has
// nothing, by root for everybody and by a user for himself. The whole file system is compared before and after: what
// changes outside of a root is what docs/HOSTS.md says, and goferry uninstall, or its lines for a user, take all of it back.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { carry, type Medium } from "../kit/medium.ts";
import { findMinbase } from "../kit/minbase.ts";
import { PLAIN_PATH, type GoferryJson } from "../kit/run-goferry.ts";
import { NOBODY } from "../kit/unprivileged.ts";

const demo = inject("demo");
const minbase = await findMinbase();
const docs = new URL("../../packages/goferry/docs/HOSTS.md", import.meta.url);

let medium: Medium;
let scripts: string;

beforeAll(async () => {
  medium = await carry(demo);
  scripts = join(medium.path, "scripts");
  await mkdir(scripts);
  await writeFile(join(scripts, "common.sh"), COMMON);
  const removing = (await readFile(docs, "utf8")).split("\n## Removing\n")[1] ?? "";
  const [, ofUser = ""] = [...removing.matchAll(/^```sh\n([^]*?)^```$/gmu)].map(([, lines = ""]) => lines);
  await writeFile(join(scripts, "remove-user.sh"), ofUser);
});
afterAll(() => medium[Symbol.asyncDispose]());

/** What the scripts below share. */
const COMMON = `
set -eu
# Every file of the system with what can be seen of it; of folders not their time, which a lock or a rename changes.
look() {
  find / -xdev \\( -path /proc -o -path /dev -o -path /tmp -o -path /sys \\) -prune -o \\
    -type d -printf '%y %m %U:%G %p\\n' -o -printf '%y %m %U:%G %s %T@ %p %l\\n' | sort >"/tmp/$1"
}
# The paths that differ between two looks, those below the third word left out.
changed() {
  comm -3 "/tmp/$1" "/tmp/$2" | grep -o ' /[^ ]*' | sort -u | grep -v "^ \${3:-/none}/" || true
}
install() { /medium/goferry install /medium/demo.tar --key /medium/public.asc --json "$@"; }
nobody() { setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups env -i "HOME=$1" "PATH=$2" sh -euc "$3"; }
`;

/** Runs a script as root; gives what it printed after each line "== NAME", by that name. */
async function inMinbase(script: string): Promise<Record<string, string>> {
  const result = await minbase?.run(["sh", "-c", `. /scripts/common.sh\n${script}`], {
    bind: { "/medium": dirname(medium.bundle), "/project": demo.project, "/scripts": scripts },
    readOnly: ["/medium", "/project", "/scripts"],
    prepare: `mkdir "$ROOT/home/other" && chown ${NOBODY}:${NOBODY} "$ROOT/home/other"`,
    env: { HOME: "/root", PATH: `/usr/local/bin:${PLAIN_PATH}` },
  });
  if (result?.code !== 0) throw new Error(`the script failed:\n${result?.stdout}\n${result?.stderr}`);
  const sections = result.stdout.split(/^== (.*)\n/mu).slice(1);
  return Object.fromEntries(
    sections.flatMap((name, index) => (index % 2 === 0 ? [[name, sections[index + 1] ?? ""]] : [])),
  );
}

const lines = (text: string | undefined): string[] =>
  (text ?? "")
    .trim()
    .split("\n")
    .map((line) => line.trim());

const json = (text: string | undefined): GoferryJson => JSON.parse(text ?? "{}") as GoferryJson;

const SET_UP = [
  "/etc/profile.d/goferry.sh",
  "/usr/local/bin/go",
  "/usr/local/bin/goferry",
  "/usr/local/bin/gofmt",
];

describe.skipIf(minbase === undefined)("a machine that root installs on", () => {
  it("is set up for everybody, who can build and change nothing, and is mended, and is as before when all is uninstalled", async () => {
    const said = await inMinbase(`
if command -v node || command -v go; then exit 1; fi
look before
umask 077
echo == dry; install --dry-run
look dry; echo == dry-changed; changed before dry
echo == first; install
look after; echo == changed; changed before after /opt/goferry
umask 022
echo == again; install
echo == list; goferry list
echo == named; install --root /srv/go

cp -r /project /home/other/app && chown -R ${NOBODY} /home/other/app
look built
for bin in /usr/local/bin /srv/go/bin; do
  nobody /home/other "$bin:${PLAIN_PATH}" '
    cd ~/app
    go version && go env GOMODCACHE && go mod download && go build -o ~/demo . && ~/demo --lang de
    find /opt/goferry /srv/go ! -type l -writable
    for act in "touch /opt/goferry/mod/x" "rm -r /opt/goferry/mod/cache" "chmod u+w /opt/goferry/sdk" \\
      "touch /srv/go/bin/go" "go env -w GOROOT=/x" "goferry install /medium/demo.tar --key /medium/public.asc --root /opt/goferry"
    do if $act 2>/dev/null; then echo "done: $act"; fi; done' >"/tmp/used-$(dirname "$bin" | tr / -)"
done
look used
echo == used; cat /tmp/used--usr-local
echo == used-named; cat /tmp/used--srv-go
echo == used-changed; changed built used /home/other
echo == login; env -i HOME=/tmp/login sh -c '. /etc/profile; command -v go; go version'

echo == check; goferry check --json
rm /opt/goferry/bin/gofmt /etc/profile.d/goferry.sh; printf x >>/opt/goferry/sdk/go1.27.1/src/fmt/print.go
echo == drift; goferry check --quick --json || echo "exit $?"
echo == repair; goferry repair /medium/demo.tar --key /medium/public.asc --json
echo == mended; goferry check --json
echo == gone; /medium/goferry uninstall --all --json; /medium/goferry uninstall --all --root /srv/go --quiet
rm -rf /home/other/demo /home/other/app /home/other/.cache /home/other/.config
look removed; echo == left; changed before removed
`);
    expect(json(said["dry"])).toMatchObject({ changed: true, dryRun: true, root: "/opt/goferry" });
    expect(said["dry-changed"]).toBe("");
    expect(lines(said["changed"])).toEqual([...SET_UP.slice(0, 1), "/opt/goferry", ...SET_UP.slice(1)]);
    for (const path of SET_UP) {
      expect(json(said["dry"])["changes"]).toContainEqual(expect.stringMatching(`^${path}: `));
      expect(json(said["first"])["changes"]).toContainEqual(expect.stringMatching(`^${path}: `));
    }
    expect(json(said["first"])).toMatchObject({ changed: true, findings: [], overrides: [] });
    expect(json(said["again"])).toMatchObject({ changed: false, changes: [], findings: [] });
    expect(json(said["named"])).toMatchObject({
      changed: true,
      root: "/srv/go",
      findings: [{ code: "OTHER_GO", subject: "/usr/local/bin/go" }],
    });
    expect(said["list"]).toMatch(/^\/opt\/goferry, generation 1\n/u);
    const use = (root: string): string[] => [
      expect.stringMatching(/^go version go1\.27\.1 /u),
      `${root}/mod`,
      expect.stringContaining("Offline Harbor"),
    ];
    expect(lines(said["used"]).slice(0, 3)).toEqual(use("/opt/goferry"));
    expect(lines(said["used-named"]).slice(0, 3)).toEqual(use("/srv/go"));
    for (const used of [said["used"], said["used-named"]]) {
      // Nothing could be written or done, though each user may have settings of his own.
      expect(lines(used).filter((line) => line.startsWith("/opt") && line !== "/opt/goferry/mod")).toEqual(
        [],
      );
      expect(lines(used).filter((line) => line.startsWith("done: "))).toEqual([]);
    }
    expect(said["used-changed"]).toBe("");
    expect(lines(said["login"])).toEqual(["/opt/goferry/bin/go", expect.stringContaining("go1.27.1")]);
    expect(json(said["check"])).toMatchObject({ clean: true, findings: [] });
    const drifts = [
      { code: "FILE_MISSING", subject: "/etc/profile.d/goferry.sh" },
      { code: "FILE_MISSING", subject: "/opt/goferry/bin/gofmt" },
      { code: "FILE_CHANGED", subject: "/opt/goferry/sdk/go1.27.1/src/fmt/print.go" },
    ];
    expect(json(lines(said["drift"])[0])).toMatchObject({ clean: false, findings: drifts });
    expect(lines(said["drift"]).at(-1)).toBe("exit 3");
    expect(json(said["repair"])).toMatchObject({ changed: true, mended: drifts, left: [] });
    expect(json(said["mended"])).toMatchObject({ clean: true });
    expect(json(said["gone"])).toMatchObject({ root: "/opt/goferry", rootGoes: true, left: [] });
    expect(said["left"]).toBe("");
  });

  it("keeps what somebody else put there, says which Go wins, and turns its own links", async () => {
    const said = await inMinbase(`
mkdir -p /usr/lib/go/bin && printf 'go1.19.8\\n' >/usr/lib/go/VERSION
printf '#!/bin/sh\\necho distribution\\n' >/usr/lib/go/bin/go && chmod 755 /usr/lib/go/bin/go
ln -s ../lib/go/bin/go /usr/bin/go
echo '# theirs' >/etc/profile.d/goferry.sh
echo theirs >/usr/local/bin/gofmt
look before
echo == first; install
look after; echo == changed; changed before after /opt/goferry
echo == wins; command -v go; go version
rm /etc/profile.d/goferry.sh /usr/local/bin/gofmt
echo == mended; install
echo == turned; install --root /srv/go --path profile
readlink /usr/local/bin/go /usr/local/bin/gofmt /usr/local/bin/goferry
grep -c '^# >>> goferry' /etc/profile.d/goferry.sh; grep -o '/srv/go/bin' /etc/profile.d/goferry.sh | head -n 1
`);
    const first = json(said["first"]);
    expect(first).toMatchObject({ changed: true });
    expect(first["findings"]).toEqual([
      expect.objectContaining({
        code: "OTHER_GO",
        subject: "/usr/bin/go",
        message: expect.stringMatching(/\(go1\.19\.8\).* after /u),
      }),
      expect.objectContaining({ code: "PATH_OCCUPIED", subject: "/etc/profile.d/goferry.sh" }),
      expect.objectContaining({ code: "PATH_OCCUPIED", subject: "/usr/local/bin/gofmt" }),
    ]);
    expect(lines(said["changed"])).toEqual(["/opt/goferry", "/usr/local/bin/go", "/usr/local/bin/goferry"]);
    expect(lines(said["wins"])).toEqual(["/usr/local/bin/go", expect.stringContaining("go1.27.1")]);
    expect(json(said["mended"])).toMatchObject({
      changed: true,
      changes: [expect.any(String), expect.any(String)],
    });
    expect(lines(said["turned"]).slice(1)).toEqual([
      "/srv/go/bin/go",
      "/srv/go/bin/gofmt",
      "/srv/go/bin/goferry",
      "1",
      "/srv/go/bin",
    ]);
  });
});

describe.skipIf(minbase === undefined)("a user who installs for himself", () => {
  it("gets one block in each start-up file, and all is as before when it is removed by hand", async () => {
    const said = await inMinbase(`
cd /home/other
mkdir dotfiles
printf 'A=1\\r\\nexport A\\r\\nB=2' >dotfiles/profile
ln -s dotfiles/profile .profile
printf 'alias ll=ls\\n' >.bashrc
printf '. ~/.profile\\n' >.bash_profile
chown -hR ${NOBODY}:${NOBODY} . && cp -a . /tmp/home
look before
run() { nobody /home/other ${PLAIN_PATH} "/medium/goferry install /medium/demo.tar --key /medium/public.asc --json $1"; }
chmod 444 .bashrc
echo == refused; run '--path profile' || echo "exit $?"
chmod 644 .bashrc
look refused; echo == refused-changed; changed before refused
echo == plain; run ''
look plain; echo == plain-changed; changed before plain /home/other/.local/share/goferry
echo == first; run '--path profile'
look first; echo == first-changed; changed plain first /home/other/.local/share/goferry
echo == again; run '--path profile'
look again; echo == again-changed; changed first again /home/other/.local/share/goferry/state
echo == blocks; grep -c '^# >>> goferry' .profile .bashrc .bash_profile
echo == link; readlink .profile; stat -c %U:%G:%a dotfiles/profile
echo == login; nobody /home/other ${PLAIN_PATH} 'bash -lc "command -v go; go version; goferry --version" 2>/dev/null'
nobody /home/other ${PLAIN_PATH} 'sh /scripts/remove-user.sh'
printf '\\n' >>/tmp/home/dotfiles/profile
rm -r .config; find . -type d -empty -delete
echo == left; diff -r --no-dereference /tmp/home /home/other && ls -A
`);
    expect(lines(said["refused"]).at(-1)).toBe("exit 4");
    expect(json(lines(said["refused"])[0])).toMatchObject({
      error: { code: "PROFILE_NOT_WRITABLE", subject: "/home/other/.bashrc" },
    });
    expect(said["refused-changed"]).toBe("");
    expect(json(said["plain"])).toMatchObject({ root: "/home/other/.local/share/goferry", findings: [] });
    expect(lines(said["plain-changed"])).toEqual([
      "/home/other/.local",
      "/home/other/.local/share",
      "/home/other/.local/share/goferry",
    ]);
    expect(json(said["first"])).toMatchObject({ changed: true });
    expect(lines(said["first-changed"])).toEqual([
      "/home/other/.bash_profile",
      "/home/other/.bashrc",
      "/home/other/dotfiles/profile",
    ]);
    expect(json(said["again"])).toMatchObject({ changed: false, changes: [] });
    expect(said["again-changed"]).toBe("");
    expect(lines(said["blocks"])).toEqual([".profile:1", ".bashrc:1", ".bash_profile:1"]);
    expect(lines(said["link"])).toEqual(["dotfiles/profile", "nobody:nogroup:644"]);
    expect(lines(said["login"])).toEqual([
      "/home/other/.local/share/goferry/bin/go",
      expect.stringContaining("go1.27.1"),
      expect.stringMatching(/^goferry \d/u),
    ]);
    expect(lines(said["left"]).toSorted()).toEqual([".bash_profile", ".bashrc", ".profile", "dotfiles"]);
  });
});
