// Package testdata finds the test material that tests of several packages share. What lies beside it is the project's own; the rest is
// not part of the repository.
package testdata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Shared returns the path of parts within the folder of shared test material: the variable CAMEO_SHARED names it, else it stands beside
// the repository. It skips the test if there is no such folder or file.
func Shared(t testing.TB, parts ...string) string {
	t.Helper()
	root := os.Getenv("CAMEO_SHARED")
	if root == "" {
		dir, err := filepath.Abs(".")
		if err != nil {
			t.Fatal(err)
		}
		for !isModule(dir) {
			up := filepath.Dir(dir)
			if up == dir {
				t.Fatal("no go.mod above the test")
			}
			dir = up
		}
		root = filepath.Join(dir, "..", "shared")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no test material: set CAMEO_SHARED, or put it at ../shared (%v)", err)
	}
	return path
}

// Files returns the files that a pattern names, of which there must be at least so many, by their names without extension.
func Files(t testing.TB, pattern string, least int) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) < least {
		t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	out := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		out[strings.TrimSuffix(name, filepath.Ext(name))] = data
	}
	return out
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
