// Projects of every kind, as teams have them: made with the go on PATH and modules from the module proxy of this machine,
// the way a developer would, so that each go.mod, go.sum and vendor folder is what Go itself writes.

import { execFile } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeFiles, type BundlerGo } from "../kit/bundler-go.ts";

/** The tool of the workspace, the package of it and its version. */
const STRINGER = "golang.org/x/tools/cmd/stringer@v0.52.0";

/** Makes all projects in the new folder `src`, each in a folder of its own. */
export async function makeSources(src: string, go: BundlerGo): Promise<void> {
  const make = new Developer(src, go);
  await makeWorkspace(make);
  await makeRootWorkspace(make);
  await makeReplacing(make);
  await makeVendored(make);
  await makeNested(make);
  await makeTagged(make);
  await makeCgo(make);
  await makeEmbedding(make);
  await makeNewer(make);
}

class Developer {
  readonly src: string;
  readonly #go: BundlerGo;

  constructor(src: string, go: BundlerGo) {
    this.src = src;
    this.#go = go;
  }

  async write(files: Record<string, string>): Promise<void> {
    await writeFiles(this.src, files);
  }

  /** Runs go in a folder of the sources, without a workspace. */
  async go(folder: string, ...args: string[]): Promise<void> {
    const env = {
      ...process.env,
      GOPROXY: this.#go.goproxy,
      GOWORK: "off",
      GOFLAGS: "",
      GOTOOLCHAIN: "local",
    };
    await promisify(execFile)("go", args, { cwd: join(this.src, folder), env });
  }
}

const mod = (name: string, ...lines: string[]): string =>
  [`module example.com/${name}`, "", "go 1.26.0", ...lines, ""].join("\n");

/** A go.work alone, two modules; one has a tool directive and imports the other, which only the workspace provides. */
async function makeWorkspace(make: Developer): Promise<void> {
  await make.write({
    "ws/go.work": "go 1.26.0\n\nuse (\n\t./app\n\t./lib\n)\n",
    "ws/app/go.mod": mod("ws/app"),
    "ws/lib/go.mod": mod("ws/lib"),
    "ws/lib/lib.go": "// Package lib counts.\npackage lib\n\n// Count is how many.\nconst Count = 3\n",
    "ws/app/app_test.go":
      'package main\n\nimport (\n\t"testing"\n\n\t"github.com/google/go-cmp/cmp"\n)\n\nfunc TestText(t *testing.T) {\n\tif diff := cmp.Diff("a", text()[:1]); diff != "" {\n\t\tt.Log(diff)\n\t}\n}\n',
    "ws/app/go.go": 'package main\n\nfunc text() string { return "text" }\n',
  });
  await make.go("ws/app", "get", "-tool", STRINGER);
  await make.go("ws/app", "get", "github.com/google/go-cmp@v0.7.0");
  await make.go("ws/app", "mod", "tidy");
  await make.write({
    "ws/app/cargo.go":
      'package main\n\nimport (\n\t"fmt"\n\n\t"example.com/ws/lib"\n)\n\n//go:generate go tool stringer -type=Cargo\n\n// Cargo is what is carried.\ntype Cargo int\n\n// What there is.\nconst (\n\tSteel Cargo = iota\n\tTimber\n)\n\nfunc main() { fmt.Println(Timber, lib.Count) }\n',
  });
}

/** A go.work beside a go.mod, with a replace of its own. */
async function makeRootWorkspace(make: Developer): Promise<void> {
  await make.write({
    "root/go.work":
      "go 1.26.0\n\ntoolchain go1.26.8\n\nuse (\n\t.\n\t./sub\n)\n\nreplace example.com/far => ../shared/far\n",
    "root/go.mod": mod("root", "", "require example.com/far v1.0.0"),
    "root/root.go":
      'package main\n\nimport (\n\t"example.com/far"\n\t"example.com/root/sub"\n)\n\nfunc main() { println(sub.Name, far.Name) }\n',
    "root/sub/go.mod": mod("root/sub"),
    "root/sub/sub.go": 'package sub\n\nconst Name = "sub"\n',
    "shared/far/go.mod": mod("far"),
    "shared/far/far.go": 'package far\n\nconst Name = "far"\n',
  });
}

/** Replaced by folders inside and outside the project; the outer one has a requirement of its own. */
async function makeReplacing(make: Developer): Promise<void> {
  await make.write({
    "replacing/go.mod": mod(
      "replacing",
      "",
      "replace example.com/inside => ./inside",
      "",
      "replace example.com/outside => ../shared/outside",
      "",
      "replace example.com/unused => ../nowhere",
      "",
      "require golang.org/x/sync v0.23.0 // indirect",
    ),
    "replacing/main.go":
      'package main\n\nimport (\n\t"example.com/inside"\n\t"example.com/outside"\n)\n\nfunc main() { println(inside.Name, outside.Run()) }\n',
    "replacing/inside/go.mod": mod("inside"),
    "replacing/inside/inside.go": 'package inside\n\nconst Name = "inside"\n',
    "shared/outside/go.mod": mod("outside", "", "require golang.org/x/sync v0.23.0"),
    "shared/outside/outside.go":
      'package outside\n\nimport "golang.org/x/sync/errgroup"\n\n// Run runs.\nfunc Run() bool {\n\tvar group errgroup.Group\n\tgroup.Go(func() error { return nil })\n\treturn group.Wait() == nil\n}\n',
  });
  await make.go("replacing", "mod", "tidy");
}

/** With a vendor folder, and an older version of a module that the workspace uses too. */
async function makeVendored(make: Developer): Promise<void> {
  await make.write({
    "vendored/go.mod": mod("vendored", "", "require github.com/google/go-cmp v0.6.0"),
    "vendored/main.go":
      'package main\n\nimport "github.com/google/go-cmp/cmp"\n\nfunc main() { println(cmp.Equal(1, 1)) }\n',
  });
  await make.go("vendored", "mod", "tidy");
  await make.go("vendored", "mod", "vendor");
}

/** A module below the project that is no part of it, and could not be built. */
async function makeNested(make: Developer): Promise<void> {
  await make.write({
    "nested/go.mod": mod("nested"),
    "nested/nested.go": 'package nested\n\nconst Name = "nested"\n',
    "nested/broken/go.mod": mod("broken", "", "require example.invalid/nowhere v1.0.0"),
    "nested/broken/broken.go": "package broken\n\nconst Name = missing\n",
    "nested/testdata/bad.go": "not Go\n",
  });
}

/** Some packages, with a tag, for a platform that nobody installs Go on, without cgo. */
async function makeTagged(make: Developer): Promise<void> {
  await make.write({
    "tagged/go.mod": mod("tagged", "", "require golang.org/x/mod v0.40.0"),
    "tagged/cmd/tagged/main.go": "package main\n\nfunc main() { println(version()) }\n",
    "tagged/cmd/tagged/special.go":
      '//go:build special\n\npackage main\n\nimport (\n\t_ "net"\n\n\t"golang.org/x/mod/semver"\n)\n\nfunc version() string { return semver.Major("v2.1.0") }\n',
    "tagged/broken/broken.go": "package broken\n\nconst Name = missing\n",
  });
  await make.go("tagged", "mod", "tidy");
}

async function makeCgo(make: Developer): Promise<void> {
  await make.write({
    "withcgo/go.mod": mod("withcgo"),
    "withcgo/main.go":
      'package main\n\n// static int twice(int n) { return 2 * n; }\nimport "C"\n\nfunc main() { println(C.twice(21)) }\n',
  });
}

/** Embedded files with names that a copy might leave out, and a file of the package that is a link out of the project. */
async function makeEmbedding(make: Developer): Promise<void> {
  await make.write({
    "embedding/go.mod": mod("embedding"),
    "embedding/main.go":
      'package main\n\nimport (\n\t"embed"\n\t"io/fs"\n)\n\n//go:embed all:data .env .gitignore .github\nvar files embed.FS\n\nfunc main() {\n\tcount := 0\n\t_ = fs.WalkDir(files, ".", func(_ string, entry fs.DirEntry, _ error) error {\n\t\tif !entry.IsDir() {\n\t\t\tcount++\n\t\t}\n\t\treturn nil\n\t})\n\tprintln(count, Linked, Within)\n}\n',
    "embedding/.env": "A=1\n",
    "embedding/.gitignore": "/out\n",
    "embedding/.github/workflows/ci.yml": "on: push\n",
    "embedding/data/.gitkeep": "",
    "embedding/data/_hidden/.x": "x",
    "embedding/data/git/config": "x",
    "embedding/data/node_modules/a.js": "x",
    "embedding/testdata/.git/HEAD": "ref: refs/heads/main\n",
    "embedding/within.txt": 'package main\n\nconst Within = "within"\n',
    "shared/linked.go": 'package main\n\nconst Linked = "linked"\n',
  });
  await symlink("../shared/linked.go", join(make.src, "embedding", "linked.go"));
  await symlink("within.txt", join(make.src, "embedding", "within.go"));
  await mkdir(join(make.src, "embedding", "empty"));
}

/** The project that decides the Go version of the bundle. */
async function makeNewer(make: Developer): Promise<void> {
  await make.write({
    "newer/go.mod": "module example.com/newer/v2\n\ngo 1.27.0\n\ntoolchain go1.27.1\n",
    "newer/main.go": 'package main\n\nimport "runtime"\n\nfunc main() { println(runtime.Version()) }\n',
  });
}
