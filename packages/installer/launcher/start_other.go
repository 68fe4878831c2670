//go:build !windows

package main

import (
	"os"
	"syscall"
)

// start becomes the program: no launcher is installed on these systems, but what it does can be tried there.
func start(program string) {
	if err := syscall.Exec(program, os.Args, os.Environ()); err != nil {
		fail("cannot start " + program + ": " + err.Error())
	}
}
