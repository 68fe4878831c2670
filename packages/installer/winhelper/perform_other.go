//go:build !windows

package main

// perform has nothing to call here; the package builds everywhere so that vet and the tests of serve run everywhere.
func perform(c call) (any, *failure) {
	return nil, &failure{Code: 120, In: c.Do, Text: "this is no Windows"}
}
