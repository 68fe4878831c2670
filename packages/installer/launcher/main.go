// Launcher is bin\go.exe, bin\gofmt.exe and bin\go1.27.1.exe of a root on Windows, where a symbolic link needs a privilege
// that users do not have. It starts the program that its own file names in its last line, by the path that this leads to,
// and is as little there as can be: the command line, the console, the environment and the exit code are that program's.
//
// The line is "goferry-link: TARGET", with slashes and relative to the folder of the file; the installer writes it behind
// the program (launch-link.ts). A target that goes through ../current goes through the file of that name, which has such a
// line itself: `goferry use` replaces that one file, and a build that is running keeps the Go it began with.
package main

import (
	"os"
	"path/filepath"
)

func main() {
	own, err := os.Executable()
	if err != nil {
		fail("cannot tell where this program lies: " + err.Error())
	}
	target, err := resolve(own)
	if err != nil {
		fail(err.Error())
	}
	start(target)
}

// fail is for what only a damaged root can cause, so it names what mends one.
func fail(reason string) {
	name := "go"
	if len(os.Args) > 0 {
		name = filepath.Base(os.Args[0])
	}
	os.Stderr.WriteString(name + ": " + reason + "\n  next: goferry check names what is wrong with this root, goferry repair mends it\n")
	os.Exit(127)
}
