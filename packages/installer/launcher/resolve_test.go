package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root makes files by their names in a root, and returns its path.
func root(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestResolve(t *testing.T) {
	program := strings.Repeat("MZ\x00goferry-link: no\n", 100)
	tests := []struct {
		name, launcher, current string
		want, wrong             string
	}{
		{"a version", program + "\ngoferry-link: ../sdk/go1.26.8/bin/go.exe\n", "", "sdk/go1.26.8/bin/go.exe", ""},
		{"the current one", program + "\ngoferry-link: ../current/bin/gofmt.exe\n", "goferry-link: sdk/go1.27.1\n", "sdk/go1.27.1/bin/gofmt.exe", ""},
		{"no current one", program + "\ngoferry-link: ../current/bin/go.exe\n", "", "", "current"},
		{"a current one that was written half", program + "\ngoferry-link: ../current/bin/go.exe\n", "goferry-link: sdk/go1", "", "does not say where it leads"},
		{"no target", strings.Repeat("MZ", 1000), "", "", "does not say where it leads"},
		{"an empty file", "", "", "", "does not say where it leads"},
		{"a text after the target", program + "\ngoferry-link: ../sdk/go1/bin/go.exe\nmore\n", "", "", "does not say where it leads"},
		{"a target outside", program + "\ngoferry-link: ../../go.exe\n", "", "", "leads out of its root"},
		{"an absolute target", program + "\ngoferry-link: /go.exe\n", "", "", "leads out of its root"},
		{"a current one outside", program + "\ngoferry-link: ../current/bin/go.exe\n", "goferry-link: ../other\n", "", "leads out of its root"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"bin/go.exe": test.launcher}
			if test.current != "" {
				files["current"] = test.current
			}
			dir := root(t, files)
			got, err := resolve(filepath.Join(dir, "bin", "go.exe"))
			switch {
			case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
				t.Errorf("resolve gives %q, %v; want an error with %q", got, err, test.wrong)
			case test.wrong == "" && (err != nil || got != filepath.Join(dir, filepath.FromSlash(test.want))):
				t.Errorf("resolve gives %q, %v; want %q", got, err, test.want)
			}
		})
	}
}
