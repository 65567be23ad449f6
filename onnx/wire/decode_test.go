package wire

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared returns the folder of shared test data, or skips the test.
func shared(t testing.TB) string {
	dir := os.Getenv("CAMEO_SHARED")
	if dir == "" {
		root, err := filepath.Abs(".")
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if up := filepath.Dir(root); up == root {
				t.Fatal("no go.mod above the test")
			} else {
				root = up
			}
		}
		dir = filepath.Join(root, "..", "shared")
	}
	dir, err := filepath.EvalSymlinks(dir) // WalkDir does not follow a link
	if err != nil {
		t.Skip("no shared test data: set CAMEO_SHARED")
	}
	return dir
}

// eachFile calls f with every file under the shared folder whose name ends in ext.
func eachFile(t *testing.T, ext string, f func(path string, data []byte)) {
	n := 0
	err := filepath.WalkDir(shared(t), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ext) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		f(path, data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files", n)
}

func TestDecodeEveryModel(t *testing.T) {
	eachFile(t, ".onnx", func(path string, data []byte) {
		m, err := DecodeModel(data, Budget{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if m.Graph == nil || len(m.Graph.Outputs) == 0 && len(m.Graph.Nodes) > 0 {
			t.Errorf("%s: no graph, or none with outputs", path)
		}
	})
}
